#include "runtime/queue.h"

namespace kp::runtime {

void WorkQueue::add(const kube::Name& key) {
  const std::lock_guard lock(mutex_);
  put(key);
}

void WorkQueue::put(const kube::Name& key) {
  if (ended_ || !wanted_.insert(key).second || working_.contains(key)) return;
  ready_.push_back(key);
  changed_.notify_one();
}

void WorkQueue::add_after(const kube::Name& key, Clock::Duration span) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  const Clock::Time at = clock_.now() + span;
  const auto [waiting, first] = due_.try_emplace(key, at);
  if (!first) {
    if (waiting->second <= at) return;
    later_.erase({waiting->second, key});
    waiting->second = at;
  }
  later_.emplace(at, key);
  changed_.notify_one();
}

void WorkQueue::retry(const kube::Name& key) {
  std::chrono::milliseconds wait{};
  {
    const std::lock_guard lock(mutex_);
    ++retries_;
    wait = backoff_.draw(++failures_[key], random_);
  }
  add_after(key, wait);
}

void WorkQueue::forget(const kube::Name& key) {
  const std::lock_guard lock(mutex_);
  failures_.erase(key);
}

void WorkQueue::release_due() {
  const Clock::Time now = clock_.now();
  while (!later_.empty() && later_.begin()->first <= now) {
    const kube::Name key = later_.begin()->second;
    later_.erase(later_.begin());
    due_.erase(key);
    put(key);
  }
}

std::optional<kube::Name> WorkQueue::get() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (ended_) return std::nullopt;
    release_due();
    if (!ready_.empty()) break;
    clock_.wait_until(changed_, lock, later_.empty() ? Clock::Time::max() : later_.begin()->first);
  }
  kube::Name key = std::move(ready_.front());
  ready_.pop_front();
  wanted_.erase(key);
  working_.insert(key);
  return key;
}

void WorkQueue::done(const kube::Name& key) {
  const std::lock_guard lock(mutex_);
  working_.erase(key);
  if (ended_ || !wanted_.contains(key)) return;
  ready_.push_back(key);
  changed_.notify_one();
}

std::size_t WorkQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

std::uint64_t WorkQueue::retries() const {
  const std::lock_guard lock(mutex_);
  return retries_;
}

void WorkQueue::shut_down() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

}  // namespace kp::runtime
