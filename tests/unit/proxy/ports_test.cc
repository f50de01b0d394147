#include "proxy/ports.h"

#include <gtest/gtest.h>

#include "support/running.h"

namespace kp::proxy {
namespace {

class PortsTest : public testing::Test {
 protected:
  void SetUp() override { loop.start(); }

  HostPort at(const std::string& host) const { return {host, port}; }
  std::shared_ptr<Listener> take(const HostPort& address) {
    auto taken = ports.take(address, {});
    EXPECT_TRUE(taken) << taken.error().message;
    return taken ? *taken : nullptr;
  }
  /// The port closes here and now, as it does where a reload comes into force.
  void let_go(std::shared_ptr<Listener>& listener) {
    test::on_loop(loop, [&listener] { return listener.reset(), true; });
  }

  const std::uint16_t port = test::free_ports();
  net::Loop loop;
  Ports ports{loop};
};

TEST_F(PortsTest, TakeGivesTheListenerThatStandsThere) {
  const auto first = take(at("127.0.0.1"));
  EXPECT_EQ(take(at("127.0.0.1")), first);
}

TEST_F(PortsTest, OpenWhereOneOfOursStandsIsAConflict) {
  const auto first = take(at("127.0.0.1"));
  const auto second = ports.open(at("127.0.0.1"), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Conflict);
}

TEST_F(PortsTest, WhatWasOpenedCanBeTakenOver) {
  const auto opened = ports.open(at("127.0.0.1"), {});
  ASSERT_TRUE(opened);
  EXPECT_EQ(take(at("127.0.0.1")), *opened);
}

TEST_F(PortsTest, PortZeroIsAlwaysAnotherPort) {
  const auto first = take({"127.0.0.1", 0});
  const auto second = take({"127.0.0.1", 0});
  EXPECT_NE(first->port(), second->port());
  EXPECT_EQ(take({"127.0.0.1", first->port()}), first);
}

TEST_F(PortsTest, SomebodyElsesPortIsAConflict) {
  const test::ListeningSocket other;
  const auto taken = ports.take(other.address(), {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::Conflict);
}

TEST_F(PortsTest, SomebodyElsesPortIsAConflictAlsoForAnAddressThatOverlaps) {
  const test::ListeningSocket other;
  const auto taken = ports.take({"0.0.0.0", other.port()}, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::Conflict);
}

TEST_F(PortsTest, SomebodyElsesPortIsAConflictAlsoBesideOneOfOurs) {
  const test::ListeningSocket other;
  const auto ours = take({"127.0.0.2", other.port()});
  const auto taken = ports.take({"0.0.0.0", other.port()}, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::Conflict);
}

TEST_F(PortsTest, AFailedTakeLeavesOursUnshared) {
  const test::ListeningSocket other;
  const auto ours = take({"127.0.0.2", other.port()});
  ASSERT_FALSE(ports.take({"0.0.0.0", other.port()}, {}));
  EXPECT_FALSE(Listener::open(loop, {"127.0.0.2", other.port()}, Listener::Share::Yes));
}

TEST_F(PortsTest, ReleasedOnTheHomeLoopItIsFreeAtOnce) {
  for (int round = 0; round < 50; ++round) {
    auto listener = take(at("127.0.0.1"));
    ASSERT_NE(listener, nullptr);
    listener->start({}, [](const net::Accepted&, const Route&) {});
    let_go(listener);
    auto again = ports.open(at("127.0.0.1"), {});
    ASSERT_TRUE(again) << again.error().message;
    let_go(*again);
  }
}

TEST_F(PortsTest, ANewListenerAtAnOldAddressIsAnotherDoor) {
  auto listener = take(at("127.0.0.1"));
  const std::uint64_t door = listener->door();
  let_go(listener);
  EXPECT_NE(take(at("127.0.0.1"))->door(), door);
}

struct Overlap {
  std::string before;
  std::string after;
};
void PrintTo(const Overlap& overlap, std::ostream* out) { *out << overlap.before << " to " << overlap.after; }

class OverlappingPorts : public PortsTest, public testing::WithParamInterface<Overlap> {};
INSTANTIATE_TEST_SUITE_P(Of, OverlappingPorts,
                         testing::Values(Overlap{"127.0.0.1", "0.0.0.0"}, Overlap{"0.0.0.0", "127.0.0.1"},
                                         Overlap{"127.0.0.1", "::"}, Overlap{"::", "127.0.0.1"},
                                         Overlap{"0.0.0.0", "::"}, Overlap{"::", "0.0.0.0"}));

TEST_P(OverlappingPorts, ShareTheMomentOfTheChange) {
  const auto before = take(at(GetParam().before));
  const auto after = take(at(GetParam().after));
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->door(), after->door());
}

TEST_P(OverlappingPorts, LeaveTheNewOneAnsweringOnceTheOldOneIsGone) {
  auto before = take(at(GetParam().before));
  const auto after = take(at(GetParam().after));
  ASSERT_TRUE(before && after);
  std::promise<std::uint64_t> came_by;
  after->start({}, [&came_by](const net::Accepted&, const Route& route) { came_by.set_value(route.door); });
  let_go(before);
  const test::Socket client = test::Socket::connect(port);
  ASSERT_TRUE(client.open());
  EXPECT_EQ(test::await(came_by.get_future()), after->door());
}

TEST_P(OverlappingPorts, AreAConflictForOthersAfterwards) {
  const auto before = take(at(GetParam().before));
  const auto after = take(at(GetParam().after));
  for (const std::string& host : {GetParam().before, GetParam().after}) {
    const auto another = Listener::open(loop, at(host));
    ASSERT_FALSE(another);
    EXPECT_EQ(another.error().code, Errc::Conflict);
  }
}

TEST_P(OverlappingPorts, OpenDoesNotShare) {
  const auto before = take(at(GetParam().before));
  const auto opened = ports.open(at(GetParam().after), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::Conflict);
}

}  // namespace
}  // namespace kp::proxy
