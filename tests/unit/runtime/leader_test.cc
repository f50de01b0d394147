#include "runtime/leader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
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

const kube::Name name{"kafkaproxy", "operator"};

/// One that leads until told to stop.
struct Candidate {
  Candidate(FakeApi& api, ManualClock& clock, const std::string& identity)
      : elector(api, clock, {.lease = name, .identity = identity}), thread([this](const std::stop_token& stop) {
          ended.set_value(elector.run(stop, [this](const std::stop_token& end) {
            std::mutex mutex;
            std::condition_variable_any never;
            std::unique_lock lock(mutex);
            never.wait(lock, end, [] { return false; });
            acted_until_told = true;
          }));
        }) {}

  bool leads() const {
    return eventually([&] { return elector.leading(); });
  }

  std::promise<Status> ended;
  std::atomic<bool> acted_until_told = false;
  LeaderElector elector;
  std::jthread thread;
};

Json spec(FakeApi& api) {
  const auto lease = api.get(kube::lease, name);
  return lease ? (*lease)["spec"] : Json();
}

/// A lease that somebody else wrote.
Json lease_of(const std::string& holder) {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"namespace", name.space}, {"name", name.name}}},
          {"spec",
           {{"holderIdentity", holder},
            {"leaseDurationSeconds", 15},
            {"leaseTransitions", 3},
            {"renewTime", "2026-01-01T00:00:00.000000Z"}}}};
}

TEST(Leader, TakesALeaseThatIsNotThere) {
  FakeApi api;
  ManualClock clock;

  const Candidate one(api, clock, "one");

  ASSERT_TRUE(one.leads());
  EXPECT_EQ(spec(api)["holderIdentity"], "one");
  EXPECT_EQ(spec(api)["leaseDurationSeconds"], 15);
}

TEST(Leader, RenewsIt) {
  FakeApi api;
  ManualClock clock;
  const Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());
  const Json before = spec(api)["renewTime"];
  ASSERT_TRUE(clock.wait_for_waiting(2));

  clock.advance(2s);

  EXPECT_TRUE(eventually([&] { return spec(api)["renewTime"] != before; }));
  EXPECT_TRUE(one.elector.leading());
}

TEST(Leader, MayNotActFromTheMomentItsTimeIsOver) {
  FakeApi api;
  ManualClock clock;
  const Candidate one(api, clock, "one");
  EXPECT_TRUE(eventually([&] { return one.elector.may_act(); }));
  ASSERT_TRUE(one.leads());
  api.fail(Error{Errc::Io, "no network"});

  clock.advance(10s);

  EXPECT_FALSE(one.elector.may_act());  // whoever asks, before its own thread has noticed
}

TEST(Leader, WaitsWhileAnotherRenews) {
  FakeApi api;
  ManualClock clock;
  (void)api.create(lease_of("other"));
  const Candidate one(api, clock, "one");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(clock.wait_for_waiting(1));
    Json renewed = lease_of("other");
    renewed["spec"]["renewTime"] = std::to_string(i);
    (void)api.apply(renewed);
    clock.advance(2s);
  }

  EXPECT_FALSE(one.elector.leading());
}

TEST(Leader, TakesALeaseThatIsNoLongerRenewed) {
  FakeApi api;
  ManualClock clock;
  (void)api.create(lease_of("other"));
  const Candidate one(api, clock, "one");
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(clock.wait_for_waiting(1));
    clock.advance(2s);
  }

  ASSERT_TRUE(one.leads());
  EXPECT_EQ(spec(api)["leaseTransitions"], 4);
}

TEST(Leader, DoesNotTakeALeaseBeforeItsTimeWhateverItsClockSays) {
  FakeApi api;
  ManualClock clock;
  (void)api.create(lease_of("other"));  // renewed long ago, by its own words
  const Candidate one(api, clock, "one");

  ASSERT_TRUE(clock.wait_for_waiting(1));
  EXPECT_FALSE(one.elector.leading());
}

TEST(Leader, WhoCanNotRenewStopsActingInTime) {
  FakeApi api;
  ManualClock clock;
  Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());
  api.fail(Error{Errc::Io, "cut off"});

  ASSERT_TRUE(clock.wait_for_waiting(2));
  clock.advance(10s);

  const Status ended = one.ended.get_future().get();
  ASSERT_FALSE(ended);
  EXPECT_TRUE(one.acted_until_told);
}

TEST(Leader, AShortFailureIsNoLoss) {
  FakeApi api;
  ManualClock clock;
  const Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());
  ASSERT_TRUE(clock.wait_for_waiting(2));
  api.fail(Error{Errc::Io, "cut off"});
  clock.advance(2s);
  ASSERT_TRUE(eventually([&] { return api.calls("update") >= 1; }));
  api.fail(std::nullopt);
  ASSERT_TRUE(clock.wait_for_waiting(2));
  const Json before = spec(api)["renewTime"];

  clock.advance(2s);

  EXPECT_TRUE(eventually([&] { return spec(api)["renewTime"] != before; }));
  EXPECT_TRUE(one.elector.leading());
}

TEST(Leader, WhoFindsAnotherInItsPlaceStopsAtOnce) {
  FakeApi api;
  ManualClock clock;
  Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());
  ASSERT_TRUE(clock.wait_for_waiting(2));
  (void)api.apply(lease_of("other"));

  clock.advance(2s);

  EXPECT_FALSE(one.ended.get_future().get());
}

TEST(Leader, AWriteOfItsOwnThatItDidNotHearOfIsNoLoss) {
  FakeApi api;
  ManualClock clock;
  const Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());
  ASSERT_TRUE(clock.wait_for_waiting(2));
  (void)api.apply(*api.get(kube::lease, name));  // the same, at another version
  const Json before = spec(api)["renewTime"];

  clock.advance(2s);

  EXPECT_TRUE(eventually([&] { return spec(api)["renewTime"] != before; }));
}

TEST(Leader, AnOrderlyEndFreesTheLease) {
  FakeApi api;
  ManualClock clock;
  Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());

  one.thread.request_stop();

  EXPECT_TRUE(one.ended.get_future().get());
  EXPECT_FALSE(spec(api).contains("holderIdentity"));
}

TEST(Leader, AFreedLeaseIsTakenAtTheNextTry) {
  FakeApi api;
  ManualClock clock;
  Candidate one(api, clock, "one");
  ASSERT_TRUE(one.leads());
  const Candidate two(api, clock, "two");
  ASSERT_TRUE(clock.wait_for_waiting(3));
  one.thread.request_stop();
  ASSERT_TRUE(one.ended.get_future().get());
  ASSERT_TRUE(clock.wait_for_waiting(1));

  clock.advance(2s);

  EXPECT_TRUE(two.leads());
}

TEST(Leader, OfTwoThatStartTogetherOneLeads) {
  FakeApi api;
  ManualClock clock;
  const Candidate one(api, clock, "one");
  const Candidate two(api, clock, "two");
  ASSERT_TRUE(eventually([&] { return one.elector.leading() || two.elector.leading(); }));
  ASSERT_TRUE(clock.wait_for_waiting(3));

  clock.advance(2s);

  ASSERT_TRUE(clock.wait_for_waiting(3));
  EXPECT_NE(one.elector.leading(), two.elector.leading());
}

}  // namespace
}  // namespace kp::runtime
