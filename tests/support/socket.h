#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/host_port.h"

namespace kp::test {

/// How long a test waits for what must come: long, since only a failing test gets there.
inline constexpr std::chrono::milliseconds patience{20'000};

/// A free port of 127.0.0.1 such that this many from there on are free, below the kernel's ephemeral range: nobody
/// takes them before the test does.
std::uint16_t free_ports(std::uint16_t count = 1);

Bytes bytes_of(std::string_view text);

/// A blocking TCP connection whose every wait ends with `patience`. One thread.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  /// Not open when refused. `receive_buffer` above 0 sets SO_RCVBUF, bytes, so that a slow reader is soon felt.
  static Socket connect(std::uint16_t port, const std::string& address = "127.0.0.1", int receive_buffer = 0);

  bool open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }
  std::uint16_t local_port() const;

  bool send(BytesView bytes) const;  ///< all of it; false: the peer is gone
  /// Up to `count` bytes; fewer at the end of the stream, at a reset, or when nothing more comes for `limit`.
  Bytes receive(std::size_t count, std::chrono::milliseconds limit = patience) const;
  Bytes receive_frame() const;   ///< a Kafka frame with its size; shorter at the end
  Bytes receive_to_end() const;  ///< everything until the peer's end
  /// The peer has ended, with a FIN or a reset, and sent nothing before.
  bool ended(std::chrono::milliseconds limit = patience) const;
  bool was_reset() const;  ///< waits for the end: a reset?

  void shutdown_write() const;
  void close();
  void reset();  ///< closes with RST

 private:
  int descriptor_ = -1;
};

/// Listens on 127.0.0.1.
class ListeningSocket {
 public:
  explicit ListeningSocket(int backlog = 64);
  std::uint16_t port() const { return socket_.local_port(); }
  HostPort address() const { return {"127.0.0.1", port()}; }
  Socket accept(std::chrono::milliseconds limit = patience) const;  ///< not open: nobody came
  int descriptor() const { return socket_.descriptor(); }

 private:
  Socket socket_;
};

void breathe();  ///< a moment for others, between two looks

/// Looks until `condition` holds; false when it never does within `limit`.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = patience) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    breathe();
  }
  return true;
}

}  // namespace kp::test
