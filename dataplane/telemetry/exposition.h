#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/host_port.h"
#include "telemetry/gateway_metrics.h"
#include "telemetry/metrics.h"
#include "telemetry/process_stats.h"

namespace kp::telemetry {

/// What a scrape shows of the whole process. Not counted: gathered when asked for.
struct Gauges {
  std::string version;
  std::string config_hash;
  std::string config_generation;  ///< empty: the file names none
  std::uint64_t reloads = 0;      ///< that came into force
  std::uint64_t reload_failures = 0;
  bool last_reload_worked = true;
  bool ready = false;
  bool draining = false;
  std::map<BrokerId, bool> brokers;  ///< each broker that the cluster named → the last attempt reached it
  std::uint64_t connection_limit = 0;
  std::uint64_t listeners = 0;                                                ///< sockets bound for clients
  std::map<std::string, std::chrono::system_clock::time_point> certificates;  ///< file → when it expires
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  ProcessStats process;
  std::optional<GatewayFigures> gateway;  ///< absent: http_produce isn't configured
};

/// Every metric family that the proxy has, in Prometheus' text format 0.0.4. Any thread.
std::string prometheus_text(const Counters& counters, const Gauges& gauges);

}  // namespace kp::telemetry
