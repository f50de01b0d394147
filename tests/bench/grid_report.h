#pragma once

#include <string>
#include <vector>

#include "bench/grid.h"

namespace kp::bench {

/// Per case a row for each way: medians with the least and the most, and of the compared column what ours is to each.
std::string table(const std::vector<Grid>& grids, bool colours);
std::string json(const std::vector<Grid>& grids);

}  // namespace kp::bench
