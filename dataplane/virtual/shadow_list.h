#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "virtual/exchange.h"

/// Which shadows a coordinator has: it lists all groups that it coordinates, and shadows are where their group is.
namespace kp::virt {

inline constexpr kafka::Version list_groups_version = 0;  ///< every broker has it

struct ShadowList {
  std::int16_t error_code = 0;  ///< not none: there may be more of them, as while a coordinator still loads
  std::map<std::string, std::vector<std::string>> of;  ///< by the group whose they are
};

/// What an answer to ListGroups of that version holds. Errors: Malformed.
Result<ShadowList> shadows_in(BytesView answer);

}  // namespace kp::virt
