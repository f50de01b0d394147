#pragma once

// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The coroutine vocabulary. A Task runs on one loop's thread from start to end.
namespace kp::net {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

/// Token that puts the outcome into `failed` instead of throwing it. A fresh one per call: a const one doesn't compile.
inline auto capture(boost::system::error_code& failed) { return asio::redirect_error(asio::use_awaitable, failed); }

/// Gives the loop back and goes on when what was ready before has had its turn.
inline Task<void> let_others_run(asio::any_io_executor executor) { co_await asio::post(executor, asio::use_awaitable); }

/// Wakes the coroutines of one executor. Asio 1.74 has no channel: a timer that never fires stands in. A wake-up that
/// comes before the wait is not kept, so every waiter checks its condition again.
class Event {
 public:
  explicit Event(asio::any_io_executor executor) : timer_(executor, asio::steady_timer::time_point::max()) {}
  void notify() { timer_.cancel(); }
  Task<void> wait() {
    boost::system::error_code woken;
    co_await timer_.async_wait(capture(woken));
  }
  /// Waits no longer than `limit`.
  Task<void> wait_for(std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    boost::system::error_code woken;
    co_await timer_.async_wait(capture(woken));
    timer_.expires_at(asio::steady_timer::time_point::max());
  }

 private:
  asio::steady_timer timer_;
};

}  // namespace kp::net
