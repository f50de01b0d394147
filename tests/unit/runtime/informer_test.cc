#include "runtime/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "unit/runtime/fake_api.h"
#include "unit/runtime/manual_clock.h"

namespace kp::runtime {
namespace {

using namespace std::chrono_literals;
using kp::test::eventually;
using kube::Json;
using test::FakeApi;
using test::ManualClock;
using testing::ElementsAre;
using Why = kube::WatchEnd::Why;

struct World {
  explicit World(Informer::Options options = {.kind = kube::config_map, .scope = {.space = "shop"}})
      : informer(api, clock, cache, std::move(options)) {
    cache.add_index("value",
                    [](const Json& object) { return std::vector<std::string>{object["data"].value("value", "")}; });
    const auto say = [this](std::string what) {
      const std::lock_guard lock(mutex);
      heard.push_back(std::move(what));
    };
    const auto value = [](const Object& object) { return (*object)["data"].value("value", ""); };
    cache.add_handlers(
        {.added = [=](const Object& now) { say("added " + kube::name_of(*now).name); },
         .updated = [=](const Object& was, const Object& now) { say("updated " + value(was) + " to " + value(now)); },
         .removed = [=](const Object& was) { say("removed " + kube::name_of(*was).name); }});
  }

  void start() {
    thread = std::jthread([this](const std::stop_token& stop) { informer.run(stop); });
  }
  void start_and_sync() {
    start();
    ASSERT_TRUE(informer.wait_synced({}));
    ASSERT_TRUE(api.wait_for_watches(1));
  }
  std::string value(const std::string& name) const {
    const Object found = cache.find({"shop", name});
    return found ? (*found)["data"].value("value", "") : "";
  }
  std::vector<std::string> what_was_heard() {
    const std::lock_guard lock(mutex);
    return heard;
  }

