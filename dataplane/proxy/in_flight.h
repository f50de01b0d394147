#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "telemetry/metrics.h"

namespace kp::proxy {

/// A request that waits for its response. Responses come in request order (Kafka protocol guide, "Network").
struct InFlight {
  std::int32_t correlation_id = 0;
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  bool sasl_token = false;      ///< the answer is a bare token too: no correlation id
  std::optional<Bytes> answer;  ///< set when the proxy answers in the broker's place
  bool ours = false;            ///< the proxy's own request: the client gets nothing of the answer
  std::chrono::steady_clock::time_point since;
  telemetry::ApiTraffic* traffic = nullptr;  ///< this loop's counters for the request; they outlive the session
  telemetry::Histogram* latency = nullptr;
};

using InFlightQueue = std::deque<InFlight>;

}  // namespace kp::proxy
