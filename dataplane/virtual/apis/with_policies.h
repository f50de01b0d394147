#pragma once

#include <functional>
#include <string>
#include <vector>

#include "virtual/exchange.h"

namespace kp::virt {

/// An exchange that has to know which topics are compacted: a key that stands in two virtual partitions of one physical
/// one would lose a record.
class WithPolicies : public Exchange {
 public:
  using Exchange::Exchange;

 protected:
  /// Goes on by `then` when it is known of all `topics` that are virtual and may not be compacted, or can't be known.
  /// The broker is asked in the client's name; who may not see configurations is let through.
  Result<Step> with_policies(const std::vector<std::string>& topics, std::function<Result<Step>()> then);

  bool wrongly_compacted(const std::string& topic, const TopicRule& rule) const;
};

}  // namespace kp::virt
