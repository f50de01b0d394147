#include "runtime/controller.h"

#include <thread>
#include <vector>

#include "base/log.h"

namespace kp::runtime {

Controller::Controller(std::string name, WorkQueue& queue, Reconcile reconcile, unsigned workers)
    : name_(std::move(name)), queue_(queue), reconcile_(std::move(reconcile)), workers_(workers) {}

void Controller::run(const std::stop_token& stop) {
  const std::stop_callback end(stop, [this] { queue_.shut_down(); });
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < workers_; ++i) workers.emplace_back([this] { work(); });
}

void Controller::work() {
  while (const auto key = queue_.get()) {
    work_on(*key);
    queue_.done(*key);
  }
}

/// An object that the server should never have accepted must not take the others down with it: this is where an
/// exception of the JSON library stops.
Result<Next> Controller::reconcile(const kube::Name& key) const {
  try {
    return reconcile_(key);
  } catch (const std::exception& error) {
    return Error{Errc::Internal, error.what()};
  }
}

void Controller::work_on(const kube::Name& key) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.running;
  }
  const auto begun = std::chrono::steady_clock::now();
  const Result<Next> next = reconcile(key);
  const auto took = std::chrono::steady_clock::now() - begun;

  const char* result = "success";
  if (!next) {
    result = "error";
    log::warn("reconcile failed", {{"controller", name_}, {"object", to_string(key)}, {"error", next.error().message}});
    queue_.retry(key);
  } else {
    queue_.forget(key);
    if (next->again_in > std::chrono::milliseconds::zero()) {
      result = "again";
      queue_.add_after(key, next->again_in);
    }
  }
  const std::lock_guard lock(mutex_);
  --stats_.running;
  ++stats_.results[result];
  stats_.duration.observe(took);
}

Controller::Stats Controller::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace kp::runtime
