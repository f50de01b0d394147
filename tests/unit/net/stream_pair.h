#pragma once

#include <memory>

#include "net/stream.h"
#include "support/running.h"

namespace kp::net {

/// A loop, a stream on it and the other end of its connection as a plain socket.
class StreamTest : public ::testing::Test {
 protected:
  void SetUp() override { loop.start(); }
  void TearDown() override {
    test::on_loop(loop, [this] {
      stream.reset();
      other.reset();
      return true;
    });
  }

  /// A connected pair; the peer's receive buffer is small when `receive_buffer` says so, bytes.
  void connect(int receive_buffer = 0) {
    const test::ListeningSocket listening;
    peer = test::Socket::connect(listening.port(), "127.0.0.1", receive_buffer);
    stream = adopt(listening.accept());
  }

  /// A pair of which both ends are ours.
  void connect_both() {
    const test::ListeningSocket listening;
    test::Socket client = test::Socket::connect(listening.port());
    stream = adopt(listening.accept());
    other = adopt(std::move(client));
  }

  std::unique_ptr<Stream> adopt(test::Socket socket) {
    asio::ip::tcp::socket made(loop.context());
    made.assign(asio::ip::tcp::v4(), socket.release());
    return std::make_unique<Stream>(std::move(made));
  }

  /// Calls cancel() on the loop, after everything that was started before.
  void cancel() {
    test::on_loop(loop, [this] {
      stream->cancel();
      return true;
    });
  }

  Loop loop;
  test::Socket peer;
  std::unique_ptr<Stream> stream;
  std::unique_ptr<Stream> other;
};

inline Bytes numbered(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return bytes;
}

}  // namespace kp::net
