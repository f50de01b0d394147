#pragma once

// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>

#include "net/loop.h"
#include "support/socket.h"

/// Coroutines and functions on a loop, from a test's thread.
namespace kp::test {

template <class T>
net::Task<void> deliver(net::Task<T> task, std::shared_ptr<std::promise<T>> into) {
  T outcome = co_await std::move(task);
  into->set_value(std::move(outcome));
}
inline net::Task<void> deliver_done(net::Task<void> task, std::shared_ptr<std::promise<bool>> into) {
  co_await std::move(task);
  into->set_value(true);
}

/// Starts `task` on `loop`. Whatever it borrows must outlive it.
template <class T>
std::future<T> spawn(net::Loop& loop, net::Task<T> task) {
  auto promise = std::make_shared<std::promise<T>>();
  auto outcome = promise->get_future();
  net::asio::co_spawn(loop.executor(), deliver(std::move(task), std::move(promise)), net::asio::detached);
  return outcome;
}
inline std::future<bool> spawn(net::Loop& loop, net::Task<void> task) {
  auto promise = std::make_shared<std::promise<bool>>();
  auto outcome = promise->get_future();
  net::asio::co_spawn(loop.executor(), deliver_done(std::move(task), std::move(promise)), net::asio::detached);
  return outcome;
}

/// The outcome; a coroutine that hangs ends the test program, since nothing can be trusted after that.
template <class T>
T await(std::future<T> outcome) {
  if (outcome.wait_for(patience) == std::future_status::ready) return outcome.get();
  std::cerr << "a coroutine did not end\n";
  std::abort();
}
template <class T>
auto run(net::Loop& loop, net::Task<T> task) {
  return await(spawn(loop, std::move(task)));
}

/// The outcome of `function`, called on the loop's thread.
template <class Function>
auto on_loop(net::Loop& loop, Function function) {
  std::packaged_task<decltype(function())()> task(std::move(function));
  auto outcome = task.get_future();
  net::asio::post(loop.context(), [&task] { task(); });
  return await(std::move(outcome));
}

}  // namespace kp::test
