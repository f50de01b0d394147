#include "runtime/contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "runtime/informer.h"
#include "unit/runtime/fake_api.h"
#include "unit/runtime/manual_clock.h"

namespace kp::runtime {
namespace {

using kp::test::eventually;
using kube::Json;
using kube::Name;
using test::FakeApi;
using test::ManualClock;

const Name users{"shop", "users"};

Json secret(const std::string& value, const std::string& type = "Opaque") {
  const Json notes{{"kubectl.kubernetes.io/last-applied-configuration", value}, {"mine", "x"}};
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"type", type},
          {"metadata", {{"namespace", "shop"}, {"name", "users"}, {"annotations", notes}}},
          {"data", {{"key", value}}}};
}

/// An API whose GET a test can look into.
class Watched final : public kube::Client {
 public:
  explicit Watched(FakeApi& api) : api_(api) {}
  Result<Json> get(const kube::Kind& kind, const Name& name) override {
    Result<Json> got = api_.get(kind, name);
    if (const auto once = std::exchange(meanwhile, nullptr)) once();
    return got;
  }
  Result<std::string> list_each(const kube::Kind& kind, const kube::Scope& scope,
                                const std::function<void(Json&&)>& each) override {
    return api_.list_each(kind, scope, each);
  }
  Result<Json> create(const Json& object) override { return api_.create(object); }
  Result<Json> apply(const Json& object) override { return api_.apply(object); }
  Result<Json> apply_status(const Json& object) override { return api_.apply_status(object); }
  Result<Json> update(const Json& object) override { return api_.update(object); }
  Result<Json> merge_patch(const kube::Kind& kind, const Name& name, const Json& patch) override {
    return api_.merge_patch(kind, name, patch);
  }
  Status remove(const kube::Kind& kind, const Name& name, const std::string& uid) override {
    return api_.remove(kind, name, uid);
  }
  kube::WatchEnd watch(const kube::Kind& kind, const kube::Scope& scope, const std::string& from,
                       const std::function<void(kube::WatchEvent, Json&&)>& on_event, std::stop_token stop) override {
    return api_.watch(kind, scope, from, on_event, std::move(stop));
  }
  void shut_down() override { api_.shut_down(); }

  std::function<void()> meanwhile;  ///< after the server has answered, before anybody hears of it

 private:
  FakeApi& api_;
};

struct World {
  World() {
    cache.add_handlers(Cache::Handlers::any([this](const Object&) { ++heard; }));
  }
  void start() {
    thread = std::jthread([this](const std::stop_token& stop) { informer.run(stop); });
    ASSERT_TRUE(informer.wait_synced({}));
    ASSERT_TRUE(api.wait_for_watches(1));
  }
  /// What of it is in the cache; empty: nothing.
  std::string content() const {
    const Object found = cache.find(users);
    return found == nullptr ? "" : kube::text_at(*found, {"data", "key"});
  }
  /// As if the watch had brought it.
  void event(Json object) {
    contents.transform(object);
    cache.put(std::make_shared<const Json>(std::move(object)));
  }

  FakeApi api;
  Watched client{api};
  ManualClock clock;
  Cache cache;
  std::atomic<bool> needed = false;
  std::atomic<int> heard = 0;
  Contents contents{client, cache, [this](const Name& name) { return name == users && needed; }};
  Informer informer{
      api, clock, cache, {.kind = kube::secret, .transform = [this](Json& object) { contents.transform(object); }}};
  std::jthread thread;
};

TEST(Contents, OfWhatNobodyNeedsNothingIsKept) {
  World world;
  (void)world.api.create(secret("a"));

  world.start();

  const Object kept = world.cache.find(users);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->dump().find("\"a\""), std::string::npos) << *kept;
  EXPECT_FALSE((*kept)["metadata"].contains("annotations"));
}

TEST(Contents, WhatIsNeededIsThereWithoutBeingAskedFor) {
  World world;
  world.needed = true;
  (void)world.api.create(secret("a"));
  world.start();

  Contents::Use use(world.contents, {users});

  EXPECT_TRUE(use.fetch());
  EXPECT_EQ(world.content(), "a");
  EXPECT_EQ(world.api.calls("get"), 0);
}

TEST(Contents, WhatKubectlRepeatsIsNotKept) {
  World world;
  world.needed = true;
  (void)world.api.create(secret("a"));

  world.start();

  EXPECT_EQ((*world.cache.find(users))["metadata"]["annotations"], Json({{"mine", "x"}}));
}

TEST(Contents, WhatIsUselessHasNoContentThoughSomebodyNeedsIt) {
  World world;
  world.needed = true;
  (void)world.api.create(secret("a", "helm.sh/release.v1"));
  world.start();

  EXPECT_TRUE(Contents::Use(world.contents, {users}).fetch());
  EXPECT_EQ(world.content(), "");
}

