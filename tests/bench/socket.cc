#include "bench/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace kp::bench {
namespace {

constexpr int backlog = 4096;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Fd tcp_socket() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check(fd.get() < 0, "socket");
  return fd;
}

void no_delay(const Fd& socket) {
  const int on = 1;
  check(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0, "TCP_NODELAY");
}

bool bind_to(const Fd& fd, std::uint16_t port) {
  const int on = 1;
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0, "SO_REUSEADDR");
  const sockaddr_in address = loopback(port);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

void give_up(std::string_view what) { throw Failure(std::string(what)); }

void say(std::string_view what) { std::fprintf(stderr, "kpbench: %.*s\n", static_cast<int>(what.size()), what.data()); }

void check(bool failed, std::string_view what) {
  if (failed) give_up(std::string(what) + ": " + std::strerror(errno));
}

Fd::~Fd() {
  if (number_ >= 0) ::close(number_);
}

Listener listen_on_loopback(std::uint16_t port) {
  Listener made{tcp_socket(), 0};
  check(!bind_to(made.fd, port), "bind");
  check(::listen(made.fd.get(), backlog) < 0, "listen");
  sockaddr_in address{};
  socklen_t size = sizeof address;
  check(::getsockname(made.fd.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0, "getsockname");
  made.port = ntohs(address.sin_port);
  return made;
}

bool port_is_free(std::uint16_t port) { return bind_to(tcp_socket(), port); }

std::uint16_t free_ports(int count) {
  constexpr int lowest = 20000;
  constexpr int highest = 32000;
  static int next = lowest + ::getpid() % 4000;
  for (; next + count < highest; next += count) {
    bool all_free = true;
    for (int i = 0; i < count && all_free; ++i) all_free = port_is_free(static_cast<std::uint16_t>(next + i));
    if (all_free) return static_cast<std::uint16_t>(std::exchange(next, next + count));
  }
  give_up("no range of free ports");
}

Fd try_connect_to(std::uint16_t port) {
  Fd fd = tcp_socket();
  const sockaddr_in address = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return Fd();
  no_delay(fd);
  return fd;
}

Fd connect_to(std::uint16_t port) {
  Fd fd = try_connect_to(port);
  check(fd.get() < 0, "connect to port " + std::to_string(port));
  return fd;
}

Fd accept_from(const Fd& listener) {
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  check(fd.get() < 0, "accept");
  no_delay(fd);
  return fd;
}

void make_nonblocking(const Fd& socket) { check(::fcntl(socket.get(), F_SETFL, O_NONBLOCK) < 0, "O_NONBLOCK"); }

void send_all(const Fd& socket, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    check(n < 0, "send");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void receive_all(const Fd& socket, MutableBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    check(n < 0, "receive");
    if (n == 0) give_up("receive: the peer closed");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

bool receive_frame(const Fd& socket, Bytes& frame) {
  std::array<std::uint8_t, 4> size;
  const ssize_t first = ::recv(socket.get(), size.data(), size.size(), MSG_WAITALL);
  if (first <= 0) return false;
  frame.resize(static_cast<std::size_t>(big_endian_i32(size)));
  receive_all(socket, frame);
  return true;
}

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) { check(fd_.get() < 0, "epoll_create1"); }

void Poller::add(const Fd& socket, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = socket.get()}};
  check(::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, socket.get(), &event) < 0, "epoll_ctl");
}

void Poller::change(const Fd& socket, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = socket.get()}};
  check(::epoll_ctl(fd_.get(), EPOLL_CTL_MOD, socket.get(), &event) < 0, "epoll_ctl");
}

std::span<const Poller::Ready> Poller::wait(int milliseconds) {
  std::array<epoll_event, 64> events;
  const int n = ::epoll_wait(fd_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
  check(n < 0 && errno != EINTR, "epoll_wait");
  ready_.clear();
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    ready_.push_back({event.data.fd, event.events});
  }
  return ready_;
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit) < 0, "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(RLIMIT_NOFILE, &limit) < 0, "setrlimit");
  return limit.rlim_cur;
}

}  // namespace kp::bench
