#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace kp::bench {

/// A child of ours and what it costs. Ends when this does, and with the bench however that ends.
class Process {
 public:
  /// Runs `body` in the child; it should not return.
  static Process fork(const std::function<void()>& body);
  /// Both outputs go to `log_file`.
  static Process execute(const std::vector<std::string>& command, const std::string& log_file);

  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  bool running() const;
  pid_t id() const { return id_; }

  /// User and system, since its start; like resident_bytes with those of its own children.
  std::chrono::nanoseconds cpu() const;
  std::size_t resident_bytes() const;  ///< VmRSS
  std::size_t descriptors() const;     ///< that are open
  /// resident_bytes once it hasn't changed for a while: what was started has been done.
  std::size_t settled_resident_bytes() const;

 private:
  explicit Process(pid_t id) : id_(id) {}
  static std::size_t resident_bytes_of(pid_t id);

  pid_t id_ = -1;
};

}  // namespace kp::bench
