#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/emit.h"
#include "config/parse.h"
#include "plan/names.h"
#include "plan/self_signed.h"
#include "support.h"

namespace kp::plan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const api::Condition& condition(const Plan& plan, std::string_view type) {
  static const api::Condition none;
  const api::Condition* const found = api::find(plan.conditions, type);
  return found == nullptr ? none : *found;
}

std::vector<int> ports_of(const Plan& plan) {
  std::vector<int> out;
  const Json service = find(plan.front, "Service");
  for (const Json& port : service["spec"]["ports"]) out.push_back(port["port"].get<int>());
  return out;
}

std::string pod_template(const Plan& plan) { return find(plan.objects, "Deployment")["spec"]["template"].dump(); }

/// The plan that follows when what was made has been written.
Inputs with_certificate(Inputs inputs) {
  const Plan first = plan(inputs);
  inputs.self_signed = secret_data(find(first.objects, "Secret", "orders-self-signed"));
  return inputs;
}

TEST(APlan, OfEqualInputsIsEqual) {
  const Inputs inputs = with_certificate(inputs_with());
  const Plan first = plan(inputs);
  const Plan second = plan(inputs);
  EXPECT_EQ(first.objects, second.objects);
  EXPECT_EQ(first.content, second.content);
}

TEST(APlan, NamesTheGenerationInTheFirstLineOfTheConfig) {
  const Plan made = plan(inputs_with());
  ASSERT_TRUE(made.content);
  EXPECT_TRUE(made.content->config_yaml.starts_with("# generation: " + made.content->generation + "\n"));
}

TEST(APlan, BeginsTheGenerationWithTheResources) {
  const Plan made = plan(inputs_with());
  ASSERT_TRUE(made.content);
  EXPECT_TRUE(made.content->generation.starts_with("4-")) << made.content->generation;
  EXPECT_EQ(made.content->generation.size(), 2U + 12U);
}

TEST(APlan, HasTheHashThatPodsWillShow) {
  const Plan made = plan(inputs_with());
  ASSERT_TRUE(made.content);
  const auto parsed = config::parse(made.content->config_yaml, [](std::string_view) { return std::nullopt; });
  EXPECT_EQ(made.config_hash, config::hash(parsed.config));
}

Inputs swapping(const char* password) {
  Inputs inputs = port_offset_with(R"({"spec": {
      "upstream": {"securityProtocol": "SASL_PLAINTEXT", "saslMechanism": "PLAIN"},
      "authSwap": {"upstreamCredentialsSecretRef": {"name": "svc"}, "mapping": {"$anonymous": "svc"}}}})");
  inputs.secrets["svc"] = {{"username", "svc"}, {"password", password}};
  return inputs;
}

TEST(APlan, ChangesTheGenerationWithASecret) {
  const Plan one = plan(swapping("one"));
  const Plan two = plan(swapping("two"));
  ASSERT_TRUE(one.content && two.content);
  EXPECT_NE(one.content->generation, two.content->generation);
}

TEST(APlan, PutsNoSecretIntoTheConfig) {
  const Plan made = plan(swapping("very-secret"));
  ASSERT_TRUE(made.content);
  EXPECT_EQ(made.content->config_yaml.find("very-secret"), std::string::npos);
}

TEST(APlan, PutsLoginsIntoAFileOfTheSecret) {
  const Plan made = plan(swapping("very-secret"));
  ASSERT_TRUE(made.content);
  EXPECT_EQ(made.content->files.at("upstream-credentials"), "svc=very-secret\n");
}

TEST(APlan, LeavesThePodTemplateAloneWhenOnlyTheConfigChanges) {
  const Plan before = plan(port_offset_with());
  const Plan after = plan(port_offset_with(R"({"metadata": {"generation": 5}, "spec": {
      "upstream": {"bootstrapServers": ["other:9092"]}, "routing": {"portOffset": {"base": 19092}},
      "limits": {"drainTimeout": "9m"}, "logging": {"level": "debug"}, "service": {"type": "LoadBalancer"}}})"));
  EXPECT_EQ(pod_template(before), pod_template(after));
}

TEST(APlan, ChangesThePodTemplateWithTheImage) {
  EXPECT_NE(pod_template(plan(port_offset_with())),
            pod_template(plan(port_offset_with(R"({"spec": {"image": "x"}})"))));
}

TEST(APlan, OpensThePortsOfTheBrokersThatThereAre) {
  Inputs inputs = port_offset_with();
  inputs.learned.brokers = {{3, "", "kafka-3.internal:9092"}, {0, "", "kafka-0.internal:9092"}};
  EXPECT_THAT(ports_of(plan(inputs)), ElementsAre(9092, 9112, 9115));
}

