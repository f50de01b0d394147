#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace kp::kube {

/// Bytes from the network thread to the one that works on them, bounded.
class LinePipe {
 public:
  explicit LinePipe(std::size_t limit) : limit_(limit) {}

  /// Never waits. False: it is full, and takes nothing more.
  bool push(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (overflowed_ || bytes_.size() + bytes.size() > limit_) {
      overflowed_ = true;
      return false;
    }
    bytes_.append(bytes);
    arrived_.notify_one();
    return true;
  }

  /// No more will come.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    arrived_.notify_one();
  }

  /// Calls `on_line` for each whole line until the end; half a line at the end is dropped. One thread.
  void each_line(const std::function<void(std::string_view)>& on_line) {
    std::string held;
    while (take(held)) {
      std::size_t from = 0;
      for (std::size_t end; (end = held.find('\n', from)) != std::string::npos; from = end + 1)
        on_line(std::string_view(held).substr(from, end - from));
      held.erase(0, from);
    }
  }

  /// What came so far and was not taken.
  std::string rest() {
    const std::lock_guard lock(mutex_);
    return std::move(bytes_);
  }

  bool overflowed() const {
    const std::lock_guard lock(mutex_);
    return overflowed_;
  }

 private:
  /// Waits for more and appends it; false at the end, or when what is held without a line's end is more than fits.
  bool take(std::string& into) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !bytes_.empty() || closed_; });
    if (bytes_.empty()) return false;
    if (into.empty()) {
      into.swap(bytes_);
    } else {
      into += bytes_;
    }
    bytes_.clear();
    overflowed_ = overflowed_ || into.size() > 2 * limit_;
    return true;
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;  ///< of all below
  std::condition_variable arrived_;
  std::string bytes_;
  bool overflowed_ = false;
  bool closed_ = false;
};

}  // namespace kp::kube
