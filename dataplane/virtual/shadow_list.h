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

/// What an answer to ListGroups of that version holds: shadows by the group whose they are. Errors: Malformed.
Result<std::map<std::string, std::vector<std::string>>> shadows_in(BytesView answer);

}  // namespace kp::virt
