#include "config/flags.h"

#include <gtest/gtest.h>

namespace kp::config {
namespace {

struct Bootstrap {
  const char* text;
  BootstrapMapping expected;
};

class BootstrapFlag : public testing::TestWithParam<Bootstrap> {};

TEST_P(BootstrapFlag, IsRead) {
  const auto mapping = parse_bootstrap_mapping(GetParam().text);
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_TRUE(*mapping == GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Flags, BootstrapFlag,
    testing::Values(
        Bootstrap{"kafka-0:9092,127.0.0.1:32400", {{"kafka-0", 9092}, {"127.0.0.1", 32400}, {"127.0.0.1", 32400}}},
        Bootstrap{"kafka-0:9092,0.0.0.0:32400,proxy:443", {{"kafka-0", 9092}, {"0.0.0.0", 32400}, {"proxy", 443}}},
        Bootstrap{"[2001:db8::1]:9092, [::1]:0, [::2]:443", {{"2001:db8::1", 9092}, {"::1", 0}, {"::2", 443}}},
        Bootstrap{"kafka-0:9092,:32400", {{"kafka-0", 9092}, {"0.0.0.0", 32400}, {"0.0.0.0", 32400}}}));

class BadBootstrapFlag : public testing::TestWithParam<const char*> {};

TEST_P(BadBootstrapFlag, IsRefused) {
  const auto mapping = parse_bootstrap_mapping(GetParam());
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().code, Errc::Invalid);
}

INSTANTIATE_TEST_SUITE_P(Flags, BadBootstrapFlag,
                         testing::Values("", ",", "kafka-0:9092", "a:1,b:2,c:3,d:4", "kafka-0,b:2", "kafka-0:0,b:2",
                                         "::1:9092,b:2", "a:1,b:x", "a:1,b:2,c:0", "a:1,b:65536", "a:1,,c:3",
                                         "a b:1,c:2", "a:1,{x}:2"));

TEST(BootstrapFlag, SaysWhichPartIsWrong) {
  const auto mapping = parse_bootstrap_mapping("kafka-0:9092,127.0.0.1:x");
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().message, "listener: '127.0.0.1:x' has a port that is not a number");
}

TEST(ExternalFlag, IsRead) {
  const auto mapping = parse_external_mapping("kafka-0:9092,elsewhere:443");
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_TRUE(*mapping == (ExternalMapping{{"kafka-0", 9092}, {"elsewhere", 443}}));
}

TEST(ExternalFlag, TakesTwoParts) {
  EXPECT_FALSE(parse_external_mapping("kafka-0:9092"));
  EXPECT_FALSE(parse_external_mapping("a:1,b:2,c:3"));
}

}  // namespace
}  // namespace kp::config
