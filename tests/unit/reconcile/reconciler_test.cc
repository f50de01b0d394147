#include "reconcile/reconciler.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "plan/objects.h"
#include "reconcile/progress.h"
#include "unit/runtime/fake_api.h"
#include "unit/runtime/manual_clock.h"

namespace kp::reconcile {
namespace {

using namespace std::chrono_literals;
using kp::test::eventually;
using kube::Json;

const kube::Name orders{"shop", "orders"};

const Json resource = Json::parse(R"({
    "apiVersion": "kafkaproxy.dev/v1alpha1", "kind": "KafkaProxy",
    "metadata": {"name": "orders", "namespace": "shop", "uid": "u1", "generation": 1, "resourceVersion": "1"},
    "spec": {"upstream": {"bootstrapServers": ["kafka-0:9092"], "securityProtocol": "PLAINTEXT"},
             "downstream": {"securityProtocol": "PLAINTEXT"}, "routing": {"portOffset": {"base": 9092}}}})");

const Json pod = Json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"namespace": "shop", "name": "a", "uid": "uid-a", "resourceVersion": "1",
                 "labels": {"app.kubernetes.io/name": "kafkaproxy", "app.kubernetes.io/instance": "orders"},
                 "ownerReferences": [{"kind": "ReplicaSet", "name": "orders-5d4f", "controller": true}]},
    "status": {"phase": "Running", "podIP": "a"}})");

/// One KafkaProxy with one pod, which refuses `refused`.
struct World {
  World() {
    for (const kube::Kind& kind : {kube::kafka_proxy, kube::secret, kube::config_map, kube::deployment, kube::service,
                                   kube::disruption_budget, kube::network_policy, kube::service_monitor})
      caches[kind.plural] = &store[kind.plural];
    for (runtime::Controller* const each : fleet.controllers())
      threads.emplace_back([each](const std::stop_token& stop) { each->run(stop); });
    put(resource);
    (void)api.create(pod);
    pods.put(std::make_shared<const Json>(pod));
  }

  void put(const Json& object) { caches.at(kube::kind_of(object)->plural)->put(std::make_shared<const Json>(object)); }
  Result<std::string> answer(const std::string& path) {
    const std::lock_guard lock(mutex);
    if (path == "/config" && !unfit.is_null()) return Json{{"generation", "1-a"}, {"unfit_topics", unfit}}.dump();
    const Json error{{"generation", refused}, {"errors", {"no such file"}}};
    return path == "/config" ? Json{{"generation", "1-before"}, {"hash", "h"}, {"last_reload_error", error}}.dump()
                             : std::string("[]");
  }
  bool reconcile() {
    const Result<runtime::Next> done = reconciler.reconcile(orders);
    EXPECT_TRUE(done) << done.error().message;
    return bool(done);
  }
  Json status() { return (*api.get(kube::kafka_proxy, orders))["status"]; }
  /// The pod was asked from the start on: what it said before the test changed it may be the last that was heard.
  bool hears(const std::function<bool(const PodReport&)>& awaited) {
    return eventually([&] {
      clock.advance(200ms);
      const std::vector<PodView> known = fleet.of(orders);
      return !known.empty() && known[0].report && awaited(*known[0].report);
    });
  }

  runtime::test::ManualClock clock;
  runtime::test::FakeApi api;
  std::map<std::string_view, runtime::Cache> store;
  Caches caches;
  runtime::Cache pods;
  std::mutex mutex;
  std::string refused = "none";  ///< under mutex
  Json unfit;                    ///< the same; null: the pod says nothing of topics
  Applier applier{api, caches, clock};
  Fleet fleet{pods,
              clock,
              [this](const std::string&, const std::string& path) { return answer(path); },
              [](const kube::Name&) {},
              {}};
  Claims claims;
  runtime::EventRecorder events{api, clock, {.instance = "operator-1"}};
  Reconciler reconciler{{api, caches, applier, fleet, claims, events, clock, {.image = "kafkaproxy:test"}}};
  std::vector<std::jthread> threads;
};

TEST(Reconciler, WritesANewRefusalIntoTheStatusOnce) {
  // Given what a pod refuses
  World world;
  ASSERT_TRUE(world.reconcile());
  const std::string generation = world.status()["generation"];
  {
    const std::lock_guard lock(world.mutex);
    world.refused = generation;
  }
  ASSERT_TRUE(world.hears([&](const PodReport& report) { return report.refused_generation == generation; }));
  ASSERT_TRUE(world.reconcile());
  ASSERT_FALSE(world.status().contains("refused"));
  world.clock.advance(refusal_counts_after);
  const int before = world.api.calls("apply");
  // When
  ASSERT_TRUE(world.reconcile());
  // Then
  EXPECT_EQ(world.status()["refused"]["pod"], "a");
  EXPECT_EQ(world.api.calls("apply"), before + 1);
}

const Json* condition(const Json& status, const std::string& type) {
  for (const Json& each : status["conditions"])
    if (each["type"] == type) return &each;
  return nullptr;
}

TEST(Reconciler, SaysWhichTopicsDoNotFitWhileThereIsAMapping) {
  // Given
  World world;
  Json virtual_one = resource;
  virtual_one["spec"]["partitionMapping"] = {
      {"virtualPartitions", 20}, {"physicalPartitions", 2}, {"topics", Json::array({Json{{"name", "orders"}}})}};
  virtual_one["metadata"]["resourceVersion"] = "2";
  world.put(virtual_one);
  {
    const std::lock_guard lock(world.mutex);
    world.unfit = Json::array({Json{{"topic", "orders"}, {"partitions", 3}, {"physical_partitions", 2}}});
  }
  ASSERT_TRUE(world.hears([](const PodReport& report) { return !report.unfit_topics.empty(); }));
  // When
  ASSERT_TRUE(world.reconcile());
  // Then
  const Json status = world.status();
  const Json* const said = condition(status, "TopicsFit");
  ASSERT_NE(said, nullptr);
  EXPECT_EQ((*said)["status"], "False");
  EXPECT_EQ((*said)["reason"], "TopicsDiffer");
  EXPECT_TRUE((*said)["message"].get<std::string>().starts_with("orders has 3 partitions, not 2; "));

  // When
  Json plain = resource;
  plain["metadata"]["resourceVersion"] = "3";
  world.put(plain);
  ASSERT_TRUE(world.reconcile());
  // Then
  EXPECT_EQ(condition(world.status(), "TopicsFit"), nullptr);
}

}  // namespace
}  // namespace kp::reconcile
