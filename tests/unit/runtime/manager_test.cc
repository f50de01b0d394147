#include "runtime/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "net/http_get.h"
#include "unit/runtime/fake_api.h"
#include "unit/runtime/manual_clock.h"

namespace kp::runtime {
namespace {

using namespace std::chrono_literals;
using kp::test::eventually;
using test::FakeApi;
using test::ManualClock;
using testing::HasSubstr;

struct World {
  explicit World(
      bool election = false, Reconcile reconcile = [](const kube::Name&) -> Result<Next> { return Next{}; })
      : controller("kafkaproxy", queue, std::move(reconcile)),
        manager(api, leases, requests, clock, options(election)) {
    manager.add(informer);
    manager.add(controller);
    manager.use(events);
    cache.add_handlers({.added = [this](const Object& now) { queue.add(kube::name_of(*now)); }});
  }

  static Manager::Options options(bool election) {
    Manager::Options out{.admin = {"127.0.0.1", 0}};
    if (election) out.leader = LeaderElector::Options{.lease = {"kafkaproxy", "operator"}, .identity = "one"};
    return out;
  }
  void start() {
    thread = std::jthread([this](const std::stop_token& stop) { ended.set_value(manager.run(stop)); });
    ASSERT_TRUE(eventually([&] { return manager.admin_address().has_value(); }));
  }
  Result<std::string> page(const std::string& path) const {
    return net::http_get(*manager.admin_address(), path, 1u << 20);
  }

  FakeApi api;
  FakeApi leases;
  kube::RequestCounters requests;
  ManualClock clock;
  Cache cache;
  Informer informer{api, clock, cache, {.kind = kube::config_map}};
  WorkQueue queue{clock};
  Controller controller;
  EventRecorder events{api, clock, {.instance = "operator-1"}};
  Manager manager;
  std::promise<Status> ended;
  std::jthread thread;
};

TEST(Manager, ReconcilesWhatIsThereAtTheStart) {
  World world;
  (void)world.api.create(test::config_map("a"));

  world.start();

  EXPECT_TRUE(eventually([&] { return world.controller.stats().results.at("success") == 1; }));
}

TEST(Manager, IsNotReadyBeforeItsCachesAre) {
  World world;
  world.api.fail(Error{Errc::Unauthorized, "forbidden"});

  world.start();

  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  EXPECT_FALSE(world.page("/readyz"));
  EXPECT_FALSE(world.manager.leading());
}

TEST(Manager, IsReadyWhenItsCachesAre) {
  World world;

  world.start();

  EXPECT_TRUE(eventually([&] { return world.page("/readyz").has_value(); }));
}

TEST(Manager, IsNotReadyWhenItHasHeardNothingForLong) {
  World world;
  world.start();
  ASSERT_TRUE(eventually([&] { return world.page("/readyz").has_value(); }));
  ASSERT_TRUE(world.api.wait_for_watches(1));
  world.api.fail(Error{Errc::Unauthorized, "configmaps is forbidden"});
  world.api.cut_watches({kube::WatchEnd::Why::Expired, {}});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(eventually([&] { return world.api.calls("list") == 1 + i; }));
    ASSERT_TRUE(world.clock.wait_for_waiting(1));
    world.clock.advance(1min);
  }
  ASSERT_TRUE(eventually([&] { return world.api.calls("list") == 3; }));
  EXPECT_TRUE(world.page("/readyz"));  // a minute is nothing

  world.clock.advance(61s);

  EXPECT_FALSE(world.page("/readyz"));
  EXPECT_THAT(*world.page("/metrics"),
              HasSubstr("kafka_proxy_operator_watch_troubled_seconds{resource=\"configmaps\"} 121\n"));
  world.api.fail(std::nullopt);
  world.clock.advance(1min);
  EXPECT_TRUE(eventually([&] { return world.page("/readyz").has_value(); }));
}

TEST(Manager, WhoWaitsForTheLeaseDoesNotActButIsReady) {
  World world(true);
  (void)world.leases.create({{"apiVersion", "coordination.k8s.io/v1"},
                             {"kind", "Lease"},
                             {"metadata", {{"namespace", "kafkaproxy"}, {"name", "operator"}}},
                             {"spec", {{"holderIdentity", "other"}, {"renewTime", "1"}}}});
  (void)world.api.create(test::config_map("a"));

  world.start();

  ASSERT_TRUE(eventually([&] { return world.page("/readyz").has_value(); }));
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  EXPECT_EQ(world.queue.depth(), 1U);
}

TEST(Manager, ShowsItsMetrics) {
  World world;
  world.requests.count("get", "404");
  world.start();
  ASSERT_TRUE(eventually([&] { return world.manager.leading(); }));

  const auto metrics = world.page("/metrics");

  ASSERT_TRUE(metrics) << metrics.error().message;
  for (const char* line :
       {"kafka_proxy_operator_leader 1\n",
        "kafka_proxy_operator_reconciles_total{controller=\"kafkaproxy\",result=\"error\"} 0\n",
        "kafka_proxy_operator_reconcile_duration_seconds_bucket{controller=\"kafkaproxy\",le=\"+Inf\"} 0\n",
        "kafka_proxy_operator_queue_depth{controller=\"kafkaproxy\"} 0\n",
        "kafka_proxy_operator_api_requests_total{verb=\"get\",code=\"404\"} 1\n",
        "kafka_proxy_operator_watch_restarts_total{resource=\"configmaps\"} 0\n",
        "kafka_proxy_operator_watch_troubled_seconds{resource=\"configmaps\"} 0\n"})
    EXPECT_THAT(*metrics, HasSubstr(line));
}

TEST(Manager, AStopEndsItInOrder) {
  World world(true);
  world.start();
  ASSERT_TRUE(eventually([&] { return world.manager.leading(); }));

  world.thread.request_stop();

  EXPECT_TRUE(world.ended.get_future().get());
  EXPECT_FALSE((*world.leases.get(kube::lease, {"kafkaproxy", "operator"}))["spec"].contains("holderIdentity"));
}

TEST(Manager, ALostLeaseEndsItWithAnErrorAndCutsRequestsOff) {
  World world(true);
  world.start();
  ASSERT_TRUE(eventually([&] { return world.manager.leading(); }));
  world.leases.fail(Error{Errc::Io, "cut off"});
  ASSERT_TRUE(world.clock.wait_for_waiting(2));

  world.clock.advance(10s);

  EXPECT_FALSE(world.ended.get_future().get());
  EXPECT_TRUE(world.api.is_shut_down());
}

TEST(Manager, AnEndThatTakesTooLongIsCutOff) {
  std::promise<void> begun;
  FakeApi* api = nullptr;
  World world(false, [&](const kube::Name&) -> Result<Next> {
    begun.set_value();
    EXPECT_TRUE(eventually([&] { return api->is_shut_down(); }));  // a request that gets no answer
    return Next{};
  });
  api = &world.api;
  (void)world.api.create(test::config_map("a"));
  world.start();
  begun.get_future().wait();
  world.thread.request_stop();
  ASSERT_TRUE(world.clock.wait_for_waiting(1));

  world.clock.advance(20s);

  EXPECT_TRUE(world.ended.get_future().get());
}

TEST(Manager, ATakenAdminPortIsAConflict) {
  const kp::test::ListeningSocket taken;
  World world;
  Manager manager(world.api, world.leases, world.requests, world.clock, {.admin = taken.address()});

  const Status ended = manager.run({});

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::Conflict);
}

}  // namespace
}  // namespace kp::runtime
