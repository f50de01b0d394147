#pragma once

// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The coroutine vocabulary. A Task runs on one loop's thread from start to end.
namespace kp::net {

namespace asio = boost::asio;

/// Of a loop. Not any_io_executor: one word instead of six, and no call through a table, in each frame and handler.
using Executor = asio::io_context::executor_type;

template <class T>
using Task = asio::awaitable<T, Executor>;

/// Token that makes an operation of Asio a Task. A fresh one per call: a const one doesn't compile.
using AsTask = asio::use_awaitable_t<Executor>;

/// Token that puts the outcome into `failed` instead of throwing it.
inline auto capture(boost::system::error_code& failed) { return asio::redirect_error(AsTask(), failed); }

/// Gives the loop back and goes on when what was ready before has had its turn.
inline Task<void> let_others_run(Executor executor) { co_await asio::post(executor, AsTask()); }

/// Wakes the coroutines of one executor. Asio 1.74 has no channel: a timer that never fires stands in. A wake-up that
/// comes before the wait is not kept, so every waiter checks its condition again.
class Event {
 public:
  explicit Event(Executor executor) : timer_(executor, Timer::time_point::max()) {}
  void notify() {
    if (waiting_ > 0) timer_.cancel();
  }
  Task<void> wait() {
    boost::system::error_code woken;
    ++waiting_;
    co_await timer_.async_wait(capture(woken));
    --waiting_;
  }
  /// Waits no longer than `limit`.
  Task<void> wait_for(std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    boost::system::error_code woken;
    ++waiting_;
    co_await timer_.async_wait(capture(woken));
    --waiting_;
    timer_.expires_at(Timer::time_point::max());
  }

 private:
  using Timer =
      asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

  Timer timer_;
  int waiting_ = 0;
};

}  // namespace kp::net
