#include "reconcile/applier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/runtime/fake_api.h"
#include "unit/runtime/manual_clock.h"

namespace kp::reconcile {
namespace {

using kube::holds;
using kube::Json;
using runtime::Cache;
using runtime::test::FakeApi;
using testing::HasSubstr;

const kube::Name orders{"shop", "orders-config"};

Json owned(const std::string& uid, const std::string& value = "1") {
  Json made = runtime::test::config_map(orders.name, value);
  made["metadata"]["ownerReferences"] = {{{"kind", "KafkaProxy"}, {"uid", uid}, {"controller", true}}};
  return made;
}

struct World {
  FakeApi api;
  Cache config_maps;
  Caches caches{{kube::config_map.plural, &config_maps}};
  runtime::test::ManualClock clock;
  Applier applier{api, caches, clock};

  /// The watch has told what there is now.
  void hear() { config_maps.put(std::make_shared<const Json>(*api.get(kube::config_map, orders))); }
  bool ensure(const Json& wanted) {
    const Result<Applier::Ensured> done = applier.ensure(wanted);
    EXPECT_TRUE(done) << done.error().message;
    return done && done->written;
  }
};

TEST(Applier, WritesWhatIsNotThere) {
  World world;

  EXPECT_TRUE(world.ensure(owned("a")));

  const auto made = world.api.get(kube::config_map, orders);
  ASSERT_TRUE(made);
  EXPECT_TRUE((*made)["metadata"]["annotations"].contains(applied_annotation));
}

TEST(Applier, WritesNothingBeforeItHearsOfItsOwnWriteAndNothingAfter) {
  World world;
  world.ensure(owned("a"));

  EXPECT_FALSE(world.ensure(owned("a")));
  world.hear();
  EXPECT_FALSE(world.ensure(owned("a")));
  EXPECT_EQ(world.api.calls("apply"), 1);
}

TEST(Applier, AfterARestartWhatIsThereNeedNotBeWritten) {
  World world;
  world.ensure(owned("a"));
  world.hear();
  Applier restarted(world.api, world.caches, world.clock);

  const auto done = restarted.ensure(owned("a"));

  ASSERT_TRUE(done);
  EXPECT_FALSE(done->written);
}

TEST(Applier, WritesWhatIsWantedOtherwise) {
  World world;
  world.ensure(owned("a", "1"));
  world.hear();

  EXPECT_TRUE(world.ensure(owned("a", "2")));
}

TEST(Applier, PutsAForeignChangeRight) {
  World world;
  world.ensure(owned("a"));
  world.hear();
  ASSERT_TRUE(world.api.merge_patch(kube::config_map, orders, {{"data", {{"value", "theirs"}}}}));
  world.hear();

  EXPECT_TRUE(world.ensure(owned("a")));
}

TEST(Applier, LeavesWhatOthersAdd) {
  World world;
  world.ensure(owned("a"));
  ASSERT_TRUE(world.api.merge_patch(kube::config_map, orders, {{"metadata", {{"labels", {{"team", "x"}}}}}}));
  world.hear();

  EXPECT_FALSE(world.ensure(owned("a")));
}

TEST(Applier, WritesAgainWhatSomebodyDeleted) {
  World world;
  world.ensure(owned("a"));
  world.hear();
  const Json before = *world.api.get(kube::config_map, orders);
  ASSERT_TRUE(world.api.remove(kube::config_map, orders, ""));
  world.config_maps.remove(orders);
  world.applier.gone(before);

  EXPECT_TRUE(world.ensure(owned("a")));
  EXPECT_TRUE(world.api.get(kube::config_map, orders));
}

TEST(Applier, WritesAgainWhatSomebodyDeletedBeforeItWasHeardOf) {
  World world;
  world.ensure(owned("a"));
  ASSERT_TRUE(world.api.remove(kube::config_map, orders, ""));

  const auto young = world.applier.ensure(owned("a"));
  ASSERT_TRUE(young);
  EXPECT_GT(young->wait.count(), 0);
  world.clock.advance(young->wait);
  EXPECT_TRUE(world.ensure(owned("a")));
}

TEST(Applier, NeverTakesOverWhatIsAnothers) {
  for (const Json& theirs : {owned("b"), runtime::test::config_map(orders.name)}) {
    World world;
    ASSERT_TRUE(world.api.create(theirs));
    world.hear();

    const auto done = world.applier.ensure(owned("a"));

    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::Conflict);
    EXPECT_THAT(done.error().message, HasSubstr("orders-config"));
    EXPECT_EQ(world.api.calls("apply"), 0);
  }
}

TEST(Applier, NeverTakesOverWhatCarriesNoLabelOfOurs) {
  World world;
  ASSERT_TRUE(world.api.create(runtime::test::config_map(orders.name)));  // no cache has it

  const auto done = world.applier.ensure(owned("a"));

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::Conflict);
  EXPECT_EQ(world.api.calls("apply"), 0);
}

