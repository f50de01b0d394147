#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/handler.h"
#include "gateway/idempotency.h"
#include "gateway/rate_limits.h"

namespace kp::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const RateLimits::Clock::time_point start{std::chrono::hours(1)};

std::vector<Record> records_of(std::initializer_list<std::string_view> topics) {
  std::vector<Record> all;
  for (const std::string_view topic : topics) all.emplace_back().topic = topic;
  return all;
}

config::HttpProduce limited(std::uint32_t most) {
  config::HttpProduce config;
  config.ratelimit_enabled = true;
  config.ratelimit = {{"a", most}, {"free", 0}};
  return config;
}

TEST(RateLimits, CountTheRecordsOfAMinute) {
  RateLimits limits(limited(3), nullptr);
  EXPECT_THAT(limits.admit(records_of({"a", "a"}), start).limited, IsEmpty());
  const auto verdict = limits.admit(records_of({"a", "b", "a"}), start + 10s);
  EXPECT_THAT(verdict.limited, ElementsAre(true, false, true));
  EXPECT_EQ(verdict.retry, 50s);
  EXPECT_THAT(limits.admit(records_of({"a"}), start + 20s).limited, IsEmpty());
  EXPECT_THAT(limits.admit(records_of({"a", "a"}), start + 60s).limited, IsEmpty());
}

TEST(RateLimits, TheFirstMayPassWhereNotAllDo) {
  RateLimits limits(limited(3), nullptr);
  std::chrono::seconds retry{0};
  EXPECT_EQ(limits.admit_first(records_of({"a", "b", "a"}), retry, start), 3U);
  EXPECT_EQ(limits.admit_first(records_of({"b", "a", "a", "b"}), retry, start + 10s), 2U);
  EXPECT_EQ(retry, 50s);
}

TEST(RateLimits, OtherTopicsAndZeroAreUnlimited) {
  RateLimits limits(limited(1), nullptr);
  for (int i = 0; i < 100; ++i) EXPECT_THAT(limits.admit(records_of({"free", "b"}), start).limited, IsEmpty());
}

TEST(RateLimits, GoOnAfterAReload) {
  RateLimits before(limited(2), nullptr);
  EXPECT_THAT(before.admit(records_of({"a", "a"}), start).limited, IsEmpty());
  RateLimits after(limited(2), &before);
  EXPECT_THAT(after.admit(records_of({"a"}), start).limited, ElementsAre(true));
}

TEST(RateLimits, WhatWasTurnedAwayDoesNotCount) {
  RateLimits limits(limited(1), nullptr);
  EXPECT_THAT(limits.admit(records_of({"a"}), start).limited, IsEmpty());
  for (int i = 1; i < 60; ++i)
    EXPECT_FALSE(limits.admit(records_of({"a"}), start + std::chrono::seconds(i)).limited.empty());
  EXPECT_THAT(limits.admit(records_of({"a"}), start + 60s).limited, IsEmpty());
}

TEST(Idempotency, AnswersTheSameAgainWithinTheWindow) {
  Idempotency known(60s);
  Answer answer = accepted();
  EXPECT_EQ(known.claim("k", 1, answer, start), Idempotency::Verdict::New);
  EXPECT_EQ(known.claim("k", 1, answer, start), Idempotency::Verdict::UnderWay);
  known.settle("k", refused(200, "first"));
  EXPECT_EQ(known.claim("k", 1, answer, start + 59s), Idempotency::Verdict::Answered);
  EXPECT_EQ(answer.body, refused(200, "first").body);
  EXPECT_EQ(known.claim("k", 2, answer, start + 59s), Idempotency::Verdict::Another);
  EXPECT_EQ(known.claim("k", 1, answer, start + 61s), Idempotency::Verdict::New);
}

TEST(Idempotency, AKeyStaysUnderWayUntilItIsKnownWhatCameOfIt) {
  Idempotency known(60s);
  Answer answer;
  EXPECT_EQ(known.claim("k", 1, answer, start), Idempotency::Verdict::New);
  EXPECT_EQ(known.claim("k", 1, answer, start + 10min), Idempotency::Verdict::UnderWay);
  EXPECT_EQ(known.claim("k", 1, answer, start + 61min), Idempotency::Verdict::New) << "nobody will tell any more";
}

TEST(Idempotency, WhatFailedMayBeTriedAgain) {
  Idempotency known(60s);
  Answer answer;
  EXPECT_EQ(known.claim("k", 1, answer, start), Idempotency::Verdict::New);
  known.settle("k", refused(503, "full"));
  EXPECT_EQ(known.claim("k", 1, answer, start), Idempotency::Verdict::New);
}

TEST(Idempotency, WhatFailedAgainAndAgainTakesNoMoreMemoryThanThereMayBe) {
  Idempotency known(24h);
  Answer answer;
  const std::string large(16'000, 'k');
  for (int i = 0; i < 3000; ++i) {
    const std::string key = large + std::to_string(i % 2);
    ASSERT_EQ(known.claim(key, 1, answer, start + std::chrono::milliseconds(i)), Idempotency::Verdict::New);
    known.settle(key, refused(503, "full"));
    ASSERT_LE(known.bytes(), Idempotency::most_bytes + large.size() + 1);
  }
  EXPECT_GT(known.bytes(), Idempotency::most_bytes / 2);
}

TEST(Answers, HaveTheSeedsShape) {
  EXPECT_EQ(accepted().body, R"({"status":"ok","errors":[]})");
  EXPECT_EQ(delivered({{0, 1, "", false}}, false).body, accepted().body);
  const Answer failed = delivered({{0, 1, "", false}, {-1, -1, "a \"reason\"", false}}, true);
  EXPECT_EQ(failed.status, 500U);
  EXPECT_EQ(failed.body,
            R"({"status":"err","errors":[{"error":false,"message":null},{"error":true,"message":"a \"reason\""}],)"
            R"("results":[{"partition":0,"offset":1},null]})");
}

TEST(Ways, LeadToRoutes) {
  EXPECT_EQ(way_of("/push?wait=true").route, Route::Push);
  EXPECT_EQ(way_of("/topics/a%2Eb/records").topic, "a%2Eb");
  for (const char* const nowhere : {"", "/", "/push/", "/topics//records", "/topics/a/b/records", "/topics/records"})
    EXPECT_EQ(way_of(nowhere).route, Route::None) << nowhere;
}

}  // namespace
}  // namespace kp::gateway
