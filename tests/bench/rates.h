#pragma once

#include <chrono>
#include <vector>

#include "bench/grid.h"
#include "bench/stage.h"

namespace kp::bench {

struct RatesSettings {
  int rounds = 5;
  std::chrono::milliseconds span{2000};  ///< of one measurement
  bool few = false;                      ///< one case of each security
};

/// Latencies of small requests that come at a fixed rate, whether the last were answered or not.
std::vector<Grid> measure_rates(Stages& stages, const RatesSettings& settings);

}  // namespace kp::bench
