#include "gateway/wal_confirmed.h"

#include <fstream>
#include <string>
#include <utility>

#include "base/log.h"
#include "gateway/wal_frame.h"

namespace kp::gateway {
namespace {

constexpr std::uint64_t most_rejected_bytes = 64 << 20;

}  // namespace

bool WalConfirmed::expect(std::uint64_t record) {
  const std::lock_guard lock(mutex_);
  if (record < low_) return true;
  if (record - low_ >= window_.size()) window_.resize(record - low_ + 1, false);
  return window_[record - low_];
}

void WalConfirmed::settle(std::uint64_t record, const Outcome& outcome, const Record& content) {
  const std::lock_guard lock(mutex_);
  if (record < low_ || record - low_ >= window_.size() || window_[record - low_]) return;  // sent twice, and known
  if (!outcome.error.empty() && outcome.untried) {
    again_ = true;
    return;
  }
  if (!outcome.error.empty()) reject(record, outcome, content);
  window_[record - low_] = true;
  while (!window_.empty() && window_.front()) {
    window_.pop_front();
    ++low_;
  }
}

/// Kafka will never take it: it is kept beside the log, as long as that is small.
void WalConfirmed::reject(std::uint64_t record, const Outcome& outcome, const Record& content) {
  const std::filesystem::path path = directory_ / "rejected";
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  std::string frame;
  append_frame(frame, content, {});
  const bool kept = (none || size + frame.size() <= most_rejected_bytes) &&
                    (std::ofstream(path, std::ios::binary | std::ios::app) << frame).good();
  const std::uint64_t so_far = ++rejected_;
  if ((so_far & (so_far - 1)) == 0)  // one line per power of two
    log::error("Kafka refuses a record of the log for good", {{"record", record},
                                                              {"reason", outcome.error},
                                                              {"kept_in", kept ? path.string() : "nothing: it is full"},
                                                              {"refused", so_far}});
}

std::uint64_t WalConfirmed::low() const {
  const std::lock_guard lock(mutex_);
  return low_;
}

bool WalConfirmed::take_again() {
  const std::lock_guard lock(mutex_);
  return std::exchange(again_, false);
}

std::uint64_t WalConfirmed::rejected() const {
  const std::lock_guard lock(mutex_);
  return rejected_;
}

}  // namespace kp::gateway
