#include "broker/dial.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>

#include "support/certificates.h"
#include "support/running.h"

namespace kp::broker {
namespace {

using std::chrono::milliseconds;
using test::Socket;

class DialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    loop.start();
  }

  Result<net::Stream> dial(const Dialer& dialer, const HostPort& target) {
    return test::run(loop, dialer.dial(loop, target));
  }
  static Dialer plain(std::vector<config::ResolveRule> rules = {}, milliseconds limit = milliseconds(10'000)) {
    return {std::move(rules), nullptr, limit};
  }

  net::Loop loop;
};

TEST_F(DialTest, ConnectsToAnAddress) {
  const test::ListeningSocket listening;
  const Result<net::Stream> made = dial(plain(), listening.address());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->peer(), listening.address());
}

TEST_F(DialTest, ConnectsToAName) {
  const test::ListeningSocket listening;
  const Result<net::Stream> made = dial(plain(), {"localhost", listening.port()});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->peer().port, listening.port());
}

TEST_F(DialTest, ConnectsToTheAddressThatAnOverrideGives) {
  const test::ListeningSocket listening;
  const Result<net::Stream> made =
      dial(plain({{"*.internal", "127.0.0.1", ""}}), {"kafka-0.internal", listening.port()});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->peer(), listening.address());
}

TEST_F(DialTest, TakesTheNextAddressWhenOneIsRefused) {
  const test::ListeningSocket listening;  // not on ::1
  const Result<net::Stream> made = dial(plain({{"kafka", "127.0.0.1", "::1"}}), {"kafka", listening.port()});
  ASSERT_TRUE(made) << made.error().message;
}

TEST_F(DialTest, ARefusedPortIsTriedAgainBeforeItFails) {
  const auto began = std::chrono::steady_clock::now();
  const Result<net::Stream> made = dial(plain(), {"127.0.0.1", test::free_ports()});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Io);
  EXPECT_NE(made.error().message.find("Connection refused"), std::string::npos) << made.error().message;
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(400));  // two pauses
}

TEST_F(DialTest, ErrorsNameTheTarget) {
  const HostPort target{"127.0.0.1", test::free_ports()};
  const Result<net::Stream> made = dial(plain(), target);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.starts_with(to_string(target) + ": connect 127.0.0.1: ")) << made.error().message;
}

TEST_F(DialTest, APortThatOpensBetweenAttemptsIsReached) {
  const std::uint16_t port = test::free_ports();
  const Dialer dialer = plain();
  auto dialled = test::spawn(loop, dialer.dial(loop, {"127.0.0.1", port}));
  net::asio::io_context context;
  const net::asio::ip::tcp::acceptor acceptor(context, {net::asio::ip::address_v4::loopback(), port});

  const Result<net::Stream> made = test::await(std::move(dialled));

  EXPECT_TRUE(made) << made.error().message;
}

TEST_F(DialTest, ANameThatDoesNotExistIsSaidToBeTheTrouble) {
  const Result<net::Stream> made = dial(plain(), {"no-such-host.invalid", 9092});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("name lookup"), std::string::npos) << made.error().message;
}

/// A listener whose queue is full: further connections hang, as in a network that drops packets.
class BlackHole {
 public:
  BlackHole() : listening_(0) {
    for (Socket& socket : queue_) socket = begin_connecting();
  }
  HostPort address() const { return listening_.address(); }

 private:
  Socket begin_connecting() const {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listening_.descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
    ::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), size);
    return socket;
  }

  test::ListeningSocket listening_;
  std::array<Socket, 8> queue_;
};

TEST_F(DialTest, ABlackHoleIsATimeoutWithinTheLimit) {
  const BlackHole hole;
  const auto began = std::chrono::steady_clock::now();
  const Result<net::Stream> made = dial(plain({}, milliseconds(300)), hole.address());
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Timeout) << made.error().message;
  EXPECT_LT(took, milliseconds(3000));
}

TEST_F(DialTest, TheLimitAlsoEndsThePauseBetweenAttempts) {
  const Result<net::Stream> made = dial(plain({}, milliseconds(1)), {"127.0.0.1", test::free_ports()});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Timeout) << made.error().message;
}

