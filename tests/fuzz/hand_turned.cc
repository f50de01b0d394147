#include "fuzz/hand_turned.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "base/log.h"
#include "fuzz/check.h"

namespace {

bool session_runs = false;
int brokers_end = -1;  ///< of the pair whose other end the session got as its connection to the broker

/// {what the session gets, ours}. Ours has a name, since a connection whose two ends have the same one leads to itself.
std::pair<int, int> socket_pair() {
  int ends[2] = {-1, -1};
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there are descriptors");
  const sockaddr_un any{AF_UNIX, {}};
  check(::bind(ends[1], reinterpret_cast<const sockaddr*>(&any), sizeof any.sun_family) == 0, "there are names");
  return {ends[0], ends[1]};
}

}  // namespace

// Asio calls these two when a session dials; the program's own stand before the C library's.
extern "C" int socket(int domain, int type, int protocol) noexcept {
  if (!session_runs || domain != AF_INET || brokers_end >= 0)
    return static_cast<int>(::syscall(SYS_socket, domain, type, protocol));
  const auto [sessions, ours] = socket_pair();
  brokers_end = ours;
  return sessions;
}
extern "C" int connect(int descriptor, const sockaddr* to, socklen_t size) {
  if (session_runs) return 0;  // born connected
  return static_cast<int>(::syscall(SYS_connect, descriptor, to, size));
}

namespace kp::fuzz {
namespace {

namespace asio = net::asio;
constexpr std::chrono::seconds patience{10};

}  // namespace

std::shared_ptr<const proxy::Runtime> runtime_of(config::Config config) {
  log::configure(log::Level::Error, log::Format::Text);
  config.downstream.security_protocol = config::uses_sasl(config.downstream.security_protocol)
                                            ? config::SecurityProtocol::SaslPlaintext
                                            : config::SecurityProtocol::Plaintext;
  config.broker_mapping = config::PortOffsetMapping{.hostname = "proxy", .base = 9092, .max_broker_id = 100};
  auto made = proxy::Runtime::build(std::make_shared<const config::Config>(config));
  check(made.has_value(), "the configuration is right");
  (*made)->bootstrap = {{"127.0.0.1", 9}};
  (*made)->endpoints = std::make_shared<proxy::Endpoints>(config, [](const HostPort& listen, BrokerId) {
    return Result<proxy::Endpoints::Bound>(proxy::Endpoints::Bound{listen.port, nullptr});
  });
  return *made;
}

HandTurned::HandTurned(proxy::Worker& worker, std::shared_ptr<const proxy::Runtime> runtime) : worker_(worker) {
  std::signal(SIGPIPE, SIG_IGN);  // splice doesn't know MSG_NOSIGNAL
  const auto [sessions, ours] = socket_pair();
  client_.socket = test::Socket(ours);
  ++worker_.connections;
  session_runs = true;
  auto session = std::make_shared<proxy::Session>(worker_, std::move(runtime), proxy::Route{},
                                                  net::Accepted{Descriptor(sessions), {}});
  asio::co_spawn(worker_.loop.executor(), proxy::Session::serve(std::move(session)), asio::detached);
}

HandTurned::~HandTurned() {
  session_runs = false;
  if (brokers_end >= 0) ::close(std::exchange(brokers_end, -1));
}

void HandTurned::from_client(BytesView bytes) {
  client_.waiting.insert(client_.waiting.end(), bytes.begin(), bytes.end());
  turn();
}
void HandTurned::from_broker(BytesView bytes) {
  if (!broker_there()) return;
  broker_.waiting.insert(broker_.waiting.end(), bytes.begin(), bytes.end());
  turn();
}
void HandTurned::client_has_said_all() {
  if (client_.socket.open()) client_.socket.shutdown_write();
  turn();
}
void HandTurned::broker_goes() {
  broker_.socket.close();
  turn();
}
void HandTurned::pass(std::chrono::milliseconds span) {
  worker_.loop.expire(std::chrono::steady_clock::now() + span);
  turn();
}
void HandTurned::drain() {
  for (proxy::Session* session : std::vector(worker_.sessions)) session->drain();
  turn();
}

void HandTurned::turn() {
  for (bool quiet = false; !quiet;) {
    quiet = !send_waiting(client_);
    if (send_waiting(broker_)) quiet = false;
    if (worker_.loop.context().poll() > 0) quiet = false;
    if (brokers_end >= 0 && !broker_there()) broker_.socket = test::Socket(std::exchange(brokers_end, -1));
    if (take(broker_, &HandTurned::at_broker)) quiet = false;
    if (take(client_, &HandTurned::at_client)) quiet = false;
  }
}

/// True: some of it went.
bool HandTurned::send_waiting(Peer& peer) {
  if (peer.waiting.empty() || !peer.socket.open()) return false;
  const ssize_t n =
      ::send(peer.socket.descriptor(), peer.waiting.data(), peer.waiting.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n <= 0) return false;
  peer.waiting.erase(peer.waiting.begin(), peer.waiting.begin() + n);
  return true;
}

bool HandTurned::take(const Peer& from, void (HandTurned::*into)(BytesView)) {
  static std::array<std::uint8_t, 65536> bytes;  // not on the stack: the sanitizer would mark it at every call
  if (!from.socket.open()) return false;
  const ssize_t n = ::recv(from.socket.descriptor(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (n <= 0) return false;
  (this->*into)(BytesView(bytes).first(static_cast<std::size_t>(n)));
  return true;
}

void HandTurned::finish() {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (alive()) {
    client_.socket.close();
    turn();
    broker_.socket.close();
    check(std::chrono::steady_clock::now() < end, "a session ends after its peers");
  }
  turn();
  for (const auto& [api, count] : worker_.counters.leaked) check(count == 0, "no upstream address leaves");
}

BytesView first_frame(BytesView bytes) {
  if (bytes.size() < 4) return {};
  const std::int32_t size = big_endian_i32(bytes);
  if (size < 0 || bytes.size() - 4 < static_cast<std::size_t>(size)) return {};
  return bytes.first(4 + static_cast<std::size_t>(size));
}

}  // namespace kp::fuzz
