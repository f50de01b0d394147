#include "broker/resolve.h"

#include <gtest/gtest.h>

namespace kp::broker {
namespace {

using Rules = std::vector<config::ResolveRule>;
using Addresses = std::vector<std::string>;

struct Match {
  std::string what;
  std::string pattern;
  std::string host;
  bool matches;
};

class MatchesHost : public ::testing::TestWithParam<Match> {};

TEST_P(MatchesHost, OrNot) {
  EXPECT_EQ(matches_host(GetParam().pattern, GetParam().host), GetParam().matches)
      << GetParam().pattern << " and " << GetParam().host;
}

INSTANTIATE_TEST_SUITE_P(Resolve, MatchesHost,
                         ::testing::Values(Match{"TheNameItself", "kafka-0.internal", "kafka-0.internal", true},
                                           Match{"AnotherName", "kafka-0.internal", "kafka-1.internal", false},
                                           Match{"APrefixOnly", "kafka", "kafka.internal", false},
                                           Match{"ASuffixOnly", "internal", "kafka.internal", false},
                                           Match{"Case", "Kafka.INTERNAL", "kAFKA.internal", true},
                                           Match{"OneLabel", "*.internal", "kafka-0.internal", true},
                                           Match{"TwoLabels", "*.internal", "a.b.internal", false},
                                           Match{"NoLabel", "*.internal", "internal", false},
                                           Match{"AnEmptyRun", "kafka*", "kafka", true},
                                           Match{"AStarInTheMiddle", "b*.kafka", "b12.kafka", true},
                                           Match{"AStarThatWouldCrossADot", "b*.kafka", "b1.2.kafka", false},
                                           Match{"AStarThatMustGiveBack", "*-0.internal", "a-0-0.internal", true},
                                           Match{"TwoStars", "*.*.internal", "a.b.internal", true},
                                           Match{"TwoStarsInALabel", "a*c*e", "abcde", true},
                                           Match{"ALastStarStopsAtADot", "kafka.*", "kafka.a.b", false},
                                           Match{"StarsOnlyOneLabel", "**", "kafka", true},
                                           Match{"ADotIsNoWildcard", "a.c", "abc", false},
                                           Match{"TheEmptyPattern", "", "kafka", false}),
                         [](const auto& parameter) { return parameter.param.what; });

TEST(OverriddenAddresses, WithoutAMatchingRuleDnsIsAsked) {
  EXPECT_EQ(overridden_addresses({{"other", "10.0.0.1", ""}}, "kafka"), Addresses{});
}

TEST(OverriddenAddresses, AnExactRuleBeatsAWildcardThatComesLater) {
  const Rules rules{{"a.internal", "10.0.0.1", ""}, {"*.internal", "10.0.0.2", ""}};
  EXPECT_EQ(overridden_addresses(rules, "a.internal"), Addresses{"10.0.0.1"});
}

TEST(OverriddenAddresses, MoreLiteralCharactersBeatFewer) {
  const Rules rules{{"kafka-*.internal", "10.0.0.1", ""}, {"*.internal", "10.0.0.2", ""}};
  EXPECT_EQ(overridden_addresses(rules, "kafka-0.internal"), Addresses{"10.0.0.1"});
}

TEST(OverriddenAddresses, AmongEqualsTheLaterRuleWins) {
  const Rules rules{{"*.internal", "10.0.0.1", ""}, {"*.internal", "10.0.0.2", ""}};
  EXPECT_EQ(overridden_addresses(rules, "a.internal"), Addresses{"10.0.0.2"});
}

TEST(OverriddenAddresses, ARuleThatDoesNotMatchIsNotPreferred) {
  const Rules rules{{"*.internal", "10.0.0.1", ""}, {"kafka-*.internal", "10.0.0.2", ""}};
  EXPECT_EQ(overridden_addresses(rules, "a.internal"), Addresses{"10.0.0.1"});
}

TEST(OverriddenAddresses, Ipv6ComesBeforeIpv4) {
  EXPECT_EQ(overridden_addresses({{"kafka", "10.0.0.1", "2001:db8::1"}}, "kafka"),
            (Addresses{"2001:db8::1", "10.0.0.1"}));
}

TEST(OverriddenAddresses, Ipv6MayStandAlone) {
  EXPECT_EQ(overridden_addresses({{"kafka", "", "2001:db8::1"}}, "kafka"), Addresses{"2001:db8::1"});
}

}  // namespace
}  // namespace kp::broker
