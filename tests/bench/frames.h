#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "kafka/header.h"

/// The requests that the synthetic client sends and the answers of the synthetic broker: what a Kafka 4.3 client and
/// broker would say, prepared once, so that making them costs next to nothing while time is taken.
namespace kp::bench {

inline constexpr kafka::Version produce_version = 13;

/// One topic, one partition, acks=1, `records` bytes that nobody on the way looks into. Correlation id 0.
Bytes produce_request(std::size_t records);

Bytes api_versions_request();

/// In a request or response frame that begins with its size.
void set_correlation_id(MutableBytes frame, std::size_t at, std::int32_t id);
inline constexpr std::size_t request_correlation_at = 8;
inline constexpr std::size_t response_correlation_at = 4;

/// Answers of a cluster whose only broker, id 1, is 127.0.0.1:port.
class Answers {
 public:
  explicit Answers(std::uint16_t port) : port_(port) {}

  /// The whole response frame, until the next call. Ends the process at an API that the broker doesn't have.
  BytesView to(const kafka::RequestHead& request);

 private:
  Bytes make(std::int16_t key, kafka::Version version) const;

  const std::uint16_t port_;
  std::map<std::pair<std::int16_t, kafka::Version>, Bytes> made_;
};

}  // namespace kp::bench
