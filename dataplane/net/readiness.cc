#include "net/readiness.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace kp::net {

namespace {

constexpr int turns_in_a_row = 16;  // then Asio's own work has its turn

}  // namespace

asio::io_context::id Readiness::id;

Readiness::Readiness(asio::io_context& context)
    : asio::io_context::service(context), epoll_(::epoll_create1(EPOLL_CLOEXEC)), told_(context) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  told_.assign(epoll_.release());
}

void Readiness::shutdown() {
  for (Waiters* const waiters : {&waiting_, &woken_})
    while (!waiters->empty()) {
      Waiter& waiter = waiters->front();
      waiters->pop_front();
      const std::optional<Stopped> ended = std::exchange(waiter.stopped, std::nullopt);
    }
  boost::system::error_code ignored;
  told_.close(ignored);
}

void Readiness::wait(Waiter& waiter, Stopped stopped) {
  waiter.stopped.emplace(std::move(stopped));
  waiting_.push_back(waiter);
  listen();
}

void Readiness::wake(Waiter& waiter) {
  if (!waiter.stopped) return;
  waiter.unlink();
  woken_.push_back(waiter);
}

void Readiness::wake_later(Waiter& waiter) {
  if (!waiter.stopped) return;
  waiter.unlink();
  asio::post(get_io_context(), std::move(*waiter.stopped));
  waiter.stopped.reset();
}

/// As long as somebody waits, so that a context whose coroutines are done has nothing to do.
void Readiness::listen() {
  if (listening_ || waiting_.empty()) return;
  listening_ = true;
  told_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& failed) {
    // Where much happens, more has happened meanwhile: cheaper to ask again here than by way of Asio.
    for (int turn = 0, told = 2; !failed && turn < turns_in_a_row && told > 1; ++turn) {
      told = collect();
      resume_woken();
    }
    listening_ = false;
    if (!failed) listen();
  });
}

int Readiness::collect() {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(told_.native_handle(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Watch*>(event.data.ptr)->happened(event.events);
  }
  return count;
}

/// Who is resumed may end others that are woken too: those unlink themselves.
void Readiness::resume_woken() {
  while (!woken_.empty()) {
    Waiter& waiter = woken_.front();
    woken_.pop_front();
    Stopped stopped = std::move(*waiter.stopped);
    waiter.stopped.reset();
    stopped();
  }
}

Watch::Watch(Readiness& readiness, int descriptor) : readiness_(readiness), descriptor_(descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  if (::epoll_ctl(readiness_.told_.native_handle(), EPOLL_CTL_ADD, descriptor_, &event) == 0) return;
  ended_ = true;  // no memory, or more than the system watches for us: nothing would ever be told
  ::shutdown(descriptor_, SHUT_RDWR);
}

Watch::~Watch() { ::epoll_ctl(readiness_.told_.native_handle(), EPOLL_CTL_DEL, descriptor_, nullptr); }

ssize_t Watch::receive(void* into, std::size_t size) {
  errno = EAGAIN;
  if (!readable()) return -1;
  const ssize_t n = ::recv(descriptor_, into, size, 0);
  if (n < 0 ? errno != EINTR : static_cast<std::size_t>(n) < size) drained();
  return n;
}

ssize_t Watch::send(const void* bytes, std::size_t size, int flags) {
  errno = EAGAIN;
  if (!writable()) return -1;
  const ssize_t n = ::send(descriptor_, bytes, size, flags);
  if (n < 0 ? errno != EINTR : static_cast<std::size_t>(n) < size) filled();
  return n;
}

void Watch::wake() {
  readiness_.wake_later(reads_);
  readiness_.wake_later(writes_);
}

void Watch::happened(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ended_ = true;
  if (ended_ || (events & EPOLLIN) != 0) {
    reads_.ready = true;
    readiness_.wake(reads_);
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    writes_.ready = true;
    readiness_.wake(writes_);
  }
}

}  // namespace kp::net
