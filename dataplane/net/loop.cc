#include "net/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace kp::net {

Deadline::Deadline(Loop& loop, std::function<void()> expired) : expired_(std::move(expired)) {
  loop.deadlines_.push_back(*this);
}

// Not loop_.now_: that is as old as the loop was busy, and the deadline would be early by as much.
void Deadline::after(std::chrono::milliseconds span) { at_ = std::chrono::steady_clock::now() + span; }

Loop::Loop() = default;

Loop::~Loop() { stop(); }

void Loop::start() {
  asio::co_spawn(context_, keep_time(this), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
}

void Loop::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

Task<void> Loop::keep_time(Loop* self) {
  asio::steady_timer timer(self->context_);
  for (;;) {
    timer.expires_after(tick);
    boost::system::error_code failed;
    co_await timer.async_wait(capture(failed));
    self->expire(std::chrono::steady_clock::now());
  }
}

void Loop::expire(std::chrono::steady_clock::time_point now) {
  now_ = now;
  for (auto next = deadlines_.begin(); next != deadlines_.end();) {
    Deadline& deadline = *next++;  // `expired` may end its owner, not a neighbour: owners end through the loop's queue
    if (deadline.at_ > now) continue;
    deadline.never();
    deadline.passed_ = true;
    deadline.expired_();
  }
}

Bytes Loop::borrow_buffer() {
  if (spare_buffers_.empty()) return Bytes(buffer_size);
  Bytes buffer = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return buffer;
}

void Loop::return_buffer(Bytes buffer) {
  constexpr std::size_t kept = 64;  // 4 MiB a thread; a burst's buffers go back to the system
  if (buffer.size() == buffer_size && spare_buffers_.size() < kept) spare_buffers_.push_back(std::move(buffer));
}

bool Loop::has_pipe() {
  constexpr std::size_t most = 256;  // slow readers keep theirs: a bound for descriptors and the kernel's memory
  if (!spare_pipes_.empty()) return true;
  if (pipes_lent_ >= most) return false;
  Result<Pipe> made = Pipe::open();
  if (made) spare_pipes_.push_back(std::make_unique<Pipe>(std::move(*made)));
  return made.has_value();
}

std::unique_ptr<Pipe> Loop::borrow_pipe() {
  std::unique_ptr<Pipe> pipe = std::move(spare_pipes_.back());
  spare_pipes_.pop_back();
  ++pipes_lent_;
  return pipe;
}

void Loop::return_pipe(std::unique_ptr<Pipe> pipe) {
  constexpr std::size_t kept = 16;
  --pipes_lent_;
  if (pipe->held == 0 && spare_pipes_.size() < kept) spare_pipes_.push_back(std::move(pipe));
}

}  // namespace kp::net
