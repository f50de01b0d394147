#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "bench/memory.h"
#include "bench/placement.h"
#include "bench/reload.h"
#include "bench/statistics.h"
#include "bench/target.h"

namespace kp::bench {

struct Settings {
  std::string proxy_binary;
  std::string folder;  ///< for configuration and log of the proxy
  int rounds = 7;
  int requests = 3000;  ///< of one latency round
  int first_requests = 100;
  int idle_connections = 1000;
  int churned_connections = 5000;
  int load_connections = 64;
  std::size_t small_bytes = 1024;
  std::size_t large_bytes = 64 * 1024;
  std::chrono::milliseconds load_time{1000};  ///< of one load round
  ReloadSettings reload;
};

/// Of one way to the broker, over all rounds. Times are microseconds.
struct LatencyFigures {
  std::string name;
  Spread p50, p99, cpu_per_request, first_request;
  Spread p50_ratio, p99_ratio, cpu_ratio, first_request_ratio;  ///< to the relay, round by round
};

struct LoadFigures {
  std::string name;
  Spread mib_per_second, cpu_seconds_per_gib;
};

struct PlacedLatency {
  Placement placement = Placement::Free;
  std::vector<LatencyFigures> paths;  ///< direct, relay, kafkaproxy
};

struct Figures {
  std::vector<PlacedLatency> latency;
  std::vector<LoadFigures> load;  ///< direct, relay, kafkaproxy
  IdleMemory idle;                ///< of the proxy, bytes
  std::size_t loaded = 0;         ///< the proxy's largest resident memory under load, bytes
  ReloadFigures reload;
};

/// Everything, all on loopback. The ways take turns within a round, and who begins changes from round to round.
Figures measure(const Settings& settings);

}  // namespace kp::bench
