#include "bench/relay.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <memory>

namespace kp::bench {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;

/// One end of a pair. What its socket didn't take waits in `unsent`; until that is gone, the other end isn't read.
struct End {
  Fd fd;
  End* other = nullptr;
  Bytes unsent;
};

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
        const bool writable = (ready.events & EPOLLOUT) != 0;
        if (!(writable ? send_rest(end) : copy(end))) close_pair(end);
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
    ends_.erase(end.other->fd.get());
    ends_.erase(end.fd.get());
  }

  /// From `end` to its other. False when the pair is over.
  bool copy(End& end) {
    const ssize_t got = ::recv(end.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    End& to = *end.other;
    const auto size = static_cast<std::size_t>(got);
    ssize_t sent = ::send(to.fd.get(), buffer_.data(), size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent == got) return true;
    if (sent < 0) sent = 0;
    to.unsent.assign(buffer_.begin() + sent, buffer_.begin() + got);
    watch(to);
    return true;
  }

  bool send_rest(End& end) {
    const ssize_t sent = ::send(end.fd.get(), end.unsent.data(), end.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    end.unsent.erase(end.unsent.begin(), end.unsent.begin() + sent);
    if (end.unsent.empty()) watch(end);
    return true;
  }

  /// Sets what both ends wait for, after `unsent` of one has changed.
  void watch(End& end) {
    for (const End* one : {&end, end.other}) {
      const std::uint32_t in = one->other->unsent.empty() ? EPOLLIN : 0u;
      const std::uint32_t out = one->unsent.empty() ? 0u : EPOLLOUT;
      poller_.change(one->fd, in | out);
    }
  }

  Listener listener_;
  const std::uint16_t broker_port_;
  Poller poller_;
  std::map<int, std::unique_ptr<End>> ends_;
  Bytes buffer_ = Bytes(buffer_bytes);
};

}  // namespace

void serve_relay(Listener listener, std::uint16_t broker_port) { Relay(std::move(listener), broker_port).run(); }

}  // namespace kp::bench
