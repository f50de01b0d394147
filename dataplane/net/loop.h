#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "base/bytes.h"
#include "net/pipe.h"
#include "net/task.h"

namespace kp::net {

class Loop;

/// A point in time after which `expired` is called, once, on the loop's thread. Setting it is a store, not a timer: the
/// loop looks at all of them ten times a second. So a deadline may fire up to `Loop::tick` late, never early.
class Deadline : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Deadline(Loop& loop, std::function<void()> expired);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void after(std::chrono::milliseconds span);
  void never() { at_ = std::chrono::steady_clock::time_point::max(); }
  bool passed() const { return passed_; }

 private:
  friend class Loop;
  std::function<void()> expired_;
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::time_point::max();
  bool passed_ = false;
};

/// One thread and its event loop. Everything that is started on it stays on it.
class Loop {
 public:
  static constexpr std::chrono::milliseconds tick{100};
  static constexpr std::size_t buffer_size = 65536;

  Loop();
  ~Loop();  ///< ends the thread; what still waits on the loop is destroyed
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();  ///< starts the thread
  void stop();   ///< ends the thread and joins it; any other thread
  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }

  /// Calls every deadline that is due at `now`. The thread does so at each tick: only for who turns the loop by hand.
  void expire(std::chrono::steady_clock::time_point now);

  /// The time of the last tick; good enough for deadlines. Loop thread.
  std::chrono::steady_clock::time_point now() const { return now_; }

  /// A buffer of buffer_size bytes, to be given back when nothing is in it: an idle connection holds none. Loop thread.
  Bytes borrow_buffer();
  void return_buffer(Bytes buffer);

  /// False: as many as a loop may have are lent, or the system has none. Loop thread, as the next two.
  bool has_pipe();
  std::unique_ptr<Pipe> borrow_pipe();           ///< an empty one; right after has_pipe() said so
  void return_pipe(std::unique_ptr<Pipe> pipe);  ///< one that isn't empty is closed

 private:
  friend class Deadline;
  static Task<void> keep_time(Loop* self);

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  boost::intrusive::list<Deadline, boost::intrusive::constant_time_size<false>> deadlines_;
  std::vector<Bytes> spare_buffers_;
  std::vector<std::unique_ptr<Pipe>> spare_pipes_;
  std::size_t pipes_lent_ = 0;
  std::thread thread_;
};

}  // namespace kp::net
