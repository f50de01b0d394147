#include "runtime/events.h"

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

const Json about{{"apiVersion", "kafkaproxy.dev/v1alpha1"},
                 {"kind", "KafkaProxy"},
                 {"metadata", {{"namespace", "shop"}, {"name", "orders"}, {"uid", "u1"}}}};

Note missing(const std::string& secret = "kafka-ca") {
  return {Note::Type::Warning, "SecretMissing", "Reconcile", "Secret " + secret + " does not exist"};
}

struct World {
  explicit World(EventRecorder::Options options = {.instance = "operator-1"}) : recorder(api, clock, options) {}

  void start() {
    thread = std::jthread([this](const std::stop_token& stop) { recorder.run(stop); });
  }
  std::vector<Json> events() {
    std::vector<Json> out;
    (void)api.list_each(kube::event, {}, [&](Json&& each) { out.push_back(std::move(each)); });
    return out;
  }

  FakeApi api;
  ManualClock clock;
  EventRecorder recorder;
  std::jthread thread;
};

TEST(Events, SayWhatHappenedToWhom) {
  World world;
  world.start();

  world.recorder.record(about, missing());

  ASSERT_TRUE(eventually([&] { return world.events().size() == 1; }));
  const Json event = world.events().front();
  EXPECT_EQ(event["regarding"], Json::parse(R"({"apiVersion":"kafkaproxy.dev/v1alpha1","kind":"KafkaProxy",
      "namespace":"shop","name":"orders","uid":"u1"})"));
  EXPECT_EQ(event["note"], "Secret kafka-ca does not exist");
  EXPECT_EQ(event["type"], "Warning");
  EXPECT_EQ(event["metadata"]["namespace"], "shop");
}

TEST(Events, TheSameNoteAgainIsCounted) {
  World world;
  world.start();
  for (int i = 0; i < 3; ++i) world.recorder.record(about, missing());
  ASSERT_TRUE(world.clock.wait_for_waiting(1));

  world.clock.advance(30s);

  ASSERT_TRUE(eventually([&] { return world.events().at(0).contains("series"); }));
  EXPECT_EQ(world.events().size(), 1U);
  EXPECT_EQ(world.events()[0]["series"]["count"], 3);
}

TEST(Events, AnotherNoteIsAnotherEvent) {
  World world;
  world.start();

  world.recorder.record(about, missing("a"));
  world.recorder.record(about, missing("b"));

  EXPECT_TRUE(eventually([&] { return world.events().size() == 2; }));
}

TEST(Events, ANoteThatComesBackAfterLongIsANewEvent) {
  World world;
  world.start();
  world.recorder.record(about, missing());
  ASSERT_TRUE(eventually([&] { return world.events().size() == 1; }));
  world.clock.advance(601s);

  world.recorder.record(about, missing());

  EXPECT_TRUE(eventually([&] { return world.events().size() == 2; }));
}

TEST(Events, BeyondTheRateTheyWait) {
  World world({.instance = "operator-1", .burst = 2});
  world.start();
  for (int i = 0; i < 4; ++i) world.recorder.record(about, missing(std::to_string(i)));
  ASSERT_TRUE(eventually([&] { return world.recorder.written() == 2; }));
  ASSERT_TRUE(world.clock.wait_for_waiting(1));

  world.clock.advance(1s);

  EXPECT_TRUE(eventually([&] { return world.events().size() == 4; }));
  EXPECT_EQ(world.recorder.dropped(), 0U);
}

TEST(Events, ThatCannotBeWrittenForNowWait) {
  World world;
  world.api.fail(Error{Errc::Timeout, "no answer"});
  world.start();
  world.recorder.record(about, missing());
  ASSERT_TRUE(eventually([&] { return world.api.calls("create") == 1; }));

  world.api.fail(std::nullopt);
  ASSERT_TRUE(world.clock.wait_for_waiting(1));
  world.clock.advance(1s);

  EXPECT_TRUE(eventually([&] { return world.events().size() == 1; }));
}

TEST(Events, ThatMayNotBeWrittenAreDroppedAndCounted) {
  World world;
  world.api.fail(Error{Errc::Unauthorized, "the namespace is being terminated"});
  world.start();

  world.recorder.record(about, missing());

  EXPECT_TRUE(eventually([&] { return world.recorder.dropped() == 1; }));
}

TEST(Events, MoreThanCanBeRememberedAreDroppedAndCounted) {
  World world({.instance = "operator-1", .burst = 2, .remembered = 3});
  world.start();

  for (int i = 0; i < 5; ++i) world.recorder.record(about, missing(std::to_string(i)));

  EXPECT_TRUE(eventually([&] { return world.recorder.dropped() == 2; }));
}

TEST(Events, RecordingNeverWaits) {
  World world({.instance = "operator-1", .backlog = 2});  // nobody writes them

  for (int i = 0; i < 5; ++i) world.recorder.record(about, missing(std::to_string(i)));

  EXPECT_EQ(world.recorder.dropped(), 3U);
}

TEST(Events, WhatIsRecordedBeforeTheEndIsWritten) {
  World world;
  world.recorder.record(about, missing());
  std::stop_source stop;
  stop.request_stop();

  world.recorder.run(stop.get_token());

  EXPECT_EQ(world.events().size(), 1U);
}

TEST(Events, ALongMessageIsCutBetweenCharacters) {
  World world;
  world.start();
  std::string text(1023, 'x');

  world.recorder.record(about, {Note::Type::Normal, "R", "A", text + "ü"});

  ASSERT_TRUE(eventually([&] { return world.events().size() == 1; }));
  EXPECT_EQ(world.events()[0]["note"], text);
}

}  // namespace
}  // namespace kp::runtime
