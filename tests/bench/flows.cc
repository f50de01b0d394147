#include "bench/flows.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>

#include "bench/exchange.h"
#include "bench/frames.h"
#include "bench/wire.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t batch_bytes = 64 * 1024;  // small requests leave together
constexpr std::size_t tail_bytes = 64;          // may name endpoints, which differ on the way
constexpr int turns_in_a_row = 8;
constexpr auto look_every = std::chrono::milliseconds(50);
constexpr auto warm_up = std::chrono::milliseconds(100);
constexpr auto patience = std::chrono::seconds(30);

/// What all connections have in common.
struct Work {
  std::string who;        ///< the target, for what is said of a failure
  std::size_t frame = 0;  ///< bytes of one request
  Bytes batch;            ///< one request, or several, one after the other
  std::size_t depth = 1;
  BytesView reference;
  Bytes buffer = Bytes(buffer_bytes);
  std::uint64_t answered = 0;
  std::uint64_t answer_bytes = 0;
};

Bytes request_of(const Case& work) {
  return work.fetch ? fetch_request(work.version) : produce_request(work.bytes, work.version);
}

Work work_of(const std::string& who, const Case& what, BytesView reference) {
  Work work;
  work.who = who + ": " + what.name;
  const Bytes frame = request_of(what);
  work.frame = frame.size();
  work.depth = static_cast<std::size_t>(what.depth);
  const std::size_t many = std::clamp<std::size_t>(batch_bytes / frame.size(), 1, work.depth);
  for (std::size_t i = 0; i < many; ++i) work.batch.insert(work.batch.end(), frame.begin(), frame.end());
  work.reference = reference;
  return work;
}

/// One connection, with `depth` requests under way.
class Flow {
 public:
  Flow(Wire wire, Work& work) : wire_(std::move(wire)), work_(work) {}

  const Fd& fd() const { return wire_.fd(); }
  std::uint64_t answered() const { return answered_; }
  bool blocked() const { return blocked_; }

  /// As far as the socket lets it.
  void advance() {
    // A few turns for one, then the others'; what TLS holds back is told by nobody.
    for (int turn = 0; turn < turns_in_a_row || wire_.tls(); ++turn) {
      send();
      if (!receive()) return;
    }
    send();  // or nothing would come that wakes us
  }

 private:
  void send() {
    blocked_ = false;
    while (under_way_ < work_.depth) {
      const std::size_t most = std::min((work_.depth - under_way_) * work_.frame, work_.batch.size());
      const ssize_t sent = wire_.write(BytesView(work_.batch).first(most).subspan(sent_));
      if (sent < 0) give_up(work_.who + ": a connection ended under a request");
      if (sent == 0) {
        blocked_ = true;
        return;
      }
      sent_ += static_cast<std::size_t>(sent);
      under_way_ += sent_ / work_.frame;
      sent_ %= work_.frame;
    }
  }

  /// Until nothing is there; true when there is room for a request again.
  bool receive() {
    bool room = false;
    for (;;) {
      const bool skip = work_.reference.empty() && left_ > work_.buffer.size();
      const ssize_t got = skip ? wire_.discard(left_) : wire_.read(work_.buffer);
      if (got < 0) give_up(work_.who + ": a connection ended instead of an answer");
      if (got == 0) return room;
      if (skip) {
        left_ -= static_cast<std::size_t>(got);
        if (left_ == 0) room = finish();
      } else {
        room = take(BytesView(work_.buffer).first(static_cast<std::size_t>(got))) || room;
      }
      if (room && !wire_.tls()) return true;  // what is left is told again
    }
  }

  bool take(BytesView bytes) {
    bool room = false;
    while (!bytes.empty()) {
      if (head_filled_ < head_.size()) {
        const std::size_t n = std::min(head_.size() - head_filled_, bytes.size());
        std::copy_n(bytes.begin(), n, head_.begin() + static_cast<std::ptrdiff_t>(head_filled_));
        head_filled_ += n;
        bytes = bytes.subspan(n);
        if (head_filled_ < head_.size()) break;
        left_ = static_cast<std::size_t>(big_endian_i32(head_));
        frame_ = left_ + head_.size();
      }
      const std::size_t n = std::min(left_, bytes.size());
      if (!work_.reference.empty()) compare(bytes.first(n));
      left_ -= n;
      bytes = bytes.subspan(n);
      if (left_ == 0) room = finish();
    }
    return room;
  }

