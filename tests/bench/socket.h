#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

/// Plain loopback sockets. What goes wrong here is a Failure: a figure from half a set-up would mislead.
namespace kp::bench {

/// Of one way to the broker while it is measured, whose figures are lost then and no others; anywhere else it ends the
/// bench, or the child that it happens in.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws a Failure.
[[noreturn]] void give_up(std::string_view what);

/// A line on stderr: progress, or what went wrong.
void say(std::string_view what);

/// The same with the system's reason, when `failed`.
void check(bool failed, std::string_view what);

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd();

  int get() const { return number_; }

 private:
  int number_ = -1;
};

struct Listener {
  Fd fd;
  std::uint16_t port = 0;
};

/// On 127.0.0.1; port 0: any free one.
Listener listen_on_loopback(std::uint16_t port = 0);

/// False when somebody listens there, or did a moment ago.
bool port_is_free(std::uint16_t port);

/// The first of `count` that nobody listens at, below the ephemeral range, so that a connection of ours doesn't take
/// one of them first; never the same twice.
std::uint16_t free_ports(int count);
inline std::uint16_t free_port() { return free_ports(1); }

/// Blocking, with TCP_NODELAY.
Fd connect_to(std::uint16_t port);

/// Fd() (get() is -1) when nobody answers.
Fd try_connect_to(std::uint16_t port);

Fd accept_from(const Fd& listener);  ///< with TCP_NODELAY
void make_nonblocking(const Fd& socket);

void send_all(const Fd& socket, BytesView bytes);
void receive_all(const Fd& socket, MutableBytes bytes);

/// One frame: its size, then that many bytes. False when the peer closed instead.
bool receive_frame(const Fd& socket, Bytes& frame);

/// epoll, level-triggered.
class Poller {
 public:
  Poller();
  void add(const Fd& socket, std::uint32_t events);
  void change(const Fd& socket, std::uint32_t events);

  struct Ready {
    int fd = -1;
    std::uint32_t events = 0;
  };
  /// Up to 64 at a time; -1 waits without end.
  std::span<const Ready> wait(int milliseconds);

 private:
  Fd fd_;
  std::vector<Ready> ready_;
};

/// As many descriptors as the hard limit allows; for children too. Returns how many.
std::size_t raise_descriptor_limit();

}  // namespace kp::bench
