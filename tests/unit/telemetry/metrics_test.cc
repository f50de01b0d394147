#include "telemetry/metrics.h"

#include <gtest/gtest.h>

#include <limits>

namespace kp::telemetry {
namespace {

using std::chrono::milliseconds;

TEST(Histogram, ABoundBelongsToItsOwnBucket) {
  Histogram latency;

  latency.observe(milliseconds(1));

  EXPECT_EQ(latency.buckets[3], 1u);  // bounds[3] is 1 ms
}

TEST(Histogram, MoreThanTheLastBoundCountsAsInfinite) {
  Histogram latency;

  latency.observe(milliseconds(5001));

  EXPECT_EQ(latency.buckets.back(), 1u);
}

TEST(Histogram, TheSumIsInSeconds) {
  Histogram latency;

  latency.observe(milliseconds(250));
  latency.observe(milliseconds(500));

  EXPECT_DOUBLE_EQ(latency.sum, 0.75);
}

TEST(Counters, AddingSumsEveryField) {
  Counters one;
  one.connections_open = 2;
  one.connections_total = 3;
  one.connections_closed["eof"] = 1;
  one.traffic_of(3, 12, 1) = {1, 10, 1, 100};
  one.latency[3].observe(milliseconds(1));
  one.rewritten[3] = 1;
  one.leaked[3] = 2;
  one.unmapped_brokers["conflict"] = 3;
  one.tls_handshakes["upstream"] = 4;
  one.tls_failures[{"downstream", "protocol"}] = 5;
  one.wrong_protocol["http"] = 6;
  one.upstream_connects = 7;
  one.upstream_connect_failures["timeout"] = 8;
  one.refused["limit"] = 9;

  Counters sum = one;
  sum += one;

  EXPECT_EQ(sum.connections_open, 4);
  EXPECT_EQ(sum.connections_total, 6u);
  EXPECT_EQ(sum.connections_closed["eof"], 2u);
  EXPECT_EQ(sum.traffic_of(3, 12, 1).requests, 2u);
  EXPECT_EQ(sum.traffic_of(3, 12, 1).request_bytes, 20u);
  EXPECT_EQ(sum.traffic_of(3, 12, 1).responses, 2u);
  EXPECT_EQ(sum.traffic_of(3, 12, 1).response_bytes, 200u);
  EXPECT_EQ(sum.latency[3].buckets[3], 2u);
  EXPECT_DOUBLE_EQ(sum.latency[3].sum, 0.002);
  EXPECT_EQ(sum.rewritten[3], 2u);
  EXPECT_EQ(sum.leaked[3], 4u);
  EXPECT_EQ(sum.unmapped_brokers["conflict"], 6u);
  EXPECT_EQ(sum.tls_handshakes["upstream"], 8u);
  EXPECT_EQ((sum.tls_failures[{"downstream", "protocol"}]), 10u);
  EXPECT_EQ(sum.wrong_protocol["http"], 12u);
  EXPECT_EQ(sum.upstream_connects, 14u);
  EXPECT_EQ(sum.upstream_connect_failures["timeout"], 16u);
  EXPECT_EQ(sum.refused["limit"], 18u);
}

TEST(Counters, AddingKeepsWhatOnlyOneSideHas) {
  Counters one;
  Counters other;
  one.refused["limit"] = 1;
  other.refused["draining"] = 2;

  one += other;

  EXPECT_EQ(one.refused["limit"] + 10 * one.refused["draining"], 21u);
}

TEST(Counters, KeysAndVersionsThatClientsMakeUpShareOneEntry) {
  Counters counters;

  for (int key = 1000; key < 2000; ++key)
    counters.traffic_of(static_cast<std::int16_t>(key), static_cast<std::int16_t>(key), 1).requests += 1;

  ASSERT_EQ(counters.traffic.size(), 1u);
  EXPECT_EQ(counters.traffic_of(-7, 0, 1).requests, 1000u);
}

TEST(Counters, AKnownApiAtAnImpossibleVersionKeepsItsName) {
  Counters counters;

  counters.traffic_of(3, std::numeric_limits<std::int16_t>::max(), 1).requests = 1;

  EXPECT_TRUE(counters.traffic.contains({std::int16_t{3}, unknown_label, 1}));
}

}  // namespace
}  // namespace kp::telemetry
