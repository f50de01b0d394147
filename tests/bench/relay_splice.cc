#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>

#include "bench/relay.h"

namespace kp::bench {
namespace {

constexpr int pipe_bytes = 1 << 20;

struct Pipe {
  Fd out, in;
};

/// One end of a pair. `pipe` is there while something is in it: what comes from here goes through it to the other.
struct End {
  Fd fd;
  Pipe pipe;
  std::size_t held = 0;  ///< bytes in the pipe
  End* other = nullptr;
};

Pipe new_pipe() {
  std::array<int, 2> both{};
  check(::pipe2(both.data(), O_NONBLOCK | O_CLOEXEC) < 0, "pipe2");
  ::fcntl(both[1], F_SETPIPE_SZ, pipe_bytes);  // what an unprivileged user gets is fine too
  return {Fd(both[0]), Fd(both[1])};
}

class Relay {
 public:
  Relay(Listener listener, std::uint16_t broker_port) : listener_(std::move(listener)), broker_port_(broker_port) {
    poller_.add(listener_.fd, EPOLLIN);
  }

  [[noreturn]] void run() {
    for (;;) {
      for (const Poller::Ready& ready : poller_.wait(-1)) {
        if (ready.fd == listener_.fd.get()) {
          open_pair();
          continue;
        }
        const auto found = ends_.find(ready.fd);
        if (found == ends_.end()) continue;  // its pair ended earlier in this turn
        End& end = *found->second;
        const bool alive = (ready.events & EPOLLOUT) != 0 ? drain(*end.other) : move(end);
        if (!alive) close_pair(end);
      }
    }
  }

 private:
  void open_pair() {
    auto client = std::make_unique<End>();
    auto broker = std::make_unique<End>();
    client->fd = accept_from(listener_.fd);
    broker->fd = connect_to(broker_port_);
    client->other = broker.get();
    broker->other = client.get();
    for (auto* end : {&client, &broker}) {
      make_nonblocking((*end)->fd);
      poller_.add((*end)->fd, EPOLLIN);
      ends_[(*end)->fd.get()] = std::move(*end);
    }
  }

  void close_pair(End& end) {
    for (const int number : {end.other->fd.get(), end.fd.get()}) {
      waits_.erase(number);
      ends_.erase(number);
    }
  }

  /// From `end` to its other. False when the pair is over.
  bool move(End& end) {
    if (end.held == 0) borrow(end);
    const ssize_t got = ::splice(end.fd.get(), nullptr, end.pipe.in.get(), nullptr, pipe_bytes, SPLICE_F_NONBLOCK);
    if (got <= 0) {
      const bool later = got < 0 && errno == EAGAIN;
      if (end.held == 0) give_back(end);
      return later;
    }
    end.held += static_cast<std::size_t>(got);
    return drain(end);
  }

  bool drain(End& end) {
    if (end.held == 0) return true;
    while (end.held > 0) {
      const ssize_t sent =
          ::splice(end.pipe.out.get(), nullptr, end.other->fd.get(), nullptr, end.held, SPLICE_F_NONBLOCK);
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent < 0) break;
      end.held -= static_cast<std::size_t>(sent);
    }
    if (end.held == 0) give_back(end);
    watch(end);
    return true;
  }

  void borrow(End& end) {
    if (idle_.empty()) idle_.push_back(new_pipe());
    end.pipe = std::move(idle_.back());
    idle_.pop_back();
  }

  void give_back(End& end) { idle_.push_back(std::exchange(end.pipe, {})); }

  /// What both ends wait for, when something may wait in a pipe.
  void watch(End& end) {
    for (End* const one : {&end, end.other}) {
      const std::uint32_t in = one->held == 0 ? EPOLLIN : 0u;
      const std::uint32_t out = one->other->held == 0 ? 0u : EPOLLOUT;
      std::uint32_t& waits = waits_.try_emplace(one->fd.get(), EPOLLIN).first->second;
      if (waits != (in | out)) poller_.change(one->fd, waits = in | out);
    }
  }

  Listener listener_;
  const std::uint16_t broker_port_;
  Poller poller_;
  std::map<int, std::unique_ptr<End>> ends_;
  std::map<int, std::uint32_t> waits_;
  std::vector<Pipe> idle_;
};

}  // namespace

void serve_splicing_relay(Listener listener, std::uint16_t broker_port) {
  Relay(std::move(listener), broker_port).run();
}

}  // namespace kp::bench