  /// All but the correlation id and what may stand behind the records.
  void compare(BytesView bytes) const {
    const std::size_t at = frame_ - left_;
    if (frame_ < work_.reference.size() || frame_ > work_.reference.size() + tail_bytes)
      give_up(work_.who + ": a frame of another size");
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::size_t where = at + i;
      if (where < 8 || where + tail_bytes >= work_.reference.size()) continue;
      if (bytes[i] != work_.reference[where])
        give_up(work_.who + ": byte " + std::to_string(where) + " of a response is damaged");
    }
  }

  bool finish() {
    head_filled_ = 0;
    --under_way_;
    ++answered_;
    ++work_.answered;
    work_.answer_bytes += frame_;
    return true;
  }

  Wire wire_;
  Work& work_;
  std::size_t sent_ = 0;  ///< of the request that is leaving
  std::size_t under_way_ = 0;
  std::array<std::uint8_t, 4> head_{};
  std::size_t head_filled_ = 0;
  std::size_t left_ = 0;   ///< of the frame that comes
  std::size_t frame_ = 0;  ///< its size, with the head
  std::uint64_t answered_ = 0;
  bool blocked_ = false;
};

/// All connections, and the thread that serves them.
class Flows {
 public:
  Flows(const Target& target, const Case& what, ssl_ctx_st* tls, BytesView reference)
      : work_(work_of(target.name, what, reference)) {
    for (int i = 0; i < what.connections; ++i) {
      Wire wire = Wire::client(connect_to(target.port), tls);
      log_in(wire, target);
      const int number = wire.fd().get();
      const auto [flow, is_new] = flows_.emplace(number, Flow(std::move(wire), work_));
      poller_.add(flow->second.fd(), EPOLLIN | EPOLLOUT);
      waits_[number] = true;
    }
  }

  const Work& work() const { return work_; }

  bool all_answered() const {
    return std::ranges::all_of(flows_, [](const auto& each) { return each.second.answered() > 0; });
  }

  void turn() {
    for (const Poller::Ready& ready : poller_.wait(100)) {
      Flow& flow = flows_.at(ready.fd);
      flow.advance();
      bool& waits = waits_[ready.fd];
      if (waits == flow.blocked()) continue;
      waits = flow.blocked();
      poller_.change(flow.fd(), waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
  }

 private:
  Work work_;
  Poller poller_;
  std::map<int, Flow> flows_;
  std::map<int, bool> waits_;
};

}  // namespace

Moved run_flows(const Target& target, const Case& what, ssl_ctx_st* tls, std::chrono::milliseconds span,
                BytesView reference) {
  Flows flows(target, what, tls, reference);
  const auto late = Clock::now() + patience;
  while (!flows.all_answered()) {
    flows.turn();
    if (Clock::now() > late) give_up(target.name + ": " + what.name + ": not every connection had an answer in time");
  }
  for (const auto warm = Clock::now() + warm_up; Clock::now() < warm;) flows.turn();

  Moved moved;
  const auto cpu = [&] { return target.between == nullptr ? std::chrono::nanoseconds(0) : target.between->cpu(); };
  const std::uint64_t answered = flows.work().answered;
  const std::uint64_t bytes = flows.work().answer_bytes;
  const auto cpu_before = cpu();
  const auto begin = Clock::now();
  auto look_at = begin;
  const auto enough = [&] { return flows.work().answered > answered && Clock::now() >= begin + span; };
  while (!enough() && Clock::now() < begin + patience) {
    flows.turn();
    if (target.between == nullptr || Clock::now() < look_at) continue;
    look_at = Clock::now() + look_every;
    moved.resident_bytes = std::max(moved.resident_bytes, target.between->resident_bytes());
  }
  moved.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  moved.cpu_seconds = std::chrono::duration<double>(cpu() - cpu_before).count();
  moved.requests = flows.work().answered - answered;
  moved.bytes = what.fetch ? flows.work().answer_bytes - bytes : moved.requests * flows.work().frame;
  if (moved.requests == 0) give_up(target.name + ": " + what.name + ": no answer came");
  return moved;
}

Bytes one_response(std::uint16_t port, const Case& work, ssl_ctx_st* tls) {
  Wire wire = Wire::client(connect_to(port), tls);
  return answer_to(wire, request_of(work));
}

}  // namespace kp::bench
