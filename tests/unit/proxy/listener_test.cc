#include "proxy/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/running.h"

namespace kp::proxy {
namespace {

class ListenerTest : public testing::Test {
 protected:
  void SetUp() override { loop.start(); }

  /// A listener on a free port, closed again at the end.
  std::shared_ptr<Listener> open(const std::string& address = "127.0.0.1") {
    auto opened = Listener::open(loop, {address, 0});
    EXPECT_TRUE(opened) << opened.error().message;
    return *opened;
  }

  net::Loop loop;
};

TEST_F(ListenerTest, HandsOverWhomItAccepts) {
  const auto listener = open();
  std::promise<net::Accepted> accepted;
  listener->start({}, [&accepted](net::Accepted came, const Route&) { accepted.set_value(std::move(came)); });
  const test::Socket client = test::Socket::connect(listener->port());

  net::Accepted came = test::await(accepted.get_future());

  EXPECT_EQ(net::address_of(came.from), (HostPort{"127.0.0.1", client.local_port()}));
  const test::Socket theirs(came.socket.release());
  theirs.send(test::bytes_of("x"));
  EXPECT_EQ(client.receive(1), test::bytes_of("x"));
  listener->close();
}

int option(const test::Socket& socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  ::getsockopt(socket.descriptor(), level, name, &value, &size);
  return value;
}

/// True: a socket that listens already, made by somebody else.
class ConnectionOptions : public ListenerTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(, ConnectionOptions, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "OfAnAdopted" : "OfAnOpened"; });

TEST_P(ConnectionOptions, AreThoseOfTheListener) {
  const test::ListeningSocket others;
  const auto listener =
      GetParam() ? *Listener::adopt(loop, Descriptor(::fcntl(others.descriptor(), F_DUPFD_CLOEXEC, 0))) : open();
  std::promise<int> accepted;
  listener->start({}, [&accepted](net::Accepted came, const Route&) { accepted.set_value(came.socket.release()); });
  const test::Socket client = test::Socket::connect(listener->port());

  const test::Socket theirs(test::await(accepted.get_future()));

  EXPECT_NE(option(theirs, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(option(theirs, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_NE(::fcntl(theirs.descriptor(), F_GETFL) & O_NONBLOCK, 0);
  listener->close();
}

TEST_F(ListenerTest, ATakenPortIsAConflictThatNamesTheAddress) {
  const auto first = open();
  const HostPort address{"127.0.0.1", first->port()};
  const auto second = Listener::open(loop, address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Conflict);
  EXPECT_NE(second.error().message.find(to_string(address)), std::string::npos) << second.error().message;
}

TEST_F(ListenerTest, CloseFreesThePort) {
  const auto listener = open();
  listener->start({}, [](const net::Accepted&, const Route&) {});
  listener->close();
  EXPECT_TRUE(test::eventually([&] { return Listener::open(loop, {"127.0.0.1", listener->port()}).has_value(); }));
}

TEST_F(ListenerTest, CloseLetsInWhoIsConnectedAlready) {
  const auto listener = open();
  std::promise<int> accepted;
  test::Socket client;
  test::on_loop(loop, [&] {  // which can't accept meanwhile
    listener->start({}, [&accepted](net::Accepted came, const Route&) { accepted.set_value(came.socket.release()); });
    client = test::Socket::connect(listener->port());
    listener->close();
    return true;
  });
  const test::Socket theirs(test::await(accepted.get_future()));
  theirs.send(test::bytes_of("x"));
  EXPECT_EQ(client.receive(1), test::bytes_of("x"));
}

TEST_F(ListenerTest, CloseLeavesWhatWasAccepted) {
  const auto listener = open();
  std::promise<int> accepted;
  bool first = true;  // others come until it is closed
  listener->start({}, [&accepted, &first](net::Accepted came, const Route&) {
    if (std::exchange(first, false)) accepted.set_value(came.socket.release());
  });
  const test::Socket client = test::Socket::connect(listener->port());
  const test::Socket theirs(test::await(accepted.get_future()));

  listener->close();

  ASSERT_TRUE(test::eventually([&] { return !test::Socket::connect(listener->port()).open(); }));
  theirs.send(test::bytes_of("x"));
  EXPECT_EQ(client.receive(1), test::bytes_of("x"));
}

TEST_F(ListenerTest, ANameIsNoAddressToListenOn) {
  const auto opened = Listener::open(loop, {"localhost", 0});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::Invalid);
}

TEST_F(ListenerTest, AnAddressOfAnotherMachineIsAnIoError) {
  const auto opened = Listener::open(loop, {"192.0.2.1", 0});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::Io);
}

TEST_F(ListenerTest, AllOfIpv6TakesIpv4ClientsToo) {
  const auto listener = open("::");
  std::promise<net::Accepted> accepted;
  listener->start({}, [&accepted](net::Accepted came, const Route&) { accepted.set_value(std::move(came)); });
  const test::Socket client = test::Socket::connect(listener->port(), "127.0.0.1");
  const net::Accepted came = test::await(accepted.get_future());
  EXPECT_EQ(net::address_of(came.from), (HostPort{"127.0.0.1", client.local_port()}));
  listener->close();
}

}  // namespace
}  // namespace kp::proxy
