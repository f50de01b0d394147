#pragma once

#include <boost/version.hpp>

#include "net/task.h"

namespace kp::net {

#if BOOST_VERSION < 107700
using BottomOfStack = void;
#else
using BottomOfStack = asio::detail::awaitable_thread_entry_point;
#endif

/// What `task` throws ends it and nothing else, as with asio::detached.
inline Task<BottomOfStack> contained(Task<void> task) {
  try {
    co_await std::move(task);
  } catch (...) {
    co_return;
  }
}

/// Begins `task` here and now, on its loop's thread, and leaves it to itself. co_spawn comes to the same by way of the
/// loop's queue, in and out. By what Boost 1.74 to 1.83 keep in asio::detail: another version may not compile.
inline void start(Executor executor, Task<void> task) {
#if BOOST_VERSION < 107700
  asio::detail::awaitable_thread<Executor>(contained(std::move(task)), executor).launch();
#else
  asio::detail::awaitable_thread<Executor>(contained(std::move(task)), executor, {}, {}).launch();
#endif
}

}  // namespace kp::net
