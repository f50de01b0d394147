#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bench/grid.h"
#include "bench/stage.h"
#include "kafka/header.h"

namespace kp::bench {

/// One kind of work that many clients do at once.
struct Case {
  std::string name;
  bool fetch = true;  ///< else Produce
  kafka::Version version = 0;
  std::size_t bytes = 0;  ///< of records in a response, or request
  int connections = 1;
  int depth = 1;  ///< requests under way on a connection
  Security security = Security::Plain;
};

struct ThroughputSettings {
  int rounds = 5;
  std::chrono::milliseconds span{700};  ///< of one measurement
  bool check = false;                   ///< compare every byte that comes; slower, so not for figures
  bool few = false;                     ///< one case of each security
  std::string only;                     ///< cases whose name holds this
};

/// Bytes and requests per second and per CPU second, for every way to the broker.
std::vector<Grid> measure_throughput(Stages& stages, const ThroughputSettings& settings);

}  // namespace kp::bench
