#include "bench/broker.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "bench/frames.h"

namespace kp::bench {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

/// Where one connection stands in what it sends.
class Requests {
 public:
  /// Appends to `out` the answers to what is complete with `bytes`.
  void take(BytesView bytes, Answers& answers, Bytes& out) {
    while (!bytes.empty()) {
      if (head_filled_ < head_.size()) {
        const std::size_t n = std::min(head_.size() - head_filled_, bytes.size());
        std::copy_n(bytes.begin(), n, head_.begin() + static_cast<std::ptrdiff_t>(head_filled_));
        head_filled_ += n;
        bytes = bytes.subspan(n);
        if (head_filled_ < head_.size()) return;
        body_left_ = static_cast<std::size_t>(kafka::peek_request(head_).size) + kafka::frame_size_bytes - head_.size();
      }
      const std::size_t n = std::min(body_left_, bytes.size());
      body_left_ -= n;
      bytes = bytes.subspan(n);
      if (body_left_ > 0) return;
      const BytesView answer = answers.to(kafka::peek_request(head_));
      out.insert(out.end(), answer.begin(), answer.end());
      head_filled_ = 0;
    }
  }

 private:
  std::array<std::uint8_t, kafka::request_head_bytes> head_{};
  std::size_t head_filled_ = 0;
  std::size_t body_left_ = 0;
};

struct Connection {
  Fd fd;
  Requests requests;
};

/// False at the connection's end.
bool serve(Connection& connection, Bytes& buffer, Bytes& out, Answers& answers) {
  const ssize_t got = ::recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return true;
  if (got <= 0) return false;
  out.clear();
  connection.requests.take(BytesView(buffer).first(static_cast<std::size_t>(got)), answers, out);
  // Answers are small and the client reads them: a blocking send doesn't block.
  return out.empty() || ::send(connection.fd.get(), out.data(), out.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace

void serve_broker(Listener listener) {
  Poller poller;
  poller.add(listener.fd, EPOLLIN);
  Answers answers(listener.port);
  std::map<int, Connection> connections;
  Bytes buffer(buffer_bytes);
  Bytes out;
  for (;;) {
    for (const Poller::Ready& ready : poller.wait(-1)) {
      if (ready.fd == listener.fd.get()) {
        Fd fd = accept_from(listener.fd);
        poller.add(fd, EPOLLIN);
        const int number = fd.get();
        connections.emplace(number, Connection{std::move(fd), {}});
        continue;
      }
      const auto found = connections.find(ready.fd);
      if (found != connections.end() && !serve(found->second, buffer, out, answers)) connections.erase(found);
    }
  }
}

}  // namespace kp::bench
