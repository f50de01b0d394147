#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "virtual/exchange.h"

/// Who may commit for a group. A shadow has no members, so its broker lets anybody: the real group is asked before.
namespace kp::virt {

/// What a commit says of who makes it.
struct Committer {
  std::string group;
  std::int32_t generation = -1;  ///< below 0: none, a consumer that assigns itself its partitions
  std::string member;
  std::optional<std::string> instance;
};

namespace fence {

inline constexpr kafka::Version describe_version = 0;  ///< every broker has it

/// A heartbeat of the committer's generation; every broker that knows `instance` has version 3.
kafka::Version heartbeat_version(const Committer& who);

/// The code that a heartbeat's answer means for a commit. A rebalance that is under way is none: brokers take commits
/// then, until it is over.
Result<std::int16_t> after_heartbeat(const Committer& who, BytesView answer);

/// The code for a commit without generation: a live group refuses it.
Result<std::int16_t> after_describe(BytesView answer);

/// Is this what a broker says of a whole group, rather than of one partition?
bool of_the_group(std::int16_t code);

}  // namespace fence
}  // namespace kp::virt
