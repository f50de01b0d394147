#include "support/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

namespace kp::test {
namespace {

bool ready(int descriptor, short what, std::chrono::milliseconds limit) {
  pollfd waiting{descriptor, what, 0};
  return ::poll(&waiting, 1, static_cast<int>(limit.count())) == 1;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool can_bind(std::uint16_t port) {
  const Socket probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::bind(probe.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::uint16_t free_ports(std::uint16_t count) {
  constexpr int first = 12000;
  constexpr int last = 32000;
  // Programs that run beside this one begin elsewhere, and no test takes the ports of the one before.
  static int next = first + (static_cast<int>(::getpid()) * 61) % (last - first);
  for (;;) {
    if (next + count > last) next = first;
    const int base = next;
    next += count;
    bool all = true;
    for (int port = base; port < base + count && all; ++port) all = can_bind(static_cast<std::uint16_t>(port));
    if (all) return static_cast<std::uint16_t>(base);
  }
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

Socket Socket::connect(std::uint16_t port, const std::string& address, int receive_buffer) {
  const bool v6 = address.find(':') != std::string::npos;
  Socket made(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) ::setsockopt(made.descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  ::setsockopt(made.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  sockaddr_in four = loopback(port);
  ::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(),
              v6 ? static_cast<void*>(&six.sin6_addr) : static_cast<void*>(&four.sin_addr));
  const auto* const to = v6 ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  if (::connect(made.descriptor_, to, v6 ? sizeof six : sizeof four) != 0) made.close();
  return made;
}

std::uint16_t Socket::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);  // at the same place for both families
}

bool Socket::send(BytesView bytes) const {
  while (!bytes.empty()) {
    if (!ready(descriptor_, POLLOUT, patience)) return false;
    const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) return false;
    if (n > 0) bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

Bytes Socket::receive(std::size_t count, std::chrono::milliseconds limit) const {
  Bytes got(count);
  std::size_t filled = 0;
  while (filled < count && ready(descriptor_, POLLIN, limit)) {
    const ssize_t n = ::recv(descriptor_, got.data() + filled, count - filled, 0);
    if (n <= 0) break;
    filled += static_cast<std::size_t>(n);
  }
  got.resize(filled);
  return got;
}

Bytes Socket::receive_frame() const {
  Bytes frame = receive(4);
  if (frame.size() < 4) return frame;
  const Bytes rest = receive(static_cast<std::size_t>(big_endian_i32(frame)));
  frame.insert(frame.end(), rest.begin(), rest.end());
  return frame;
}

Bytes Socket::receive_to_end() const {
  Bytes all;
  for (;;) {
    const Bytes more = receive(65536);
    all.insert(all.end(), more.begin(), more.end());
    if (more.size() < 65536) return all;
  }
}

bool Socket::ended(std::chrono::milliseconds limit) const {
  std::uint8_t byte = 0;
  return ready(descriptor_, POLLIN, limit) && ::recv(descriptor_, &byte, 1, 0) <= 0;
}

bool Socket::was_reset() const {
  std::uint8_t byte = 0;
  while (ready(descriptor_, POLLIN, patience)) {
    const ssize_t n = ::recv(descriptor_, &byte, 1, 0);
    if (n == 0) return false;
    if (n < 0) return errno == ECONNRESET;
  }
  return false;
}

void Socket::shutdown_write() const { ::shutdown(descriptor_, SHUT_WR); }

void Socket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Socket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

ListeningSocket::ListeningSocket(int backlog) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in any_port = loopback(0);
  ::bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&any_port), sizeof any_port);
  ::listen(socket_.descriptor(), backlog);
}

Socket ListeningSocket::accept(std::chrono::milliseconds limit) const {
  if (!ready(socket_.descriptor(), POLLIN, limit)) return {};
  Socket accepted(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  const int on = 1;
  ::setsockopt(accepted.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return accepted;
}

void breathe() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

}  // namespace kp::test
