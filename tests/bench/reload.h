#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/statistics.h"

namespace kp::bench {

struct ReloadSettings {
  int rounds = 5;
  int connections = 5000;  ///< that have had one answer, so that each has a broker connection, and are silent then
  int reloads = 40;        ///< of one round
  std::chrono::milliseconds quiet{2000};  ///< of one round, before its reloads
  std::size_t small_bytes = 1024;         ///< of the traffic's requests
};

/// Of requests that are sent by the clock, whether or not those before them are answered. Microseconds from when a
/// request was due, so that a stall counts for all that were due in it.
struct TrafficFigures {
  Spread p50, p99, max;
};

struct ReloadFigures {
  /// Milliseconds from the rename of the file until /config shows its generation; over all rounds.
  double p50 = 0, p99 = 0, max = 0;
  double page_us = 0;  ///< one look at /config, by which the above is seen
  TrafficFigures quiet, reloading;
  Spread p50_ratio, p99_ratio;           ///< reloading to quiet, round by round
  std::vector<std::size_t> resident;     ///< of the proxy, bytes: with all connections, then after each round
  std::vector<std::size_t> descriptors;  ///< of the proxy, at the same moments
};

/// On a proxy of its own: changes of the configuration one after another, of five kinds in turn, none of which ends a
/// connection, while two clients send small requests.
ReloadFigures measure_reloads(const std::string& proxy_binary, const std::string& folder, std::uint16_t broker_port,
                              const ReloadSettings& settings);

}  // namespace kp::bench
