#include "proxy/endpoints.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "support/socket.h"

namespace kp::proxy {
namespace {

using std::chrono::minutes;
using std::chrono::steady_clock;

/// Endpoints over ports that are only counted, not bound.
class EndpointsTest : public testing::Test {
 protected:
  static config::Config by_port() {
    config::Config config;
    config.broker_mapping = config::PortOffsetMapping{.hostname = "proxy", .base = 9000, .max_broker_id = 50};
    return config;
  }
  static config::Config by_name(const std::string& name) {
    config::Config config;
    config.broker_mapping = config::SniMapping{9092, 443, "^(.).*", name};
    return config;
  }
  Endpoints::Open opener() {
    return [this](const HostPort& listen, BrokerId) -> Result<Endpoints::Bound> {
      if (taken.contains(listen.port)) return Error{Errc::Conflict, "in use"};
      open.insert(listen.port);
      return Endpoints::Bound{listen.port,
                              std::shared_ptr<void>(this, [this, listen](void*) { open.erase(listen.port); })};
    };
  }
  static broker::Cluster cluster(std::vector<broker::ClusterBroker> brokers, bool complete = true) {
    return {.cluster_id = "c", .brokers = std::move(brokers), .complete = complete};
  }

  std::set<std::uint16_t> taken;
  std::set<std::uint16_t> open;
};

TEST_F(EndpointsTest, ABrokerHasTheSameAddressEachTime) {
  Endpoints endpoints(by_port(), opener());
  const auto first = endpoints.downstream(3, {"kafka-3", 9092});
  const auto again = endpoints.downstream(3, {"kafka-3", 9092});
  ASSERT_TRUE(first && again);
  EXPECT_EQ(*first, (HostPort{"proxy", 9023}));
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(open, std::set<std::uint16_t>{9023});
}

TEST_F(EndpointsTest, AMovedBrokerKeepsItsPort) {
  Endpoints endpoints(by_port(), opener());
  (void)endpoints.downstream(3, {"kafka-3", 9092});
  const auto moved = endpoints.downstream(3, {"kafka-3-new", 9092});
  ASSERT_TRUE(moved);
  EXPECT_EQ(*moved, (HostPort{"proxy", 9023}));
  EXPECT_EQ(endpoints.upstream_of(3), (HostPort{"kafka-3-new", 9092}));
  EXPECT_EQ(open.size(), 1U);
}

TEST_F(EndpointsTest, ABrokerThatHasNoPlaceIsCountedAndTheOthersGoOn) {
  taken = {9022};
  Endpoints endpoints(by_port(), opener());
  endpoints.learned(cluster({{1, {"a", 1}}, {2, {"b", 1}}, {99, {"c", 1}}}), steady_clock::now());
  ASSERT_EQ(endpoints.list().size(), 1U);
  EXPECT_EQ(endpoints.list().front().id, 1);
  EXPECT_EQ(endpoints.unmapped().at("conflict"), 1U);
  EXPECT_EQ(endpoints.unmapped().at("invalid"), 1U);
}

TEST_F(EndpointsTest, ARefusalIsLoggedOnceAndCountedEachTime) {
  log::configure(log::Level::Warn, log::Format::Text);
  Endpoints endpoints(by_port(), opener());
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) (void)endpoints.downstream(99, {"c", 1});
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(endpoints.unmapped().at("invalid"), 3U);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
}

TEST_F(EndpointsTest, APortThatBecomesFreeIsTakenAfterAWhile) {
  taken = {9022};
  Endpoints endpoints(by_port(), opener());
  EXPECT_FALSE(endpoints.downstream(2, {"b", 1}));
  taken.clear();
  EXPECT_FALSE(endpoints.downstream(2, {"b", 1}));
  EXPECT_TRUE(test::eventually([&] { return endpoints.downstream(2, {"b", 1}).has_value(); }));
}

TEST_F(EndpointsTest, TwoBrokersWithOneNameLeaveTheSecondUnreachable) {
  Endpoints endpoints(by_name("<$1>.example.com"), opener());
  EXPECT_TRUE(endpoints.downstream(1, {"a-one", 9092}));
  const auto second = endpoints.downstream(2, {"a-two", 9092});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Conflict);
  EXPECT_EQ(endpoints.named("a.example.com"), 1);
}

TEST_F(EndpointsTest, ABrokerThatMovesToAnotherNameIsFoundByTheNewOneOnly) {
  Endpoints endpoints(by_name("<$1><$id>.example.com"), opener());
  (void)endpoints.downstream(1, {"a", 9092});
  (void)endpoints.downstream(1, {"b", 9092});
  EXPECT_EQ(endpoints.named("b1.example.com"), 1);
  EXPECT_EQ(endpoints.named("a1.example.com"), std::nullopt);
}

TEST_F(EndpointsTest, ABrokerThatACompleteListLacksIsGoneWithItsPort) {
  Endpoints endpoints(by_port(), opener());
  const auto start = steady_clock::now();
  endpoints.learned(cluster({{1, {"a", 1}}, {2, {"b", 1}}}), start);
  endpoints.learned(cluster({{1, {"a", 1}}}), steady_clock::now() + minutes(1));
  EXPECT_EQ(open, std::set<std::uint16_t>{9021});
}

TEST_F(EndpointsTest, AFencedBrokerKeepsItsPort) {
  Endpoints endpoints(by_port(), opener());
  endpoints.learned(cluster({{1, {"a", 1}, true}}), steady_clock::now());
  ASSERT_EQ(endpoints.list().size(), 1U);
  EXPECT_FALSE(endpoints.list().front().reachable());
}

TEST_F(EndpointsTest, WithoutACompleteListABrokerIsForgottenOnlyAfterAWhile) {
  Endpoints endpoints(by_port(), opener());
  const auto start = steady_clock::now();
  endpoints.learned(cluster({{1, {"a", 1}}, {2, {"b", 1}}}, false), start);
  endpoints.learned(cluster({{1, {"a", 1}}}, false), start + minutes(9));
  EXPECT_EQ(endpoints.list().size(), 2U);
  endpoints.learned(cluster({{1, {"a", 1}}}, false), start + Endpoints::forget_after + minutes(1));
  EXPECT_EQ(endpoints.list().size(), 1U);
}

TEST_F(EndpointsTest, AFailedDialShowsUntilOneWorks) {
  Endpoints endpoints(by_port(), opener());
  (void)endpoints.downstream(1, {"a", 1});
  endpoints.set_dialled(1, false);
  EXPECT_FALSE(endpoints.list().front().reachable());
  endpoints.set_dialled(1, true);
  EXPECT_TRUE(endpoints.list().front().reachable());
}

TEST_F(EndpointsTest, ClosingEndsTheListeners) {
  Endpoints endpoints(by_port(), opener());
  (void)endpoints.downstream(1, {"a", 1});
  endpoints.close();
  EXPECT_TRUE(open.empty());
}

}  // namespace
}  // namespace kp::proxy
