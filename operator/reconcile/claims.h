#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "plan/inputs.h"

namespace kp::reconcile {

/// The names and ports that each KafkaProxy gives to clients. Any thread.
class Claims {
 public:
  /// True: they are others than before, so that whoever collides with them should be looked at again.
  bool set(const kube::Name& proxy, std::vector<plan::Claim> claims);
  /// Of all but `proxy`, as far as ports are shared with `mine`.
  std::vector<plan::Claim> others(const kube::Name& proxy, const std::vector<plan::Claim>& mine) const;

 private:
  mutable std::mutex mutex_;  ///< of claims_
  std::map<kube::Name, std::vector<plan::Claim>> claims_;
};

}  // namespace kp::reconcile
