#pragma once

#include <algorithm>
#include <boost/circular_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "telemetry/metrics.h"

namespace kp::proxy {

/// A request that waits for its response. Responses come in request order (Kafka protocol guide, "Network").
struct InFlight {
  std::int32_t correlation_id = 0;
  std::int16_t api_key = 0;
  std::int16_t api_version = 0;
  bool sasl_token = false;        ///< the answer is a bare token too: no correlation id
  std::optional<Bytes> answer{};  ///< set when the proxy answers in the broker's place
  bool ours = false;              ///< the proxy's own request: the client gets nothing of the answer
  bool rewritten = true;          ///< the answer may carry addresses
  std::chrono::steady_clock::time_point since{};
  telemetry::ApiTraffic* traffic = nullptr;  ///< this loop's counters for the request; they outlive the session
  telemetry::Histogram* latency = nullptr;
};

/// The last kind of request that was let through without more ado, and what holds for the next of it.
struct UsualRequest {
  std::uint64_t serial = 0;  ///< of the runtime that judged it; 0: none
  std::int16_t api_key = -1;
  std::int16_t api_version = -1;
  bool rewritten = true;
  telemetry::ApiTraffic* traffic = nullptr;
  telemetry::Histogram* latency = nullptr;
};

/// In request order. Keeps room for a few requests when it is empty, however many there were: most connections idle.
class InFlightQueue {
 public:
  bool empty() const { return ring_.empty(); }
  std::size_t size() const { return ring_.size(); }
  InFlight& front() { return ring_.front(); }
  const InFlight& front() const { return ring_.front(); }
  void push_back(InFlight request) {
    if (ring_.full()) ring_.set_capacity(std::max(least, 2 * ring_.capacity()));
    ring_.push_back(std::move(request));
  }
  void pop_front() {
    ring_.pop_front();
    if (ring_.empty() && ring_.capacity() > kept) ring_.set_capacity(least);
  }

 private:
  static constexpr std::size_t least = 1;
  static constexpr std::size_t kept = 4;
  boost::circular_buffer<InFlight> ring_;
};

}  // namespace kp::proxy
