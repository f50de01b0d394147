#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace kp {

/// A thread with all signals blocked: the process's are for main, which waits for them.
template <class Run>
std::thread thread_without_signals(Run run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread made(std::move(run));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

}  // namespace kp