  FakeApi api;
  ManualClock clock;
  Cache cache;
  std::mutex mutex;  ///< of heard
  std::vector<std::string> heard;
  Informer informer;
  std::jthread thread;
};

TEST(Informer, HasWhatWasThereBefore) {
  World world;
  (void)world.api.create(test::config_map("a"));

  world.start_and_sync();

  EXPECT_EQ(world.value("a"), "1");
}

TEST(Informer, IsNotSyncedBeforeTheFirstList) {
  World world;

  EXPECT_FALSE(world.informer.synced());
}

TEST(Informer, FollowsWhatChanges) {
  World world;
  (void)world.api.create(test::config_map("a", "1"));
  world.start_and_sync();

  (void)world.api.apply(test::config_map("a", "2"));
  (void)world.api.create(test::config_map("b"));
  (void)world.api.remove(kube::config_map, {"shop", "a"}, "");

  ASSERT_TRUE(eventually([&] { return world.what_was_heard().size() >= 4; }));
  EXPECT_THAT(world.what_was_heard(), ElementsAre("added a", "updated 1 to 2", "added b", "removed a"));
}

TEST(Informer, KeepsNoManagedFields) {
  World world;
  Json object = test::config_map("a");
  object["metadata"]["managedFields"] = Json::array({1, 2});
  (void)world.api.create(object);

  world.start_and_sync();

  EXPECT_FALSE((*world.cache.find({"shop", "a"}))["metadata"].contains("managedFields"));
}

TEST(Informer, KeepsOnlyWhatTheTransformLeaves) {
  World world({.kind = kube::config_map, .transform = [](Json& object) { object["data"] = {{"value", "gone"}}; }});
  (void)world.api.create(test::config_map("a"));

  world.start_and_sync();

  EXPECT_EQ(world.value("a"), "gone");
}

TEST(Informer, AfterACutWatchGoesOnWithoutLoss) {
  World world;
  world.start_and_sync();
  world.api.cut_watches({Why::Failed, {Errc::Io, "cut"}});
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  (void)world.api.create(test::config_map("a"));

  world.clock.advance(1min);

  EXPECT_TRUE(eventually([&] { return world.value("a") == "1"; }));
  EXPECT_EQ(world.api.calls("list"), 1);
}

TEST(Informer, AfterALongWatchGoesOnAtOnce) {
  World world;
  world.start_and_sync();
  world.clock.advance(1min);
  world.api.cut_watches({Why::Ended, {}});
  ASSERT_TRUE(eventually([&] { return world.informer.watch_restarts() == 1; }));

  (void)world.api.create(test::config_map("a"));

  EXPECT_TRUE(eventually([&] { return world.value("a") == "1"; }));
}

TEST(Informer, AnExpiredVersionIsListedAnew) {
  World world;
  (void)world.api.create(test::config_map("a"));
  world.start_and_sync();
  world.api.cut_watches({Why::Expired, {Errc::Expired, "too old"}});
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  (void)world.api.remove(kube::config_map, {"shop", "a"}, "");
  (void)world.api.create(test::config_map("b"));
  world.api.forget_history();

  world.clock.advance(1min);

  ASSERT_TRUE(eventually([&] { return world.value("b") == "1"; }));
  EXPECT_TRUE(eventually([&] { return world.cache.find({"shop", "a"}) == nullptr; }));
}

TEST(Informer, WhatAListFindsUnchangedIsNoUpdate) {
  World world;
  (void)world.api.create(test::config_map("a"));
  world.start_and_sync();
  world.api.cut_watches({Why::Expired, {}});
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  world.clock.advance(1min);
  ASSERT_TRUE(eventually([&] { return world.api.calls("list") == 2; }));

  (void)world.api.create(test::config_map("b"));

  ASSERT_TRUE(eventually([&] { return world.value("b") == "1"; }));
  EXPECT_THAT(world.what_was_heard(), ElementsAre("added a", "added b"));
}

TEST(Informer, RepeatsAFirstListThatFails) {
  World world;
  world.api.fail(Error{Errc::Io, "refused"});
  world.start();
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  world.api.fail(std::nullopt);

  world.clock.advance(1min);

  EXPECT_TRUE(world.informer.wait_synced({}));
}

TEST(Informer, SaysWhatTroubleItHas) {
  World world;
  world.api.fail(Error{Errc::Unauthorized, "forbidden"});

  world.start();

  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  EXPECT_EQ(world.informer.trouble(), "list configmaps: forbidden");
}

TEST(Informer, SaysForHowLongItHasHeardNothing) {
  World world;
  world.start_and_sync();
  EXPECT_EQ(world.informer.troubled_for(), 0s);
  world.api.fail(Error{Errc::Io, "refused"});
  world.api.cut_watches({Why::Expired, {}});  // lists from now on
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.clock.wait_for_waiting(1));
    world.clock.advance(1min);
  }

  ASSERT_TRUE(eventually([&] { return world.api.calls("list") == 4; }));
  EXPECT_EQ(world.informer.troubled_for(), 2min);
}

TEST(Informer, WhatIsHeardEndsItsTrouble) {
  World world;
  world.start_and_sync();
  world.api.cut_watches({Why::Failed, {Errc::Io, "cut"}});
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  world.clock.advance(1min);
  EXPECT_EQ(world.informer.troubled_for(), 1min);

  (void)world.api.create(test::config_map("a"));

  EXPECT_TRUE(eventually([&] { return world.informer.troubled_for() == 0s; }));
}

TEST(Informer, AWatchThatLivedLongAndEndedWasHeard) {
  World world;
  world.start_and_sync();
  world.api.cut_watches({Why::Failed, {Errc::Io, "cut"}});
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  world.clock.advance(1min);
  ASSERT_TRUE(world.api.wait_for_watches(1));
  world.clock.advance(1min);

  world.api.cut_watches({Why::Ended, {}});

  EXPECT_TRUE(eventually([&] { return world.informer.troubled_for() == 0s; }));
}