TEST(Contents, IsThereForWhoComesToNeedIt) {
  World world;
  (void)world.api.create(secret("a"));
  world.start();
  world.needed = true;

  ASSERT_TRUE(Contents::Use(world.contents, {users}).fetch());

  EXPECT_EQ(world.content(), "a");
}

TEST(Contents, OfWhatIsNotThereThereIsNone) {
  World world;
  world.start();

  EXPECT_TRUE(Contents::Use(world.contents, {users}).fetch());
}

TEST(Contents, WhatCanNotBeGotIsAnError) {
  World world;
  (void)world.api.create(secret("a"));
  world.start();
  world.needed = true;
  world.api.fail(Error{Errc::Unauthorized, "forbidden"});

  EXPECT_FALSE(Contents::Use(world.contents, {users}).fetch());
}

TEST(Contents, StayWhileTheyAreUsedAndGoThen) {
  World world;
  (void)world.api.create(secret("a"));
  world.start();
  world.needed = true;
  {
    Contents::Use use(world.contents, {users});
    ASSERT_TRUE(use.fetch());
    world.needed = false;

    world.contents.release(users);

    EXPECT_EQ(world.content(), "a");
  }
  EXPECT_EQ(world.content(), "");
}

TEST(Contents, GoWhenNobodyNeedsThemAnyMore) {
  World world;
  world.needed = true;
  (void)world.api.create(secret("a"));
  world.start();
  world.needed = false;

  world.contents.release(users);

  EXPECT_EQ(world.content(), "");
}

TEST(Contents, GoingAndComingIsNoNews) {
  World world;
  world.needed = true;
  (void)world.api.create(secret("a"));
  world.start();
  const int before = world.heard;
  world.needed = false;
  world.contents.release(users);
  world.needed = true;

  ASSERT_TRUE(Contents::Use(world.contents, {users}).fetch());

  EXPECT_EQ(world.content(), "a");
  EXPECT_EQ(world.heard, before);
}

TEST(Contents, AnEventThatComesWhileItIsGotIsNotOverwrittenByWhatIsOlder) {
  World world;
  world.event(*world.api.create(secret("old")));
  world.needed = true;
  world.client.meanwhile = [&] { world.event(*world.api.apply(secret("new"))); };

  ASSERT_TRUE(Contents::Use(world.contents, {users}).fetch());

  EXPECT_EQ(world.content(), "new");
}

TEST(Contents, AHollowEventThatComesWhileItIsGotIsGotAgain) {
  World world;
  world.event(*world.api.create(secret("old")));
  world.client.meanwhile = [&] { world.event(*world.api.apply(secret("new"))); };

  const Contents::Use use(world.contents, {users});
  ASSERT_TRUE(use.fetch());

  EXPECT_EQ(world.content(), "new");
  EXPECT_EQ(world.api.calls("get"), 2);
}

TEST(Contents, WhatIsNewerThanTheEventsStaysWhenItsOwnEventComes) {
  World world;
  world.event(*world.api.create(secret("old")));
  const Json newer = *world.api.apply(secret("new"));  // its event is on the way
  const Contents::Use use(world.contents, {users});
  ASSERT_TRUE(use.fetch());
  ASSERT_EQ(world.content(), "new");

  world.event(newer);

  EXPECT_EQ(world.content(), "new");
}

TEST(Contents, AnEventBetweenLeadsToTheNewest) {
  World world;
  world.event(*world.api.create(secret("1")));
  const Json between = *world.api.apply(secret("2"));
  const Json last = *world.api.apply(secret("3"));
  ASSERT_TRUE(Contents::Use(world.contents, {users}).fetch());
  const int before = world.heard;

  world.event(between);
  EXPECT_GT(world.heard, before);  // who needs it is queued, and asks:
  const Contents::Use use(world.contents, {users});
  ASSERT_TRUE(use.fetch());
  world.event(last);

  EXPECT_EQ(world.content(), "3");
}

TEST(Contents, EndInTheNewestWhateverChangesMeanwhile) {
  World world;
  (void)world.api.create(secret("0"));
  world.start();
  std::jthread writer([&] {
    for (int i = 1; i <= 300; ++i) (void)world.api.apply(secret(std::to_string(i)));
  });
  std::jthread needing([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      world.needed = !world.needed;
      world.contents.release(users);
    }
  });
  for (int i = 0; i < 300; ++i) (void)Contents::Use(world.contents, {users}).fetch();
  writer.join();
  needing.request_stop();
  needing.join();
  world.needed = true;

  EXPECT_TRUE(eventually([&] {
    const Contents::Use use(world.contents, {users});
    return use.fetch() && world.content() == "300";
  }));
}

}  // namespace
}  // namespace kp::runtime