TEST(APlan, KeepsPortsOpenWhileNoPodAnswers) {
  Inputs inputs = port_offset_with();
  inputs.resource.proxy.status.brokers = {{3, "orders.shop.svc:9115", "kafka-3.internal:9092"}};
  EXPECT_THAT(ports_of(plan(inputs)), ElementsAre(9092, 9115));
}

TEST(APlan, TellsClientsTheAddressOfTheLoadBalancer) {
  Inputs inputs = port_offset_with(R"({"spec": {"service": {"type": "LoadBalancer"}}})");
  inputs.load_balancer = {"198.51.100.7"};
  const Plan made = plan(inputs);
  EXPECT_EQ(made.bootstrap_servers, "198.51.100.7:9092");
  EXPECT_THAT(made.content->config_yaml, HasSubstr("hostname: \"198.51.100.7\""));
}

TEST(APlan, TellsClientsTheServiceWhereNothingElseIsKnown) {
  EXPECT_EQ(plan(port_offset_with()).bootstrap_servers, "orders.shop.svc:9092");
}

TEST(APlan, HasNoDisruptionBudgetForASinglePod) {
  const Plan made = plan(port_offset_with(R"({"spec": {"replicas": 1}})"));
  EXPECT_TRUE(find(made.objects, "PodDisruptionBudget").is_null());
  EXPECT_TRUE(std::ranges::any_of(made.absent, [](const ObjectName& o) { return o.kind == kube::disruption_budget; }));
}

TEST(APlan, OwnsAllThatItMakes) {
  const Plan made = plan(inputs_with(R"({"spec": {"networkPolicy": {}, "serviceMonitor": {}}})"));
  for (const Json& object : made.objects) EXPECT_EQ(object["metadata"]["ownerReferences"][0]["uid"], "u1") << object;
}

TEST(APlan, WithAMissingSecretHasNoContent) {
  Inputs inputs = swapping("x");
  inputs.secrets.clear();
  const Plan made = plan(inputs);
  EXPECT_FALSE(made.content);
  EXPECT_EQ(condition(made, api::condition::resolved_refs).reason, api::reason::secret_not_found);
}

TEST(APlan, WithAMissingSecretNamesItInAnEvent) {
  Inputs inputs = swapping("x");
  inputs.secrets.clear();
  const Plan made = plan(inputs);
  ASSERT_EQ(made.events.size(), 1U);
  EXPECT_EQ(made.events[0].message, "spec.authSwap.upstreamCredentialsSecretRef: there is no Secret svc");
}

TEST(APlan, WithoutContentStartsNoPodsThatWouldWaitForIt) {
  Inputs inputs = swapping("x");
  inputs.secrets.clear();
  EXPECT_THAT(plan(inputs).objects, IsEmpty());
}

TEST(APlan, WithoutContentStillScalesWhatRuns) {
  Inputs inputs = swapping("x");
  inputs.secrets.clear();
  inputs.in_force = true;
  EXPECT_FALSE(find(plan(inputs).objects, "Deployment").is_null());
}

TEST(APlan, SaysEverythingThatIsWrongWithASpec) {
  const Plan made = plan(inputs_with(R"({"spec": {"replicas": -1, "routing": {"sni": {"port": 9404}}}})"));
  EXPECT_EQ(condition(made, api::condition::accepted).reason, api::reason::invalid);
  EXPECT_EQ(made.events.size(), 2U);
}

TEST(APlan, RefusesTheNamesOfAnOlderKafkaProxy) {
  Inputs inputs = inputs_with();
  inputs.others = {{{"shop", "payments"}, "2026-10-01T08:00:00Z", "b*.kafka.example.com", 443, 443}};
  EXPECT_EQ(condition(plan(inputs), api::condition::accepted).reason, api::reason::conflict);
}

TEST(APlan, OfAStrangersNamesOnlyWarnsAndDoesNotTellWhose) {
  Inputs inputs = inputs_with();
  inputs.others = {{{"pay", "payments"}, "2026-10-01T08:00:00Z", "b*.kafka.example.com", 443, 443}};
  const Plan made = plan(inputs);
  EXPECT_EQ(condition(made, api::condition::accepted).status, api::Truth::True);
  ASSERT_FALSE(made.events.empty());
  EXPECT_THAT(made.events.back().message, AllOf(HasSubstr("another namespace"), Not(HasSubstr("payments"))));
}

TEST(APlan, KeepsItsGenerationWhereOnlyTheSpecsNumberIsNew) {
  Inputs inputs = port_offset_with();
  const Plan first = plan(inputs);
  inputs.resource.proxy.status.generation = first.content->generation;
  inputs.resource.proxy.generation += 5;
  inputs.resource.proxy.spec.replicas = 7;
  EXPECT_EQ(plan(inputs).content->generation, first.content->generation);
}