TEST(Informer, ListsOnlyWhenThoseBeforeItAreSynced) {
  World first;
  first.api.fail(Error{Errc::Io, "refused"});
  World second({.kind = kube::config_map, .after = {&first.informer}});
  second.start();
  first.start();
  ASSERT_TRUE(first.clock.wait_for_waiting(1));
  EXPECT_EQ(second.api.calls("list"), 0);
  first.api.fail(std::nullopt);

  first.clock.advance(1min);

  EXPECT_TRUE(second.informer.wait_synced({}));
}

TEST(Informer, WaitingForThoseBeforeItCanBeStopped) {
  const World first;
  World second({.kind = kube::config_map, .after = {&first.informer}});
  std::stop_source stop;
  stop.request_stop();

  second.informer.run(stop.get_token());

  EXPECT_EQ(second.api.calls("list"), 0);
}

TEST(Informer, ARelistOfOneNamespaceLeavesTheOthers) {
  World world;
  Json elsewhere = test::config_map("x");
  elsewhere["metadata"]["namespace"] = "bank";
  world.cache.put(std::make_shared<const Json>(elsewhere));

  world.start_and_sync();

  EXPECT_NE(world.cache.find({"bank", "x"}), nullptr);
}

TEST(Informer, WaitingForTheSyncCanBeStopped) {
  const World world;
  std::stop_source stop;
  stop.request_stop();

  EXPECT_FALSE(world.informer.wait_synced(stop.get_token()));
}

std::vector<std::string> names(const std::vector<Object>& objects) {
  std::vector<std::string> out;
  for (const Object& each : objects) out.push_back(kube::name_of(*each).name);
  return out;
}

TEST(Cache, FindsByIndexWhatHasTheKeyNow) {
  World world;
  (void)world.api.create(test::config_map("a", "x"));
  (void)world.api.create(test::config_map("b", "x"));
  (void)world.api.create(test::config_map("c", "x"));
  world.start_and_sync();
  (void)world.api.apply(test::config_map("b", "y"));
  (void)world.api.remove(kube::config_map, {"shop", "c"}, "");
  ASSERT_TRUE(eventually([&] { return world.what_was_heard().size() == 5; }));

  EXPECT_THAT(names(world.cache.with("value", "x")), ElementsAre("a"));
  EXPECT_THAT(names(world.cache.with("value", "y")), ElementsAre("b"));
}

TEST(Cache, OnlyWhatWasSeenIsExchanged) {
  World world;
  const auto version = [](const char* number, const char* value) {
    Json object = test::config_map("a", value);
    object["metadata"]["resourceVersion"] = number;
    return std::make_shared<const Json>(object);
  };
  const Object first = version("1", "first");
  world.cache.put(first);
  world.cache.put(version("2", "second"));

  EXPECT_FALSE(world.cache.exchange(first, version("1", "other")));
  EXPECT_EQ(world.value("a"), "second");
  EXPECT_TRUE(world.cache.exchange(world.cache.find({"shop", "a"}), version("2", "other")));
  EXPECT_THAT(names(world.cache.with("value", "other")), ElementsAre("a"));
  EXPECT_THAT(world.what_was_heard(), ElementsAre("added a", "updated first to second"));
}

TEST(Cache, AnExchangeForANewerVersionIsNews) {
  World world;
  (void)world.api.create(test::config_map("a", "1"));
  world.start_and_sync();
  Json newer = test::config_map("a", "2");
  newer["metadata"]["resourceVersion"] = "99";

  EXPECT_TRUE(world.cache.exchange(world.cache.find({"shop", "a"}), std::make_shared<const Json>(newer)));

  EXPECT_THAT(world.what_was_heard(), ElementsAre("added a", "updated 1 to 2"));
}

TEST(Cache, WhatAReaderHoldsDoesNotChange) {
  World world;
  (void)world.api.create(test::config_map("a", "1"));
  world.start_and_sync();
  const Object held = world.cache.find({"shop", "a"});

  (void)world.api.apply(test::config_map("a", "2"));

  ASSERT_TRUE(eventually([&] { return world.value("a") == "2"; }));
  EXPECT_EQ((*held)["data"]["value"], "1");
}

}  // namespace
}  // namespace kp::runtime
