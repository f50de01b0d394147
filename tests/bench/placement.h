#pragma once

#include <array>
#include <string_view>

#include "bench/process.h"

namespace kp::bench {

/// Which cores work on a request. On few cores this decides more than the code does: waking a thread on another core
/// costs several times a switch on the same one, and the scheduler's choice changes from round to round.
enum class Placement {
  Free,     ///< the scheduler's choice
  OneCore,  ///< all on one core: hardly more than what the code itself costs
  Apart     ///< client and broker on one core, what stands between on another: a wake-up across cores at every step
};
inline constexpr std::array all_placements{Placement::Free, Placement::OneCore, Placement::Apart};

std::string_view name(Placement placement);

/// Apart needs two cores that this process may use.
bool possible(Placement placement);

/// Every thread that `process` has now.
void place_between(const Process& process, Placement placement);
void place_broker(const Process& process, Placement placement);
void place_client(Placement placement);  ///< the calling thread

}  // namespace kp::bench
