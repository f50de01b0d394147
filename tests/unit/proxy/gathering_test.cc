#include "proxy/gathering.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

namespace kp::proxy {
namespace {

constexpr std::size_t budget = 1'000'000;
constexpr std::size_t free_each = Gathering::free_each;

struct Waiter {
  explicit Waiter(Gathering& of) : share(of, [this] { ++woken; }) {}
  int woken = 0;
  Gathering::Share share;
};

class GatheringTest : public testing::Test {
 protected:
  telemetry::Counters counters;
  Gathering gathering{counters, budget};
  Waiter first{gathering};
  Waiter second{gathering};
};

TEST_F(GatheringTest, AboveTheBudgetTheYoungerWaitsAndTheOldestGoesOn) {
  first.share.begin();
  second.share.begin();
  first.share.take(free_each + budget - 1);
  second.share.take(free_each + 1);

  EXPECT_TRUE(first.share.may_take());
  EXPECT_FALSE(second.share.may_take());
  EXPECT_EQ(counters.gathered_bytes, static_cast<std::int64_t>(2 * free_each + budget));
}

TEST_F(GatheringTest, WhoHoldsLittleNeverWaits) {
  first.share.begin();
  second.share.begin();
  first.share.take(10 * budget);

  second.share.take(free_each - 1);
  EXPECT_TRUE(second.share.may_take());
  second.share.take(1);
  EXPECT_FALSE(second.share.may_take());
}

TEST_F(GatheringTest, TheOldestIsTheOneThatHoldsMuchNotTheOneThatHoldsLittle) {
  first.share.begin();
  second.share.begin();
  first.share.take(free_each);
  second.share.take(free_each + budget);

  EXPECT_TRUE(second.share.may_take()) << "nobody else could go on";
}

TEST_F(GatheringTest, WhoWaitsIsWokenOnceWhenSomethingIsGivenBack) {
  first.share.begin();
  second.share.begin();
  first.share.take(2 * budget);
  second.share.take(free_each);
  second.share.wait();
  second.share.wait();

  first.share.take(1);
  EXPECT_EQ(second.woken, 0);
  first.share.hold(budget);
  EXPECT_EQ(second.woken, 1);
  EXPECT_TRUE(second.share.may_take());
  first.share.end();
  EXPECT_EQ(second.woken, 1);
  EXPECT_EQ(counters.gathering_waits, 1U);
}

TEST_F(GatheringTest, WhatEndsGivesAllBackAndTakesNoMore) {
  first.share.begin();
  first.share.take(2 * budget);
  first.share.end();
  first.share.take(5);
  EXPECT_EQ(counters.gathered_bytes, 0);
  {
    Waiter third(gathering);
    third.share.begin();
    third.share.take(2 * budget);
  }
  EXPECT_EQ(counters.gathered_bytes, 0);
}

/// Whatever they want, in whatever order: all come to their end, and what they hold stays near the budget.
TEST(Gathering, NobodyWaitsForEver) {
  std::mt19937 random(7);
  telemetry::Counters counters;
  Gathering gathering(counters, budget);
  struct One {
    std::unique_ptr<Waiter> waiter;
    std::size_t wants = 0;
  };
  std::vector<One> all(40);
  for (One& each : all) {
    each.waiter = std::make_unique<Waiter>(gathering);
    each.waiter->share.begin();
    each.wants = 1 + random() % (2 * budget);
  }
  constexpr std::size_t piece = 50'000;
  constexpr auto most = static_cast<std::int64_t>(budget + 2 * budget + 40 * (free_each + piece));
  std::size_t steps = 0;
  while (!all.empty()) {
    bool moved = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      One& one = all[i];
      if (!one.waiter->share.may_take()) continue;
      moved = true;
      const std::size_t now = std::min(piece, one.wants);
      one.waiter->share.take(now);
      one.wants -= now;
      EXPECT_LE(counters.gathered_bytes, most);
      if (one.wants > 0) continue;
      std::swap(one, all.back());
      all.pop_back();
    }
    ASSERT_TRUE(moved) << all.size() << " of them stand still";
    ASSERT_LT(++steps, 10'000U);
  }
  EXPECT_EQ(counters.gathered_bytes, 0);
}

}  // namespace
}  // namespace kp::proxy
