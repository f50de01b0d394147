#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <optional>

#include "base/descriptor.h"
#include "net/task.h"

namespace kp::net {

class Watch;

/// Tells the coroutines of one io_context when sockets have something to read or room to write. One instance a context,
/// made by asio::use_service; everything on the context's thread.
///
/// Asio's async_wait would do, at the price of an epoll_ctl, four allocations and a fruitless recv for each message.
/// Here a socket is registered once, edge-triggered (epoll(7)); what the edges told is remembered by its Watch; and
/// Asio's loop waits for this epoll set as a whole.
class Readiness : public asio::io_context::service {
 public:
  static asio::io_context::id id;  // NOLINT(readability-identifier-naming): Asio looks for this name

  explicit Readiness(asio::io_context& context);

 private:
  friend class Watch;

  /// A coroutine that waits, with all that wait for its end. Goes on where it stopped; an operation of Asio would put a
  /// coroutine of its own between. By what Boost 1.74 to 1.83 keep in asio::detail: another version may not compile.
  class Stopped : public asio::detail::awaitable_thread<Executor> {
   public:
    using Frame = asio::detail::awaitable_frame_base<Executor>;
    explicit Stopped(Frame* frame) : awaitable_thread(std::move(*frame->detach_thread())) {}
    void operator()() { launch(); }
  };

  /// Who waits for one direction of one socket. In a list while it does.
  struct Waiter : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    std::optional<Stopped> stopped;
    bool ready = true;  ///< a try may get somewhere
  };
  using Waiters = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

  void shutdown() override;  ///< destroys who still waits
  void wait(Waiter& waiter, Stopped stopped);
  void wake(Waiter& waiter);        ///< at the next resume_woken
  void wake_later(Waiter& waiter);  ///< from Asio's queue, even when the watch is gone by then
  void listen();
  int collect();  ///< what the edges told; how many
  void resume_woken();

  Descriptor epoll_;
  asio::posix::stream_descriptor told_;  ///< epoll_, as Asio sees it
  bool listening_ = false;
  Waiters waiting_;
  Waiters woken_;
};

/// One socket's readiness. Starts as ready: who tries first and waits when nothing came loses no edge.
class Watch {
 public:
  /// `descriptor` must outlive the watch and not be watched twice.
  Watch(Readiness& readiness, int descriptor);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  bool readable() const { return reads_.ready; }
  bool writable() const { return writes_.ready; }
  void drained() { reads_.ready = ended_; }  ///< a read took all there was; an end is still to be read
  void filled() { writes_.ready = false; }   ///< a write met a full socket

  /// recv(2) and send(2), but not called where they would only say EAGAIN; what they say tells whether there is more.
  ssize_t receive(void* into, std::size_t size);
  ssize_t send(const void* bytes, std::size_t size, int flags);

  /// What a coroutine awaits, in place: no memory of its own. The watch may be gone when it is over.
  class Wait {
   public:
    asio::detail::awaitable_thread<Executor>* operator()(Readiness::Stopped::Frame* frame) const {
      readiness_.wait(waiter_, Readiness::Stopped(frame));
      return nullptr;
    }

   private:
    friend class Watch;
    Wait(Readiness& readiness, Readiness::Waiter& waiter) : readiness_(readiness), waiter_(waiter) {}
    Readiness& readiness_;
    Readiness::Waiter& waiter_;
  };

  /// `if (!watch.readable()) co_await watch.until_readable();`: until then, or woken. One coroutine at a time for each.
  Wait until_readable() { return {readiness_, reads_}; }
  Wait until_writable() { return {readiness_, writes_}; }
  void wake();  ///< both waits, as if something had come

 private:
  friend class Readiness;
  void happened(std::uint32_t events);

  Readiness& readiness_;
  const int descriptor_;
  bool ended_ = false;  ///< the peer's end or an error: no edge follows
  Readiness::Waiter reads_, writes_;
};

}  // namespace kp::net
