#include "config/values.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace kp::config {
namespace {

using namespace std::chrono_literals;

class Duration : public testing::TestWithParam<std::pair<const char*, std::chrono::milliseconds>> {};

TEST_P(Duration, IsReadAndWritten) {
  const auto duration = parse_duration(GetParam().first);
  ASSERT_TRUE(duration) << duration.error().message;
  EXPECT_EQ(*duration, GetParam().second);
  EXPECT_EQ(format_duration(*duration), GetParam().first);
}

INSTANTIATE_TEST_SUITE_P(Values, Duration,
                         testing::Values(std::pair{"10s", 10'000ms}, std::pair{"500ms", 500ms},
                                         std::pair{"10m", 600'000ms}, std::pair{"1h", 3'600'000ms},
                                         std::pair{"61m", 3'660'000ms}, std::pair{"1500ms", 1500ms},
                                         std::pair{"0s", 0ms}));

class BadDuration : public testing::TestWithParam<const char*> {};

TEST_P(BadDuration, IsRefused) { EXPECT_FALSE(parse_duration(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Values, BadDuration,
                         testing::Values("", "10", "s", "-1s", "1.5s", "10 s", "10d", "10ss", "9223372036854775807h"));

TEST(Bytes, AreReadWithTheirUnit) {
  EXPECT_EQ(*parse_bytes("1000"), 1000);
  EXPECT_EQ(*parse_bytes("64KiB"), 65536);
  EXPECT_EQ(*parse_bytes("100mib"), 104857600);
  EXPECT_EQ(*parse_bytes("2GiB"), 2147483648);
}

class BadBytes : public testing::TestWithParam<const char*> {};

TEST_P(BadBytes, AreRefused) { EXPECT_FALSE(parse_bytes(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Values, BadBytes,
                         testing::Values("", "MiB", "-1", "1MB", "1 MiB", "1.5MiB", "9223372036854775807GiB"));

class BadInteger : public testing::TestWithParam<const char*> {};

TEST_P(BadInteger, IsRefused) { EXPECT_FALSE(parse_integer(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Values, BadInteger,
                         testing::Values("", "-", "+1", " 1", "1 ", "0x10", "010", "-01", "1_000", "1.0", "1e3",
                                         "9223372036854775808", "true"));

TEST(Integer, IsDecimal) {
  EXPECT_EQ(*parse_integer("0"), 0);
  EXPECT_EQ(*parse_integer("-12"), -12);
  EXPECT_EQ(*parse_integer("9223372036854775807"), 9223372036854775807);
}

TEST(Credential, SplitsAtTheFirstEqualsSign) {
  const auto credential = parse_credential("alice=a=b");
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->user, "alice");
  EXPECT_EQ(credential->secret, "a=b");
}

class Host : public testing::TestWithParam<std::pair<const char*, bool>> {};

TEST_P(Host, IsJudged) { EXPECT_EQ(is_host(GetParam().first), GetParam().second); }

INSTANTIATE_TEST_SUITE_P(Values, Host,
                         testing::Values(std::pair{"kafka-0", true}, std::pair{"a.b.c.", true}, std::pair{"a_b", true},
                                         std::pair{"10.0.0.1", true}, std::pair{"::1", true}, std::pair{"", false},
                                         std::pair{".a", false}, std::pair{"a..b", false}, std::pair{"a:1", false},
                                         std::pair{"*.a", false}, std::pair{"a b", false}, std::pair{"[::1]", false}));

class Utf8 : public testing::TestWithParam<std::pair<const char*, bool>> {};

TEST_P(Utf8, IsJudged) { EXPECT_EQ(is_utf8(GetParam().first), GetParam().second); }

INSTANTIATE_TEST_SUITE_P(Values, Utf8,
                         testing::Values(std::pair{"", true}, std::pair{"a", true}, std::pair{"ü€😀", true},
                                         std::pair{"\x80", false}, std::pair{"\xc3", false},
                                         std::pair{"\xc0\x80", false}, std::pair{"\xe0\x80\x80", false},
                                         std::pair{"\xed\xa0\x80", false}, std::pair{"\xf0\x80\x80\x80", false},
                                         std::pair{"\xf4\x90\x80\x80", false}, std::pair{"\xff", false}));

}  // namespace
}  // namespace kp::config
