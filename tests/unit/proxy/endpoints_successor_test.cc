#include <gtest/gtest.h>

#include <functional>

#include "base/log.h"
#include "proxy/endpoints.h"

/// From the endpoints of one configuration to those of the next.
namespace kp::proxy {
namespace {

using std::chrono::steady_clock;

/// Endpoints over ports that are only counted, and that a successor takes over, as proxy/ports does it.
class EndpointsSuccessor : public testing::Test {
 protected:
  EndpointsSuccessor() { log::configure(log::Level::Error, log::Format::Text); }

  static config::Config by_port(std::uint16_t base, BrokerId max = 50, const std::string& hostname = "proxy") {
    config::Config config;
    config.broker_mapping = config::PortOffsetMapping{.hostname = hostname, .base = base, .max_broker_id = max};
    return config;
  }
  static config::Config by_name(const std::string& name) {
    config::Config config;
    config.broker_mapping = config::SniMapping{9092, 443, "^(.)(.).*", name};
    return config;
  }
  static config::Config in_sequence(std::uint16_t min, std::uint16_t count) {
    config::Config config;
    config::DynamicMapping mapping;
    mapping.listener_ip = "127.0.0.1";
    mapping.min_port = min;
    mapping.max_ports = count;
    config.broker_mapping = mapping;
    return config;
  }

  Endpoints::Open opener() {
    return [this](const HostPort& listen, BrokerId) -> Result<Endpoints::Bound> {
      if (taken.contains(listen.port)) return Error{Errc::Conflict, "in use"};
      std::shared_ptr<const std::uint64_t> door = bound[listen].lock();
      if (door == nullptr) bound[listen] = door = std::make_shared<const std::uint64_t>(++doors);
      const std::uint64_t number = *door;
      return Endpoints::Bound{listen.port, std::const_pointer_cast<std::uint64_t>(door), number};
    };
  }
  std::set<std::uint16_t> open() const {
    std::set<std::uint16_t> ports;
    for (const auto& [listen, door] : bound)
      if (!door.expired()) ports.insert(listen.port);
    return ports;
  }
  /// Endpoints of `config` that know brokers 1…count, "a1"…
  std::shared_ptr<Endpoints> known(const config::Config& config, BrokerId count = 3) {
    auto made = std::make_shared<Endpoints>(config, opener());
    for (BrokerId id = 1; id <= count; ++id) EXPECT_TRUE(made->downstream(id, {"a" + std::to_string(id), 9092}));
    return made;
  }
  std::shared_ptr<Endpoints> succeed(const Endpoints& before, const config::Config& config) {
    auto next = before.successor(config, opener());
    EXPECT_TRUE(next) << next.error().message;
    return next ? *next : std::make_shared<Endpoints>(config, opener());
  }
  static Endpoint endpoint(const Endpoints& endpoints, BrokerId id) {
    const auto found = endpoints.find(id);
    EXPECT_TRUE(found) << "broker " << id;
    return found.value_or(Endpoint{});
  }

