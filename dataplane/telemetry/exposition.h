#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/host_port.h"
#include "telemetry/metrics.h"
#include "telemetry/process_stats.h"

namespace kp::telemetry {

/// What a scrape shows of the whole process. Not counted: gathered when asked for.
struct Gauges {
  std::string version;
  std::string config_hash;
  std::string config_generation;  ///< empty: the file names none
  bool ready = false;
  bool draining = false;
  std::map<BrokerId, bool> brokers;  ///< each broker that the cluster named → the last attempt reached it
  std::uint64_t connection_limit = 0;
  std::uint64_t listeners = 0;                                                ///< sockets bound for clients
  std::map<std::string, std::chrono::system_clock::time_point> certificates;  ///< file → when it expires
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  ProcessStats process;
};

/// Every metric family that the proxy has, in Prometheus' text format 0.0.4. Any thread.
std::string prometheus_text(const Counters& counters, const Gauges& gauges);

}  // namespace kp::telemetry