class DialTls : public DialTest {
 protected:
  void SetUp() override {
    DialTest::SetUp();
    const auto leaf = authority.issue("DNS:kafka-0.internal");
    const auto context = [&] {
      net::TlsServerOptions options;
      options.cert = leaf.cert;
      options.key = leaf.key;
      return net::TlsContext::server(options);
    }();
    ASSERT_TRUE(context);
    server = *context;
  }

  Dialer trusting(const std::string& ca, milliseconds limit = milliseconds(10'000)) {
    const auto context = [&] {
      net::TlsClientOptions options;
      options.ca = ca;
      return net::TlsContext::client(options);
    }();
    return {{{"*", "127.0.0.1", ""}, {"*.internal", "127.0.0.1", ""}}, *context, limit};
  }

  /// What a dial to `host` gives while one TLS server answers there.
  Result<net::Stream> dial_server(const Dialer& dialer, const std::string& host) {
    auto dialled = test::spawn(loop, dialer.dial(loop, {host, listening.port()}));
    Socket accepted = listening.accept();
    net::asio::ip::tcp::socket socket(loop.context());
    socket.assign(net::asio::ip::tcp::v4(), accepted.release());
    net::Stream stream(std::move(socket));
    auto greeted = test::spawn(loop, stream.accept_tls(*server));
    Result<net::Stream> made = test::await(std::move(dialled));
    (void)test::await(std::move(greeted));
    return made;
  }

  test::Certificates authority;
  std::shared_ptr<const net::TlsContext> server;
  test::ListeningSocket listening;
};

TEST_F(DialTls, TheUpstreamNameIsVerifiedAlthoughAnOverrideGivesAnAddress) {
  const Result<net::Stream> made = dial_server(trusting(authority.ca()), "kafka-0.internal");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->tls());
}

TEST_F(DialTls, AnotherNameAtTheSameAddressIsRefused) {
  const Result<net::Stream> made = dial_server(trusting(authority.ca()), "kafka-1.internal");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Unauthorized);
}

TEST_F(DialTls, AFailedHandshakeIsNotTriedAgain) {
  const test::Certificates theirs("another CA");
  const Result<net::Stream> made = dial_server(trusting(theirs.ca()), "kafka-0.internal");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("TLS handshake: "), std::string::npos) << made.error().message;
  EXPECT_FALSE(listening.accept(milliseconds(600)).open());
}

TEST_F(DialTls, AServerThatNeverAnswersTheHelloIsATimeout) {
  const Dialer dialer = trusting(authority.ca(), milliseconds(300));
  auto dialled = test::spawn(loop, dialer.dial(loop, {"kafka-0.internal", listening.port()}));
  const Socket accepted = listening.accept();
  const Result<net::Stream> made = test::await(std::move(dialled));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Timeout) << made.error().message;
}

/// In a network of our own whose only ephemeral port is the target, so that the first attempt connects to itself.
/// Exit codes of the child: 0 no connection came of it.
int dial_where_only_the_target_is_free() {
  constexpr std::uint16_t port = 40000;
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return 10;
  const Socket control(::socket(AF_INET, SOCK_DGRAM, 0));
  ifreq loopback{};
  std::strncpy(loopback.ifr_name, "lo", IFNAMSIZ - 1);
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(control.descriptor(), SIOCSIFFLAGS, &loopback) != 0) return 11;
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << port << ' ' << port << std::flush;
  if (!range) return 12;

  net::Loop loop;
  loop.start();
  const Dialer dialer({}, nullptr, milliseconds(10'000));
  const Result<net::Stream> made = test::run(loop, dialer.dial(loop, {"127.0.0.1", port}));
  if (made) return 1;
  return 0;  // which of the three attempts' errors it is depends on the kernel: the port may rest in TIME_WAIT
}

TEST(Dial, NeverGivesAConnectionToItself) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(dial_where_only_the_target_is_free());
  int status = -1;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: connected to itself, 10 and more: no network of our own";
}

}  // namespace
}  // namespace kp::broker
