#pragma once

#include <vector>

#include "bench/grid.h"
#include "bench/stage.h"

namespace kp::bench {

struct ConnectingSettings {
  int rounds = 5;
  int connections = 4000;       ///< of one measurement of new ones
  int idle_connections = 1000;  ///< that memory is divided by
};

/// What connections cost: new ones that ask for ApiVersions once and close, and idle ones. For every way to the broker.
std::vector<Grid> measure_connecting(Stages& stages, const ConnectingSettings& settings);

}  // namespace kp::bench
