#include "bench/broker.h"

#include <sys/epoll.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <new>

#include "bench/frames.h"
#include "bench/wire.h"

namespace kp::bench {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t small_bytes = 4096;        // answers up to here are put together
constexpr std::size_t gathered_bytes = 1 << 16;  // as far as this
constexpr std::size_t most_pieces = 32;
constexpr std::size_t most_waiting = 256;  // answers that wait: no more is read before they are gone

/// What a connection is to send: its own bytes, or somebody else's that live longer.
struct Piece {
  Bytes own;
  BytesView others;
  BytesView view() const { return own.empty() ? others : BytesView(own); }
};

class Connection {
 public:
  Connection(Fd socket, ssl_ctx_st* tls) : wire_(Wire::server(std::move(socket), tls)) {}

  const Fd& fd() const { return wire_.fd(); }
  bool sending() const { return !pieces_.empty(); }

  /// Goes on as far as the socket lets it; false at its end.
  bool advance(Bytes& buffer, Answers& answers, const Orders& orders) {
    for (;;) {
      if (!send()) return false;
      if (pieces_.size() > most_waiting) return true;
      // A body that is on its way is not even looked at.
      const ssize_t got = body_left_ > buffer.size() ? wire_.discard(body_left_) : wire_.read(buffer);
      if (got <= 0) return got == 0;
      if (body_left_ > buffer.size()) {
        body_left_ -= static_cast<std::size_t>(got);
        if (body_left_ == 0) finish(answers, orders);
        continue;
      }
      take(BytesView(buffer).first(static_cast<std::size_t>(got)), answers, orders);
    }
  }

 private:
  void take(BytesView bytes, Answers& answers, const Orders& orders) {
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
      finish(answers, orders);
    }
  }

  void finish(Answers& answers, const Orders& orders) {
    head_filled_ = 0;
    const kafka::RequestHead head = kafka::peek_request(head_);
    const BytesView answer = answers.to(head, orders.fetch_bytes());
    if (answer.size() <= small_bytes) {
      add(answer, head.correlation_id);
      return;
    }
    add(answer.first(kafka::response_head_bytes), head.correlation_id);
    pieces_.push_back({{}, answer.subspan(kafka::response_head_bytes)});
  }

  /// Small ones go out together.
  void add(BytesView answer, std::int32_t correlation_id) {
    if (pieces_.empty() || pieces_.back().own.empty() || pieces_.back().own.size() > gathered_bytes)
      pieces_.emplace_back();
    Bytes& own = pieces_.back().own;
    const std::size_t at = own.size();
    own.insert(own.end(), answer.begin(), answer.end());
    set_correlation_id(own, at + response_correlation_at, correlation_id);
  }

  bool send() {
    while (!pieces_.empty()) {
      ssize_t sent = 0;
      if (wire_.tls() != nullptr) {
        sent = wire_.write(pieces_.front().view().subspan(sent_));
      } else {
        std::array<iovec, most_pieces> vectors;
        std::size_t count = 0;
        for (const Piece& piece : pieces_) {
          if (count == vectors.size()) break;
          const BytesView rest = piece.view().subspan(count == 0 ? sent_ : 0);
          vectors[count++] = {const_cast<std::uint8_t*>(rest.data()), rest.size()};
        }
        sent = wire_.write(std::span<const iovec>(vectors).first(count));
      }
      if (sent <= 0) return sent == 0;
      sent_ += static_cast<std::size_t>(sent);
      while (!pieces_.empty() && sent_ >= pieces_.front().view().size()) {
        sent_ -= pieces_.front().view().size();
        pieces_.pop_front();
      }
    }
    return true;
  }

  Wire wire_;
  std::array<std::uint8_t, kafka::request_head_bytes> head_{};
  std::size_t head_filled_ = 0;
  std::size_t body_left_ = 0;
  std::deque<Piece> pieces_;
  std::size_t sent_ = 0;  ///< of the first piece
};

}  // namespace

Orders::Orders() {
  void* const page = ::mmap(nullptr, sizeof *fetch_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(page == MAP_FAILED, "mmap");
  fetch_bytes_ = new (page) std::atomic<std::uint32_t>(0);
}

Orders::~Orders() { ::munmap(fetch_bytes_, sizeof *fetch_bytes_); }

void serve_broker(Listener listener, const Orders& orders, ssl_ctx_st* tls) {
  Poller poller;
  poller.add(listener.fd, EPOLLIN);
  Answers answers(listener.port);
  std::map<int, Connection> connections;
  std::map<int, bool> sends;
  Bytes buffer(buffer_bytes);
  for (;;) {
    for (const Poller::Ready& ready : poller.wait(-1)) {
      if (ready.fd == listener.fd.get()) {
        Fd fd = accept_from(listener.fd);
        poller.add(fd, EPOLLIN);
        const int number = fd.get();
        connections.emplace(number, Connection(std::move(fd), tls));
        sends[number] = false;
        continue;
      }
      const auto found = connections.find(ready.fd);
      if (found == connections.end()) continue;
      Connection& connection = found->second;
      if (!connection.advance(buffer, answers, orders)) {
        connections.erase(found);
        continue;
      }
      bool& waits = sends[ready.fd];
      if (waits == connection.sending()) continue;
      waits = connection.sending();
      poller.change(connection.fd(), waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }
}

}  // namespace kp::bench
