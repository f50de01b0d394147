#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace kp::kube {

/// Requests by verb, as RBAC names them, and by code: an HTTP status, or an Errc's name where no answer came. Any
/// thread.
class RequestCounters {
 public:
  using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  void count(std::string_view verb, std::string_view code) {
    const std::lock_guard lock(mutex_);
    ++counts_[{std::string(verb), std::string(code)}];
  }
  Counts snapshot() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;  ///< of counts_
  Counts counts_;
};

}  // namespace kp::kube