TEST(Applier, TakesBackWhatIsOursAndLostItsOwner) {
  World world;
  Json wanted = owned("a");
  wanted["metadata"]["labels"] = {{"app.kubernetes.io/managed-by", "kafkaproxy-operator"}};
  Json orphan = wanted;
  orphan["metadata"].erase("ownerReferences");
  ASSERT_TRUE(world.api.create(orphan));
  world.hear();

  EXPECT_TRUE(world.ensure(wanted));
}

TEST(Applier, PutsRightMoreAndMoreSeldomWhatSomebodyUndoesForEver) {
  World world;
  world.ensure(owned("a"));
  int writes = 0;
  for (int second = 0; second < 60; ++second) {
    world.hear();
    ASSERT_TRUE(
        world.api.merge_patch(kube::config_map, orders, {{"data", {{"value", "theirs " + std::to_string(second)}}}}));
    world.hear();
    const auto done = world.applier.ensure(owned("a"));
    ASSERT_TRUE(done);
    EXPECT_NE(done->written, done->contested);
    writes += done->written ? 1 : 0;
    world.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_GE(writes, 5);
  EXPECT_LE(writes, 12);
}

TEST(Applier, AWriteThatFailedIsMadeAgain) {
  World world;
  world.api.fail(Error{Errc::Io, "no network"});
  EXPECT_FALSE(world.applier.ensure(owned("a")));
  world.api.fail(std::nullopt);

  EXPECT_TRUE(world.ensure(owned("a")));
}

TEST(Applier, RemovesOnlyWhatItsOwnerControls) {
  World world;
  world.ensure(owned("a"));
  world.hear();

  EXPECT_TRUE(world.applier.remove(kube::config_map, orders, "b"));
  EXPECT_TRUE(world.api.get(kube::config_map, orders));
  EXPECT_TRUE(world.applier.remove(kube::config_map, orders, "a"));
  EXPECT_FALSE(world.api.get(kube::config_map, orders));
}

TEST(Holds, WhatTheServerAddsToMapsDoesNotCount) {
  EXPECT_TRUE(holds({{"a", 1}, {"more", 2}}, {{"a", 1}}));
  EXPECT_TRUE(holds({{"a", {{"b", 1}, {"more", 2}}}}, {{"a", {{"b", 1}}}}));
  EXPECT_FALSE(holds({{"a", 2}}, {{"a", 1}}));
  EXPECT_FALSE(holds({{"more", 2}}, {{"a", 1}}));
}

TEST(Holds, ListsAreEqualInLength) {
  EXPECT_TRUE(holds({{"a", {1, 2}}}, {{"a", {1, 2}}}));
  EXPECT_FALSE(holds({{"a", {1, 2, 3}}}, {{"a", {1, 2}}}));
  EXPECT_FALSE(holds({{"a", {1}}}, {{"a", {1, 2}}}));
  EXPECT_TRUE(holds({{"a", {{{"name", "x"}, {"more", 1}}}}}, {{"a", {{{"name", "x"}}}}}));
}

TEST(Holds, WhatIsEmptyNeedNotBeStored) {
  EXPECT_TRUE(holds(Json::object(), {{"a", nullptr}, {"b", Json::array()}, {"c", Json::object()}}));
  EXPECT_FALSE(holds(Json::object(), {{"a", ""}}));
  EXPECT_FALSE(holds(Json::array(), Json::object({{"a", 1}})));
  EXPECT_FALSE(holds("text", Json::array({1})));
}

}  // namespace
}  // namespace kp::reconcile
