#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "virtual/mapping.h"
#include "virtual/policies.h"
#include "virtual/reads_under_way.h"
#include "virtual/skips.h"
#include "virtual/topic_ids.h"
#include "virtual/turns.h"

namespace kp::virt {

/// A topic that hasn't as many partitions as its mapping says, or is compacted where that isn't said.
struct UnfitTopic {
  std::string name;
  std::size_t has = 0;
  std::int32_t wanted = 0;
  bool compacted = false;
  bool operator==(const UnfitTopic&) const = default;
};

/// What the requests of a session share; outlives its exchanges.
struct Context {
  std::shared_ptr<const Mapping> mapping;    ///< never null
  TopicIds* ids = nullptr;                   ///< of the loop; never null
  Skips* skips = nullptr;                    ///< of the loop; never null
  Turns* turns = nullptr;                    ///< of the session; never null
  int lanes = 4;                             ///< how many there are for Produce, the session's own counted
  bool* fetches_in_full = nullptr;           ///< of the session: its Fetches began anew by this mapping; null: they did
  std::vector<UnfitTopic>* unfit = nullptr;  ///< where topics are told that can't be used; null: nowhere
  Policies* policies = nullptr;              ///< of the loop; null: nobody is asked whether topics are compacted
  Policies::Time now{};                      ///< of this step
  std::vector<std::string>* fit = nullptr;   ///< where topics are told that can be used, or aren't there; null: nowhere
  Tail* tail = nullptr;                      ///< of the loop; null: nobody has what others have read
  /// The broker, and as whom it knows the session: two of the same may see the same. Empty: no other is.
  std::string reader{};
  Policies::Time used{};  ///< when the broker last answered here, or was dialled
};

}  // namespace kp::virt
