#pragma once

#include "net/task.h"

namespace kp::net {

/// What `task` throws ends it and nothing else, as with asio::detached.
inline Task<void> contained(Task<void> task) {
  try {
    co_await std::move(task);
  } catch (...) {
    co_return;
  }
}

/// Begins `task` here and now, on its loop's thread, and leaves it to itself. co_spawn comes to the same by way of the
/// loop's queue, in and out. By what Boost 1.74 keeps in asio::detail: another version may not compile.
inline void start(Executor executor, Task<void> task) {
  asio::detail::awaitable_thread<Executor>(contained(std::move(task)), executor).launch();
}

}  // namespace kp::net
