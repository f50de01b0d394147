#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/host_port.h"

/// What one event loop counts. Only its own thread touches it: no atomics, no locks. A scrape asks every loop for a
/// copy, on that loop, and adds them up. Labels are bounded: api key, version, broker id, reason; never a topic or
/// client.
namespace kp::telemetry {

inline constexpr BrokerId bootstrap_broker = -1;   ///< `broker` label "bootstrap": a connection not bound to one broker
inline constexpr std::int16_t unknown_label = -1;  ///< an api key or version that Kafka doesn't have: label "unknown"
inline constexpr std::int16_t max_counted_version = 63;  ///< Kafka 4.3 ends at 18

/// Latency in seconds; cumulative counts are made at exposition.
struct Histogram {
  static constexpr std::array<double, 14> bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                 0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
  std::array<std::uint64_t, bounds.size() + 1> buckets{};  ///< not cumulative; the last is +Inf
  double sum = 0;

  void observe(std::chrono::nanoseconds elapsed);
  Histogram& operator+=(const Histogram& other);
};

struct ApiTraffic {
  std::uint64_t requests = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t responses = 0;
  std::uint64_t response_bytes = 0;

  ApiTraffic& operator+=(const ApiTraffic& other);
};

struct Counters {
  using Labelled = std::map<std::string, std::uint64_t, std::less<>>;  ///< label value → count

  std::int64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  Labelled connections_closed;                                                     ///< by reason
  std::map<std::tuple<std::int16_t, std::int16_t, BrokerId>, ApiTraffic> traffic;  ///< api key, version, broker
  std::map<std::int16_t, Histogram> latency;                                       ///< api key
  std::map<std::int16_t, std::uint64_t> rewritten;                                 ///< api key → responses rewritten
  std::map<std::int16_t, std::uint64_t> leaked;  ///< api key → responses that left with an address we did not write
  Labelled unmapped_brokers;                     ///< by reason: an address that had no downstream; it was left out
  Labelled tls_handshakes;                       ///< by side: "downstream", "upstream"
  std::map<std::pair<std::string, std::string>, std::uint64_t> tls_failures;          ///< side, reason
  std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> logins;  ///< side, mechanism, result
  Labelled wrong_protocol;                                                            ///< by what the peer spoke
  std::uint64_t upstream_connects = 0;
  Labelled upstream_connect_failures;                ///< by reason
  Labelled refused;                                  ///< connections refused before a session began, by reason
  std::map<std::int16_t, std::uint64_t> translated;  ///< api key → requests that were put in other words
  std::map<std::int16_t, std::uint64_t> asked;       ///< api key → requests that brokers got in their place
  std::uint64_t unfit_topics = 0;                    ///< answers that told of a topic which isn't as its mapping says
  std::int64_t gathered_bytes = 0;                   ///< that translated requests and their answers take
  std::uint64_t gathering_waits = 0;                 ///< times that one of them waited for memory
  std::uint64_t tail_hits = 0;                       ///< virtual partitions that were answered from others' reads
  std::uint64_t tail_misses = 0;                     ///< the same that a broker was asked for
  std::int64_t tail_bytes = 0;                       ///< what is kept of such reads
  Labelled drained;                                  ///< connections that a reload had no place for, by reason

  /// The entry to count a request in. Keys and versions that clients make up share one, so that they can't fill memory.
  /// The reference holds for the life of the counters.
  ApiTraffic& traffic_of(std::int16_t api, std::int16_t version, BrokerId broker);

  Counters& operator+=(const Counters& other);
};

}  // namespace kp::telemetry
