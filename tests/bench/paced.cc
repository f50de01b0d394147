#include "bench/paced.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <map>

#include "bench/exchange.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(10);
constexpr auto lead = std::chrono::milliseconds(5);  // before the first is due
constexpr std::size_t buffer_bytes = 64 * 1024;

/// A connection, and when each request was due that isn't answered.
class PacedFlow {
 public:
  PacedFlow(Wire wire, std::string who) : wire_(std::move(wire)), who_(std::move(who)) {}

  const Fd& fd() const { return wire_.fd(); }
  bool blocked() const { return sent_ < unsent_.size(); }

  void add(BytesView request, Clock::time_point due) {
    unsent_.insert(unsent_.end(), request.begin(), request.end());
    due_.push_back(due);
  }

  void send() {
    while (blocked()) {
      const ssize_t n = wire_.write(BytesView(unsent_).subspan(sent_));
      if (n < 0) give_up(who_ + ": a connection ended under a request");
      if (n == 0) return;
      sent_ += static_cast<std::size_t>(n);
    }
    unsent_.clear();
    sent_ = 0;
  }

  void receive(Bytes& buffer, std::vector<double>& latencies) {
    for (;;) {
      const ssize_t got = wire_.read(buffer);
      if (got < 0) give_up(who_ + ": a connection ended instead of an answer");
      if (got == 0) return;
      received_.insert(received_.end(), buffer.begin(), buffer.begin() + got);
      take(latencies);
      if (!wire_.tls()) return;  // what is left is told again
    }
  }

 private:
  void take(std::vector<double>& latencies) {
    const auto now = Clock::now();
    std::size_t at = 0;
    while (received_.size() - at >= 4) {
      const std::size_t frame = 4 + static_cast<std::size_t>(big_endian_i32(BytesView(received_).subspan(at, 4)));
      if (received_.size() - at < frame) break;
      at += frame;
      if (due_.empty()) give_up(who_ + ": an answer that nobody asked for");
      latencies.push_back(std::chrono::duration<double, std::micro>(now - due_.front()).count());
      due_.pop_front();
    }
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  Wire wire_;
  const std::string who_;
  Bytes unsent_, received_;
  std::size_t sent_ = 0;
  std::deque<Clock::time_point> due_;
};

/// Readable once for each period that has passed.
Fd ticker(Clock::time_point begin, std::chrono::nanoseconds period) {
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  check(timer.get() < 0, "timerfd_create");
  const auto spec = [](std::chrono::nanoseconds time) {
    return timespec{.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
  };
  const itimerspec when{.it_interval = spec(period), .it_value = spec(begin.time_since_epoch())};
  check(::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &when, nullptr) < 0, "timerfd_settime");
  return timer;
}

class Paced {
 public:
  Paced(const Target& target, BytesView request, const Pace& pace, ssl_ctx_st* tls)
      : who_(target.name + ", " + std::to_string(pace.per_second) + " requests/s"), request_(request), pace_(pace) {
    for (int i = 0; i < pace.connections; ++i) {
      Wire wire = Wire::client(connect_to(target.port), tls);
      log_in(wire, target);
      answer_to(wire, request);  // handshakes and first answers are another matter
      const int number = wire.fd().get();
      poller_.add(wire.fd(), EPOLLIN);
      order_.push_back(&flows_.try_emplace(number, std::move(wire), who_).first->second);
    }
  }

  std::vector<double> run() {
    begin_ = Clock::now() + lead;
    timer_ = ticker(begin_, period_);
    poller_.add(timer_, EPOLLIN);
    latencies_.reserve(wanted_);
    const auto late = begin_ + pace_.span + patience;
    while (latencies_.size() < wanted_) {
      for (const Poller::Ready& ready : poller_.wait(100)) turn(ready);
      if (Clock::now() > late)
        give_up(who_ + ": " + std::to_string(wanted_ - latencies_.size()) + " requests were not answered in time");
    }
    return std::move(latencies_);
  }

 private:
  void turn(const Poller::Ready& ready) {
    if (ready.fd == timer_.get()) {
      tick();
      return;
    }
    PacedFlow& flow = flows_.at(ready.fd);
    if ((ready.events & EPOLLOUT) != 0) send(flow);
    flow.receive(buffer_, latencies_);
  }

  void tick() {
    std::uint64_t passed = 0;
    if (::read(timer_.get(), &passed, sizeof passed) != sizeof passed) return;
    for (; passed > 0 && scheduled_ < wanted_; --passed, ++scheduled_) {
      PacedFlow& flow = *order_[scheduled_ % order_.size()];
      flow.add(request_, begin_ + static_cast<std::int64_t>(scheduled_) * period_);
      send(flow);
    }
  }

  void send(PacedFlow& flow) {
    flow.send();
    bool& waits = waits_[flow.fd().get()];
    if (waits == flow.blocked()) return;
    waits = flow.blocked();
    poller_.change(flow.fd(), waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  const std::string who_;
  const BytesView request_;
  const Pace pace_;
  const std::chrono::nanoseconds period_{1'000'000'000 / pace_.per_second};
  const std::size_t wanted_ = static_cast<std::size_t>(pace_.span / period_);
  Poller poller_;
  std::map<int, PacedFlow> flows_;
  std::map<int, bool> waits_;
  std::vector<PacedFlow*> order_;
  Bytes buffer_ = Bytes(buffer_bytes);
  Fd timer_;
  Clock::time_point begin_;
  std::size_t scheduled_ = 0;
  std::vector<double> latencies_;
};

}  // namespace

PacedAnswers paced_answers(const Target& target, BytesView request, const Pace& pace, ssl_ctx_st* tls) {
  Paced paced(target, request, pace, tls);
  const auto cpu = [&] { return target.between == nullptr ? std::chrono::nanoseconds(0) : target.between->cpu(); };
  const auto before = cpu();
  PacedAnswers answers;
  answers.latencies = paced.run();
  answers.cpu_between = cpu() - before;
  return answers;
}

}  // namespace kp::bench
