#include "plan/names.h"

#include <gtest/gtest.h>

namespace kp::plan {
namespace {

api::SniRouting routing(std::string upstream, std::string downstream, std::string bootstrap = {}) {
  return {9092, 443, std::move(upstream), std::move(downstream), std::move(bootstrap)};
}

TEST(BrokerNames, AreFilledFromIdAndGroups) {
  const BrokerNames names(routing("^(\\w+)-(\\d+)[.]", "<$1>.B<$id>.<$2>.example.com"));
  EXPECT_EQ(names.name(7, "kafka-3.internal"), "kafka.b7.3.example.com");
}

TEST(BrokerNames, AreNoneWhereThePatternDoesNotMatch) {
  EXPECT_EQ(BrokerNames(routing("^x", "b<$id>.example.com")).name(7, "kafka"), std::nullopt);
}

TEST(BootstrapName, TakesThePlaceOfTheFirstLabel) {
  EXPECT_EQ(bootstrap_name(routing(".*", "b<$id>.kafka.example.com")), "bootstrap.kafka.example.com");
}

TEST(BootstrapName, IsWhatTheSpecSays) {
  EXPECT_EQ(bootstrap_name(routing(".*", "b<$id>.example.com", "Kafka.example.com")), "kafka.example.com");
}

TEST(BootstrapName, IsNoneWhereATokenWouldStandInIt) {
  EXPECT_EQ(bootstrap_name(routing(".*", "kafka.b<$id>.example.com")), "");
}

TEST(Wildcard, StandsForTheFirstLabelOnly) {
  EXPECT_EQ(wildcard_of("b<$id>.kafka.example.com"), "*.kafka.example.com");
  EXPECT_EQ(wildcard_of("kafka.b<$id>.example.com"), "");
}

TEST(Glob, HasAStarForEachToken) { EXPECT_EQ(glob_of("B<$id>-<$1>.<$x>.com"), "b*-*.<$x>.com"); }

struct Pair {
  const char* left;
  const char* right;
  bool meet;
};

class Globs : public testing::TestWithParam<Pair> {};

TEST_P(Globs, OverlapWhenOneNameFitsBoth) {
  const auto [left, right, meet] = GetParam();
  EXPECT_EQ(overlap(left, right), meet);
  EXPECT_EQ(overlap(right, left), meet);
}

INSTANTIATE_TEST_SUITE_P(Overlap, Globs,
                         testing::Values(Pair{"a.com", "a.com", true}, Pair{"a.com", "b.com", false},
                                         Pair{"b*.a.com", "b1.a.com", true}, Pair{"b*.a.com", "c*.a.com", false},
                                         Pair{"b*.a.com", "*.a.com", true}, Pair{"*1.a.com", "b*.a.com", true},
                                         Pair{"b*.a.com", "b*.b.com", false}, Pair{"*", "anything", true},
                                         Pair{"a*b*c", "axxbyyc", true}, Pair{"a*b*c", "acb", false},
                                         Pair{"a*b", "ab", true}, Pair{"", "", true}, Pair{"", "*", true},
                                         Pair{"x*y*", "*y*x", true}, Pair{"ab*", "*ba", true}, Pair{"ab", "a", false}));

}  // namespace
}  // namespace kp::plan
