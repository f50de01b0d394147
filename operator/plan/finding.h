#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kp::plan {

/// Something that a user should know: it becomes part of a condition, and an Event.
struct Finding {
  std::string_view condition;  ///< api::condition::…; empty: only an Event
  std::string_view reason;     ///< api::reason::…
  std::string message;         ///< what is wrong and what to do; never a secret
  bool blocks = true;          ///< the content may not be applied
  bool fails = blocks;         ///< the condition is False; a warning leaves it True
};

using Findings = std::vector<Finding>;

}  // namespace kp::plan
