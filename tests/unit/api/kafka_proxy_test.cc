#include "api/kafka_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::api {
namespace {

using kube::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json good() {
  return Json::parse(R"({
    "apiVersion": "kafkaproxy.dev/v1alpha1", "kind": "KafkaProxy",
    "metadata": {"name": "orders", "namespace": "shop", "uid": "u1", "generation": 4,
                 "creationTimestamp": "2026-11-01T08:00:00Z"},
    "spec": {
      "upstream": {"bootstrapServers": ["kafka-0:9092"], "securityProtocol": "PLAINTEXT"},
      "downstream": {"securityProtocol": "SSL", "tls": {"selfSigned": {}}},
      "routing": {"sni": {"port": 9092, "upstream": ".*", "downstream": "b<$id>.example.com"}}
    }})");
}

/// The errors of good() with `patch` (RFC 7396) over it, as "path message".
std::vector<std::string> errors_with(const char* patch) {
  Json object = good();
  object.merge_patch(Json::parse(patch));
  std::vector<std::string> out;
  for (const Problem& problem : parse(object).errors) out.push_back(problem.path + " " + problem.message);
  return out;
}

TEST(ParseKafkaProxy, FillsInDefaults) {
  const Parsed parsed = parse(good());
  ASSERT_THAT(parsed.errors, IsEmpty());
  EXPECT_EQ(parsed.proxy.spec.replicas, 2);
  EXPECT_EQ(std::get<SniRouting>(parsed.proxy.spec.routing).advertised_port, 9092);
  EXPECT_EQ(parsed.proxy.spec.limits, config::Limits{});
}

TEST(ParseKafkaProxy, KeepsWhatTheApiServerSaysOfIt) {
  const KafkaProxy proxy = parse(good()).proxy;
  EXPECT_EQ(to_string(proxy.name), "shop/orders");
  EXPECT_EQ(proxy.generation, 4);
  EXPECT_EQ(proxy.uid, "u1");
}

TEST(ParseKafkaProxy, ReportsEveryErrorNotOnlyTheFirst) {
  EXPECT_EQ(errors_with(R"({"spec": {"replicas": -1, "upstream": {"bootstrapServers": ["kafka"]},
                                     "logging": {"level": "loud"}}})")
                .size(),
            3U);
}

TEST(ParseKafkaProxy, RefusesTwoRoutingModes) {
  EXPECT_THAT(errors_with(R"({"spec": {"routing": {"portOffset": {"base": 9092}}}})"),
              ElementsAre("spec.routing must have exactly one of sni and portOffset"));
}

TEST(ParseKafkaProxy, RefusesSniWithoutTls) {
  EXPECT_THAT(errors_with(R"({"spec": {"downstream": {"securityProtocol": "PLAINTEXT", "tls": null}}})"),
              ElementsAre(HasSubstr("spec.routing.sni needs TLS on the clients' side")));
}

TEST(ParseKafkaProxy, RefusesPortsBeyondTheLast) {
  EXPECT_THAT(errors_with(R"({"spec": {"routing": {"sni": null, "portOffset": {"base": 65000, "maxBrokerId": 600}}}})"),
              ElementsAre(HasSubstr("maxBrokerId broker 600 would need port 65620")));
}

TEST(ParseKafkaProxy, RefusesPortsAmongWhichIsTheAdminPort) {
  EXPECT_THAT(errors_with(R"({"spec": {"routing": {"sni": null, "portOffset": {"base": 9092, "maxBrokerId": 400}}}})"),
              ElementsAre(HasSubstr("9404")));
}

TEST(ParseKafkaProxy, RefusesASwapWithoutALogin) {
  EXPECT_THAT(errors_with(R"({"spec": {"authSwap": {"mapping": {"a": "b"}}}})"),
              ElementsAre(HasSubstr("swaps nothing")));
}

TEST(ParseKafkaProxy, RefusesASwapThatLacksTheUpstreamLogin) {
  EXPECT_THAT(errors_with(R"({"spec": {"upstream": {"securityProtocol": "SASL_PLAINTEXT"},
                                       "authSwap": {"mapping": {"$anonymous": "svc"}}}})"),
              ElementsAre(HasSubstr("that needs upstream.saslMechanism")));
}

TEST(ParseKafkaProxy, RefusesTlsWithoutACertificate) {
  EXPECT_THAT(errors_with(R"({"spec": {"downstream": {"tls": {"selfSigned": null}}}})"),
              ElementsAre(HasSubstr("TLS needs a certificate")));
}

TEST(ParseKafkaProxy, RefusesMtlsWithoutWhoSigns) {
  EXPECT_THAT(errors_with(R"({"spec": {"downstream": {"tls": {"mtls": true}}}})"),
              ElementsAre(HasSubstr("needs clientCaSecretRef")));
}

TEST(ParseKafkaProxy, RefusesADrainThatPodsHaveNoTimeFor) {
  EXPECT_THAT(errors_with(R"({"spec": {"limits": {"drainTimeout": "11m"}}})"), ElementsAre(HasSubstr("at most 10m")));
}

TEST(ParseKafkaProxy, RefusesANameThatNoServiceCanHave) {
  EXPECT_THAT(errors_with(R"({"metadata": {"name": "0rders"}})"), ElementsAre(HasSubstr("metadata.name")));
}

TEST(ParseKafkaProxy, RefusesAPodTemplateOfAnotherShape) {
  EXPECT_THAT(errors_with(R"({"spec": {"podTemplate": {"spec": {"containers": {"name": "x"}}}}})"),
              ElementsAre("spec.podTemplate.spec.containers must be a list"));
}

TEST(ParseKafkaProxy, SaysWhatKindOfValueItWants) {
  EXPECT_THAT(errors_with(R"({"spec": {"replicas": "3"}})"),
              ElementsAre("spec.replicas must be a whole number, not string"));
}

TEST(ParseKafkaProxy, TakesUnknownKeysForANewerCrd) {
  Json object = good();
  object["spec"]["routing"]["sni"]["colour"] = "blue";
  const Parsed parsed = parse(object);
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_THAT(parsed.unknown, ElementsAre("spec.routing.sni.colour"));
}

TEST(ParseKafkaProxy, TakesAnythingForInputWithoutThrowing) {
  for (const char* const text : {"null", "3", "[]", "{}", R"({"spec": []})", R"({"metadata": 1, "spec": {}})",
                                 R"({"spec": {"upstream": [], "downstream": "x", "routing": {"sni": 1}}})"})
    EXPECT_FALSE(parse(Json::parse(text)).errors.empty()) << text;
}

TEST(ReferencedSecrets, AreThoseOfEverySection) {
  Json object = good();
  object["spec"]["upstream"] = Json::parse(R"({"bootstrapServers": ["kafka-0:9092"], "securityProtocol": "SASL_SSL",
      "saslMechanism": "PLAIN", "tls": {"caSecretRef": {"name": "a"}, "clientCertSecretRef": {"name": "b"}}})");
  object["spec"]["downstream"]["tls"] = Json::parse(R"({"certSecretRef": {"name": "c"}, "mtls": true,
      "clientCaSecretRef": {"name": "d"}, "crlSecretRef": {"name": "e"}})");
  object["spec"]["authSwap"] = Json::parse(R"({"downstreamCredentialsSecretRef": {"name": "f"},
      "upstreamCredentialsSecretRef": {"name": "g"}, "mapping": {"*": "svc"}})");
  EXPECT_THAT(referenced_secrets(parse(object).proxy.spec), ElementsAre("a", "b", "c", "d", "e", "f", "g"));
}

}  // namespace
}  // namespace kp::api
