#include "bench/load.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "bench/frames.h"
#include "bench/socket.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_every{50};

/// A connection that sends the frame, reads its answer, and begins again.
class Client {
 public:
  Client(std::uint16_t port, Poller& poller) : fd_(connect_to(port)), poller_(poller) {
    make_nonblocking(fd_);
    poller_.add(fd_, EPOLLOUT);
  }

  const Fd& fd() const { return fd_; }

  /// Goes on as far as the socket lets it; true when an answer was completed.
  bool advance(BytesView frame) {
    if (sent_ < frame.size()) {
      send_more(frame);
      return false;
    }
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) give_up("load: the connection closed instead of an answer");
    answer_.insert(answer_.end(), buffer.begin(), buffer.begin() + got);
    if (answer_.size() < 4 || answer_.size() < 4 + static_cast<std::size_t>(big_endian_i32(answer_))) return false;
    answer_.clear();
    sent_ = 0;
    send_more(frame);
    return true;
  }

 private:
  void send_more(BytesView frame) {
    const BytesView rest = frame.subspan(sent_);
    const ssize_t n = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) give_up("load: the connection closed under a request");
    if (n > 0) sent_ += static_cast<std::size_t>(n);
    const bool sending = sent_ < frame.size();
    if (sending == sending_) return;
    sending_ = sending;
    poller_.change(fd_, sending ? EPOLLOUT : EPOLLIN);
  }

  Fd fd_;
  Poller& poller_;
  std::size_t sent_ = 0;
  bool sending_ = true;
  Bytes answer_;
};

}  // namespace

LoadResult produce_load(const Target& target, int connections, std::size_t record_bytes,
                        std::chrono::milliseconds span) {
  const Bytes frame = produce_request(record_bytes);
  Poller poller;
  std::map<int, Client> clients;
  for (int i = 0; i < connections; ++i) {
    Client client(target.port, poller);
    const int number = client.fd().get();
    clients.emplace(number, std::move(client));
  }
  LoadResult result;
  std::size_t answered = 0;
  const auto cpu_before = target.between == nullptr ? std::chrono::nanoseconds(0) : target.between->cpu();
  const auto begin = Clock::now();
  auto look_at = begin;
  while (Clock::now() < begin + span) {
    for (const Poller::Ready& ready : poller.wait(100))
      if (clients.at(ready.fd).advance(frame)) ++answered;
    if (target.between == nullptr || Clock::now() < look_at) continue;
    look_at = Clock::now() + look_every;
    result.resident_bytes = std::max(result.resident_bytes, target.between->resident_bytes());
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double mib = static_cast<double>(answered * frame.size()) / (1024 * 1024);
  if (answered == 0) give_up("load: no answer came");
  result.mib_per_second = mib / seconds;
  if (target.between == nullptr) return result;
  const std::chrono::duration<double> cpu = target.between->cpu() - cpu_before;
  result.cpu_seconds_per_gib = cpu.count() / (mib / 1024);
  return result;
}

}  // namespace kp::bench