  std::set<std::uint16_t> taken;
  std::uint64_t doors = 0;
  std::map<HostPort, std::weak_ptr<const std::uint64_t>> bound;
};

TEST_F(EndpointsSuccessor, WhoHasTheSamePlaceKeepsListenerAndAddress) {
  const auto before = known(by_port(9000));
  const auto after = succeed(*before, by_port(9000, 60));
  before->close();
  for (const BrokerId id : {1, 2, 3}) {
    EXPECT_EQ(endpoint(*after, id).door, endpoint(*before, id).door);
    EXPECT_EQ(endpoint(*after, id).downstream, endpoint(*before, id).downstream);
  }
  EXPECT_EQ(open(), (std::set<std::uint16_t>{9021, 9022, 9023}));
}

TEST_F(EndpointsSuccessor, AnotherHostnameIsToldAtTheSamePort) {
  const auto before = known(by_port(9000));
  const auto after = succeed(*before, by_port(9000, 50, "other"));
  EXPECT_EQ(endpoint(*after, 2).downstream, (HostPort{"other", 9022}));
  EXPECT_EQ(endpoint(*after, 2).door, endpoint(*before, 2).door);
}

TEST_F(EndpointsSuccessor, AnotherTemplateGivesOtherNames) {
  const auto before = known(by_name("b<$id>.old"));
  const auto after = succeed(*before, by_name("b<$id>.new"));
  EXPECT_EQ(after->named("b2.new"), 2);
  EXPECT_EQ(after->named("b2.old"), std::nullopt);
  EXPECT_EQ(before->named("b2.old"), 2);
}

TEST_F(EndpointsSuccessor, ATemplateThatTellsBrokersNoMoreApartFailsTheChange) {
  const auto before = known(by_name("b<$id>.old"));
  const auto after = before->successor(by_name("<$1>.new"), opener());
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Errc::Conflict);
}

TEST_F(EndpointsSuccessor, PortsThatMoveByOneOverlapAndEachBrokerGetsItsOwn) {
  const auto before = known(by_port(9000));
  const auto after = succeed(*before, by_port(9001));
  before->close();
  std::set<std::uint64_t> different;
  for (const BrokerId id : {1, 2, 3}) {
    EXPECT_EQ(endpoint(*after, id).downstream.port, 9021 + id);
    different.insert(endpoint(*after, id).door);
  }
  EXPECT_EQ(different.size(), 3U);
  EXPECT_EQ(open(), (std::set<std::uint16_t>{9022, 9023, 9024}));
}

TEST_F(EndpointsSuccessor, PortsThatMoveBackByOneDoToo) {
  const auto before = known(by_port(9001));
  const auto after = succeed(*before, by_port(9000));
  before->close();
  for (const BrokerId id : {1, 2, 3}) EXPECT_EQ(endpoint(*after, id).downstream.port, 9020 + id);
  EXPECT_EQ(open(), (std::set<std::uint16_t>{9021, 9022, 9023}));
}

TEST_F(EndpointsSuccessor, APortThatBecomesAnotherBrokersStaysBoundAllTheTime) {
  const auto before = known(by_port(9000));
  const auto after = succeed(*before, by_port(9001));
  EXPECT_EQ(endpoint(*after, 1).door, endpoint(*before, 2).door);
}

TEST_F(EndpointsSuccessor, AnotherRangeLeavesThePortsThatFit) {
  const auto before = known(in_sequence(9100, 3));
  const auto after = succeed(*before, in_sequence(9101, 5));
  before->close();
  EXPECT_EQ(endpoint(*after, 2).downstream.port, 9101);
  EXPECT_EQ(endpoint(*after, 3).downstream.port, 9102);
  EXPECT_EQ(endpoint(*after, 1).downstream.port, 9103);
  EXPECT_EQ(open(), (std::set<std::uint16_t>{9101, 9102, 9103}));
}

TEST_F(EndpointsSuccessor, ARangeThatIsTooShortFailsTheChange) {
  const auto before = known(in_sequence(9100, 3));
  const auto after = before->successor(in_sequence(9101, 2), opener());
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Errc::Conflict);
}

TEST_F(EndpointsSuccessor, ATakenPortFailsAndChangesNothing) {
  const auto before = known(by_port(9000));
  taken = {9522};
  const auto after = before->successor(by_port(9500), opener());
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, Errc::Conflict);
  EXPECT_EQ(open(), (std::set<std::uint16_t>{9021, 9022, 9023}));
  EXPECT_EQ(endpoint(*before, 2).downstream.port, 9022);
}

TEST_F(EndpointsSuccessor, ABrokerAboveTheNewMaximumIsLeftOutAndCounted) {
  const auto before = known(by_port(9000));
  const auto after = succeed(*before, by_port(9000, 2));
  before->close();
  EXPECT_EQ(after->list().size(), 2U);
  EXPECT_FALSE(after->find(3));
  EXPECT_EQ(after->unmapped().at("invalid"), 1U);
  EXPECT_EQ(open(), (std::set<std::uint16_t>{9021, 9022}));
}

TEST_F(EndpointsSuccessor, CountsGoOn) {
  const auto before = known(by_port(9000, 3));
  for (int i = 0; i < 4; ++i) (void)before->downstream(9, {"far", 9092});
  const auto after = succeed(*before, by_port(9000, 2));
  after->count_on_from(*before);
  EXPECT_EQ(after->unmapped().at("invalid"), 5U);  // and broker 3
}

TEST_F(EndpointsSuccessor, WhatIsKnownOfABrokersStateGoesOn) {
  const auto before = known(by_port(9000), 2);
  before->learned({.cluster_id = "c", .brokers = {{1, {"a1", 9092}, true}, {2, {"a2", 9092}}}, .complete = true},
                  steady_clock::now());
  before->set_dialled(2, false);
  for (const auto& next : {by_port(9000, 60), by_port(9500)}) {
    const auto after = succeed(*before, next);
    EXPECT_TRUE(endpoint(*after, 1).fenced);
    EXPECT_TRUE(endpoint(*after, 2).dial_failed);
  }
}

TEST_F(EndpointsSuccessor, ClosedEndpointsMapNobodyNew) {
  const auto before = known(by_port(9000));
  before->close();
  const auto refused = before->downstream(7, {"a7", 9092});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::Draining);
  EXPECT_TRUE(open().empty());
}

TEST_F(EndpointsSuccessor, ClosedEndpointsStillKnowWhomTheyKnew) {
  const auto before = known(by_port(9000));
  before->close();
  const auto told = before->downstream(2, {"a2", 9092});
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, (HostPort{"proxy", 9022}));
}

}  // namespace
}  // namespace kp::proxy
