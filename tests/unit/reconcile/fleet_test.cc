#include "reconcile/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <set>
#include <thread>

#include "unit/runtime/manual_clock.h"

namespace kp::reconcile {
namespace {

using namespace std::chrono_literals;
using kp::test::eventually;
using kube::Json;
using runtime::test::ManualClock;
using testing::ElementsAre;
using testing::SizeIs;

/// One that runs, and that a Deployment made for `proxy`.
Json pod(const std::string& name, const std::string& proxy = "orders") {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata",
           {{"namespace", "shop"},
            {"name", name},
            {"uid", "uid-" + name},
            {"resourceVersion", "1"},
            {"labels", {{"app.kubernetes.io/name", "kafkaproxy"}, {"app.kubernetes.io/instance", proxy}}},
            {"ownerReferences", {{{"kind", "ReplicaSet"}, {"name", proxy + "-5d4f"}, {"controller", true}}}}}},
          {"status", {{"phase", "Running"}, {"podIP", name}}}};
}

/// A fleet whose pods answer, fail, or stay silent to the end, by their addresses, which are their names.
struct World {
  explicit World(Fleet::Pace pace = {})
      : fleet(
            pods, clock, [this](const std::string& address, const std::string& path) { return answer(address, path); },
            [](const kube::Name&) {}, pace) {
    for (runtime::Controller* const each : fleet.controllers())
      threads.emplace_back([each](const std::stop_token& stop) { each->run(stop); });
  }
  ~World() {
    const std::lock_guard lock(mutex);
    silent.clear();
    ended = true;
    changed.notify_all();
  }

  Result<std::string> answer(const std::string& address, const std::string& path) {
    std::unique_lock lock(mutex);
    if (path == "/config") {
      asked[address].push_back(std::chrono::duration_cast<std::chrono::milliseconds>(clock.now().time_since_epoch()));
      changed.notify_all();
    }
    changed.wait(lock, [&] { return !silent.contains(address) || ended; });
    if (failing.contains(address)) return Error{Errc::Timeout, "no answer in time"};
    return std::string(path == "/config" ? R"({"generation":"1-a","hash":"h"})" : "[]");
  }
  void put(const Json& object) { pods.put(std::make_shared<const Json>(object)); }
  std::size_t times_asked(const std::string& name) {
    const std::lock_guard lock(mutex);
    return asked[name].size();
  }
  bool has_answered(const std::string& name, const std::string& proxy = "orders") {
    return eventually([&] {
      const auto views = fleet.of({"shop", proxy});
      return std::ranges::any_of(views, [&](const PodView& view) { return view.name == name && view.report; });
    });
  }

  ManualClock clock;
  runtime::Cache pods;
  std::mutex mutex;  ///< of all up to asked
  std::condition_variable changed;
  std::set<std::string> silent;
  std::set<std::string> failing;
  bool ended = false;
  std::map<std::string, std::vector<std::chrono::milliseconds>> asked;
  Fleet fleet;
  std::vector<std::jthread> threads;
};

TEST(Fleet, AsksAPodThatRuns) {
  World world;

  world.put(pod("a"));

  EXPECT_TRUE(world.has_answered("a"));
}

TEST(Fleet, PodsThatNeverAnswerDoNotDelayThoseThatDo) {
  World world;
  world.put(pod("good"));
  ASSERT_TRUE(world.has_answered("good"));
  for (int i = 0; i < 60; ++i) {
    const std::string name = "silent-" + std::to_string(i);
    {
      const std::lock_guard lock(world.mutex);
      world.silent.insert(name);
    }
    world.put(pod(name, "other-" + std::to_string(i)));
  }

  const std::size_t before = world.times_asked("good");
  world.fleet.expect({"shop", "orders"}, "2-b");

  EXPECT_TRUE(eventually([&] { return world.times_asked("good") > before; }));
}

TEST(Fleet, PodsOfOneProxyThatNeverAnswerDoNotDelayTheFirstAnswerOfAnothers) {
  World world;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "silent-" + std::to_string(i);
    {
      const std::lock_guard lock(world.mutex);
      world.silent.insert(name);
    }
    world.put(pod(name, "other"));
  }

  world.put(pod("good"));

  EXPECT_TRUE(world.has_answered("good"));
}

struct Stepped : World {
  Stepped() : World({.askers = 1}) { failing.insert("a"); }
  /// Half a second at a time, and each time until everybody waits again.
  void pass(std::chrono::milliseconds span) {
    for (; span > 0ms; span -= 500ms) {
      clock.advance(500ms);
      ASSERT_TRUE(clock.wait_for_waiting(1));
    }
  }
  std::vector<std::chrono::seconds> pauses() {
    const std::lock_guard lock(mutex);
    std::vector<std::chrono::seconds> out;
    for (std::size_t i = 1; i < asked["a"].size(); ++i)
      out.push_back(std::chrono::duration_cast<std::chrono::seconds>(asked["a"][i] - asked["a"][i - 1]));
    return out;
  }
};

TEST(Fleet, APodThatDoesNotAnswerIsAskedLessAndLess) {
  Stepped world;
  world.put(pod("a"));
  ASSERT_TRUE(world.clock.wait_for_waiting(1));

  world.pass(95s);

  EXPECT_THAT(world.pauses(), ElementsAre(1s, 2s, 4s, 8s, 16s, 30s, 30s));
}

TEST(Fleet, ASilentPodThatChangesIsAskedAtOnceAndOftenAgain) {
  Stepped world;
  world.put(pod("a"));
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  world.pass(31s);
  ASSERT_THAT(world.pauses(), SizeIs(5));
  Json ready = pod("a");
  ready["metadata"]["resourceVersion"] = "2";

  world.put(ready);

  ASSERT_TRUE(eventually([&] { return world.times_asked("a") == 7; }));
  world.pass(1s);
  EXPECT_TRUE(eventually([&] { return world.times_asked("a") == 8; }));
}

TEST(Fleet, APodThatDoesNotRunIsNotAsked) {
  World world;
  Json pending = pod("pending");
  pending["status"]["phase"] = "Pending";

  world.put(pending);
  world.put(pod("next"));

  ASSERT_TRUE(world.has_answered("next"));
  EXPECT_EQ(world.times_asked("pending"), 0U);
}

TEST(Fleet, APodOfNobodysIsNotAsked) {
  World world;
  Json bare = pod("bare");
  bare["metadata"].erase("ownerReferences");

  world.put(bare);
  world.put(pod("next"));

  ASSERT_TRUE(world.has_answered("next"));
  EXPECT_EQ(world.times_asked("bare"), 0U);
  EXPECT_THAT(world.fleet.of({"shop", "orders"}), SizeIs(1));
}

TEST(Fleet, APodIsOfItsProxyByLabelsAndReplicaSet) { EXPECT_EQ(proxy_of(pod("a")), (kube::Name{"shop", "orders"})); }

TEST(Fleet, ALabelAloneMakesNoPodOfAProxy) {
  Json bare = pod("a");
  bare["metadata"].erase("ownerReferences");
  Json other_kind = pod("a");
  other_kind["metadata"]["ownerReferences"][0]["kind"] = "Job";
  Json other_name = pod("a");
  other_name["metadata"]["ownerReferences"][0]["name"] = "orders2-5d4f";
  Json no_controller = pod("a");
  no_controller["metadata"]["ownerReferences"][0]["controller"] = false;

  for (const Json& each : {bare, other_kind, other_name, no_controller})
    EXPECT_EQ(proxy_of(each), kube::Name{}) << each;
}

}  // namespace
}  // namespace kp::reconcile
