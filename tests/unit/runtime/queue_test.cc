#include "runtime/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "unit/runtime/manual_clock.h"

namespace kp::runtime {
namespace {

using namespace std::chrono_literals;
using kube::Name;
using test::ManualClock;

const Name a{"shop", "a"};
const Name b{"shop", "b"};

struct Queue {
  ManualClock clock;
  WorkQueue queue{clock};
};

TEST(WorkQueue, GivesInOrder) {
  Queue q;
  q.queue.add(b);
  q.queue.add(a);

  EXPECT_EQ(q.queue.get(), b);
  EXPECT_EQ(q.queue.get(), a);
}

TEST(WorkQueue, HoldsANameOnce) {
  Queue q;
  for (int i = 0; i < 3; ++i) q.queue.add(a);

  EXPECT_EQ(q.queue.depth(), 1U);
}

TEST(WorkQueue, ANameUnderWorkIsNotGivenToAnother) {
  Queue q;
  q.queue.add(a);
  (void)q.queue.get();

  q.queue.add(a);

  EXPECT_EQ(q.queue.depth(), 0U);
}

TEST(WorkQueue, ANameAddedUnderWorkComesOnceMore) {
  Queue q;
  q.queue.add(a);
  (void)q.queue.get();
  q.queue.add(a);
  q.queue.add(a);

  q.queue.done(a);

  EXPECT_EQ(q.queue.depth(), 1U);
}

TEST(WorkQueue, ANameThatIsDoneDoesNotComeAgain) {
  Queue q;
  q.queue.add(a);
  (void)q.queue.get();

  q.queue.done(a);

  EXPECT_EQ(q.queue.depth(), 0U);
}

TEST(WorkQueue, WaitsForWork) {
  Queue q;
  auto got = std::async(std::launch::async, [&] { return q.queue.get(); });

  q.queue.add(a);

  EXPECT_EQ(got.get(), a);
}

TEST(WorkQueue, GivesLaterWhatIsForLater) {
  Queue q;
  q.queue.add_after(a, 10s);
  auto got = std::async(std::launch::async, [&] { return q.queue.get(); });
  ASSERT_TRUE(q.clock.wait_for_waiting(1));
  q.clock.advance(9s);
  ASSERT_TRUE(q.clock.wait_for_waiting(1));

  q.clock.advance(1s);

  EXPECT_EQ(got.get(), a);
}

TEST(WorkQueue, OfTwoTimesTheFirstCounts) {
  Queue q;
  q.queue.add_after(a, 10s);
  q.queue.add_after(a, 5s);
  q.queue.add_after(a, 7s);

  q.clock.advance(5s);

  EXPECT_EQ(q.queue.get(), a);
}

TEST(WorkQueue, ANameIsNotGivenAgainAtItsLaterTimes) {
  Queue q;
  q.queue.add_after(a, 10s);
  q.queue.add_after(a, 5s);
  q.clock.advance(1min);
  (void)q.queue.get();
  q.queue.done(a);
  q.queue.add(b);

  EXPECT_EQ(q.queue.get(), b);
}

TEST(WorkQueue, TheFirstRetryComesSoon) {
  Queue q;
  q.queue.retry(a);

  q.clock.advance(5ms);

  EXPECT_EQ(q.queue.get(), a);
}

TEST(WorkQueue, ALaterRetryWaitsLonger) {
  Queue q;
  for (int i = 0; i < 8; ++i) q.queue.retry(a);
  q.clock.advance(1min);
  (void)q.queue.get();
  q.queue.done(a);
  q.queue.retry(a);  // the ninth: 640 ms at the least
  q.queue.add_after(b, 639ms);

  q.clock.advance(639ms);

  EXPECT_EQ(q.queue.get(), b);
}

TEST(WorkQueue, CountsRetries) {
  Queue q;
  q.queue.retry(a);
  q.queue.retry(b);

  EXPECT_EQ(q.queue.retries(), 2U);
}

TEST(WorkQueue, ForgetBringsBackTheFirstWait) {
  Queue q;
  for (int i = 0; i < 10; ++i) q.queue.retry(a);
  q.clock.advance(10min);
  (void)q.queue.get();
  q.queue.done(a);
  q.queue.forget(a);

  q.queue.retry(a);
  q.clock.advance(5ms);

  EXPECT_EQ(q.queue.get(), a);
}

TEST(WorkQueue, ShutDownEndsTheWait) {
  Queue q;
  auto got = std::async(std::launch::async, [&] { return q.queue.get(); });

  q.queue.shut_down();

  EXPECT_EQ(got.get(), std::nullopt);
}

TEST(WorkQueue, AfterShutDownNothingIsGiven) {
  Queue q;
  q.queue.add(a);

  q.queue.shut_down();

  EXPECT_EQ(q.queue.get(), std::nullopt);
}

TEST(Backoff, DoublesWithJitterUpToItsMost) {
  std::minstd_rand random(1);
  const Backoff backoff{5ms, 300s};

  for (unsigned failures = 1; failures < 100; ++failures) {
    const auto full = failures > 16 ? 300'000ms : std::min(300'000ms, 5ms * (1 << (failures - 1)));
    EXPECT_THAT(backoff.draw(failures, random), testing::AllOf(testing::Ge(full / 2), testing::Le(full)));
  }
}

TEST(MicroTime, HasMicrosecondsAndZulu) {
  EXPECT_EQ(micro_time(Clock::WallTime{std::chrono::microseconds(1'700'000'000'000'042)}),
            "2023-11-14T22:13:20.000042Z");
}

}  // namespace
}  // namespace kp::runtime
