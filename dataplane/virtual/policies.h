#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kp::virt {

/// Which virtual topics brokers compact, as they have said. Soft: asked again after a while, since anybody may change
/// it. Bounded; one thread.
class Policies {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds good_for{30};

  explicit Policies(std::size_t most = 100'000) : most_(most) {}

  /// Has it to be asked for again?
  bool stale(const std::string& topic, Time now) const {
    const auto found = known_.find(topic);
    return found == known_.end() || now - found->second.since >= good_for;
  }
  bool compacted(std::string_view topic) const {
    const auto found = known_.find(topic);
    return found != known_.end() && found->second.compacted;
  }
  void learn(const std::string& topic, bool compacted, Time now) {
    if (known_.size() >= most_) known_.clear();
    known_.insert_or_assign(topic, Policy{compacted, now});
  }
  /// The client may not see it. What one who may has seen stays known.
  void hidden(const std::string& topic, Time now) {
    learn(topic, compacted(topic), now);
    if (!told_) hidden_ = topic;
  }
  void forget(const std::string& topic) { known_.erase(topic); }

  /// The first topic that was hidden, once.
  std::optional<std::string> take_hidden() {
    told_ = told_ || hidden_;
    return std::exchange(hidden_, std::nullopt);
  }

 private:
  struct Policy {
    bool compacted = false;
    Time since;
  };

  std::size_t most_;
  std::map<std::string, Policy, std::less<>> known_;
  std::optional<std::string> hidden_;
  bool told_ = false;
};

}  // namespace kp::virt
