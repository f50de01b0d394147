#include "base/host_port.h"

#include <gtest/gtest.h>

namespace kp {
namespace {

class GoodHostPort : public testing::TestWithParam<std::pair<const char*, HostPort>> {};

TEST_P(GoodHostPort, IsReadAndWritten) {
  const auto address = parse_host_port(GetParam().first);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(*address, GetParam().second);
  EXPECT_EQ(to_string(*address), GetParam().first);
}

INSTANTIATE_TEST_SUITE_P(Base, GoodHostPort,
                         testing::Values(std::pair{"kafka:9092", HostPort{"kafka", 9092}},
                                         std::pair{"10.0.0.1:1", HostPort{"10.0.0.1", 1}},
                                         std::pair{"[2001:db8::1]:65535", HostPort{"2001:db8::1", 65535}}));

class BadHostPort : public testing::TestWithParam<const char*> {};

TEST_P(BadHostPort, IsInvalid) {
  const auto address = parse_host_port(GetParam());
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, Errc::Invalid);
}

INSTANTIATE_TEST_SUITE_P(Base, BadHostPort,
                         testing::Values("", ":", "kafka", ":9092", "kafka:", "kafka:x", "kafka:-1", "kafka:65536",
                                         "kafka:99999999999", "kafka: 1", "kafka:1 ", "::1:9092", "[::1]", "[::1:9092",
                                         "[]:1", "[::1]9092", "user@kafka:1", "http://kafka:1", "a b:1", "kafka:0"));

TEST(HostPort, PortZeroIsReadWhereItIsAskedFor) {
  const auto address = parse_host_port("127.0.0.1:0", true);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->port, 0);
}

TEST(HostPort, OrdersByHostAndThenByPort) {
  EXPECT_LT((HostPort{"a", 2}), (HostPort{"b", 1}));
  EXPECT_LT((HostPort{"a", 1}), (HostPort{"a", 2}));
}

}  // namespace
}  // namespace kp
