#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

namespace kp::virt {

/// Where a consumer that stands at an offset finds the next batch that may be its own, for topics whose clients are not
/// shown fillers and so ask from the same offset again. Soft: what is forgotten is read again. Bounded; one thread.
class Skips {
 public:
  explicit Skips(std::size_t most = 100'000) : most_(most) {}

  void note(const std::string& topic, std::int32_t partition, std::int64_t from, std::int64_t next) {
    if (next <= from) return;
    if (next_.size() >= most_) next_.clear();
    next_.insert_or_assign({topic, partition, from}, next);
  }
  /// `from` itself where nothing is known.
  std::int64_t next(const std::string& topic, std::int32_t partition, std::int64_t from) const {
    const auto found = next_.find({topic, partition, from});
    return found == next_.end() ? from : found->second;
  }
  void clear() { next_.clear(); }
  /// The log ends before: another leader has cut it.
  void forget(const std::string& topic, std::int32_t partition, std::int64_t from) {
    next_.erase({topic, partition, from});
  }

 private:
  std::size_t most_;
  std::map<std::tuple<std::string, std::int32_t, std::int64_t>, std::int64_t> next_;
};

}  // namespace kp::virt