TEST(APlan, MayBeForbiddenWhatWouldMakeOfAPodSomethingElse) {
  for (const char* const spec :
       {R"({"spec": {"image": "evil"}})", R"({"spec": {"podTemplate": {"spec": {"hostNetwork": true}}}})",
        R"({"spec": {"podTemplate": {"spec": {"containers": [{"name": "more"}]}}}})"}) {
    Inputs inputs = port_offset_with(spec);
    inputs.in_force = true;
    inputs.options.restrict_pods = true;
    const Plan made = plan(inputs);
    EXPECT_EQ(condition(made, api::condition::accepted).reason, api::reason::forbidden) << spec;
    EXPECT_TRUE(find(made.objects, "Deployment").is_null()) << spec;
  }
  Inputs inputs = port_offset_with(R"({"spec": {"podTemplate": {"metadata": {"labels": {"team": "x"}},
                                                 "spec": {"nodeSelector": {"disk": "ssd"}, "resources": {}}}}})");
  inputs.options.restrict_pods = true;
  EXPECT_EQ(condition(plan(inputs), api::condition::accepted).status, api::Truth::True);
}

TEST(APlan, KeepsItsNamesAgainstAYoungerKafkaProxy) {
  Inputs inputs = inputs_with();
  inputs.others = {{{"shop", "payments"}, "2026-11-02T08:00:00Z", "b*.kafka.example.com", 443, 443}};
  EXPECT_EQ(condition(plan(inputs), api::condition::accepted).status, api::Truth::True);
}

Inputs with_other_brokers(const char* from) {
  Inputs inputs = inputs_with();
  inputs.learned = {{{0, "b0.kafka.example.com:443", "kafka-0.example.com:9092"}}, from};
  return inputs;
}

TEST(APlan, RefusesAPatternThatWouldHideEveryBroker) {
  EXPECT_EQ(condition(plan(with_other_brokers("kafka-0.internal:9092")), api::condition::accepted).reason,
            api::reason::pattern_matches_no_broker);
}

TEST(APlan, ConcludesNothingFromBrokersOfAnotherCluster) {
  EXPECT_EQ(condition(plan(with_other_brokers("elsewhere:9092")), api::condition::accepted).status, api::Truth::True);
}

TEST(APlan, LooksAgainWhenTheCertificateIsDue) {
  const Plan made = plan(inputs_with());
  // 90 days and the hour before.
  const std::chrono::seconds life = std::chrono::days(self_signed_days) + std::chrono::hours(1);
  EXPECT_EQ(made.look_again, now - std::chrono::hours(1) + life * 2 / 3);
}

TEST(APlan, SaysWhenItMadeACertificate) {
  EXPECT_TRUE(plan(inputs_with()).certificate_made);
  EXPECT_FALSE(plan(with_certificate(inputs_with())).certificate_made);
}

TEST(APlan, GivesClientsTheAuthorityWithoutAnyKey) {
  const Inputs inputs = with_certificate(inputs_with());
  const Json config_map = find(plan(inputs).objects, "ConfigMap", "orders-ca");
  EXPECT_EQ(config_map["data"], (Json{{"ca.crt", inputs.self_signed->at("ca.crt")}}));
  EXPECT_EQ(config_map["metadata"]["ownerReferences"][0]["name"], "orders");
}

TEST(APlan, OfAnotherCertificateHasNoAuthorityToGive) {
  EXPECT_TRUE(find(plan(port_offset_with()).objects, "ConfigMap", "orders-ca").is_null());
}

TEST(APlan, HasNoServiceMonitorWhereTheClusterHasNone) {
  const Plan made = plan(port_offset_with(R"({"spec": {"serviceMonitor": {}}})"));
  EXPECT_TRUE(find(made.objects, "ServiceMonitor").is_null());
  ASSERT_EQ(made.events.size(), 1U);
  EXPECT_EQ(made.events[0].reason, api::reason::no_service_monitors);
}

TEST(Content, IsReadBackFromItsObjects) {
  const Inputs inputs = swapping("x");
  const Plan made = plan(inputs);
  ASSERT_TRUE(made.content);
  const auto objects = last_good_objects(inputs.resource.proxy, *made.content);
  EXPECT_EQ(content_of(find(objects, "ConfigMap", "orders-last-good"), find(objects, "Secret", "orders-last-good")),
            made.content);
}

TEST(Content, IsNoneWithoutAGeneration) {
  EXPECT_FALSE(content_of(Json::parse(R"({"data": {"config.yaml": "upstream: {}\n"}})"), Json::object()));
}

}  // namespace
}  // namespace kp::plan
