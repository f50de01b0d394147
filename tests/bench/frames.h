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

/// One topic, one partition, acks=1, one batch of `records` bytes. Correlation id 0. Version 9 or
/// later.
Bytes produce_request(std::size_t records, kafka::Version version = produce_version);

/// Of one partition, versions 12…18. How much comes back the broker was told: see Orders.
Bytes fetch_request(kafka::Version version);

Bytes api_versions_request();

/// A SASL/PLAIN login as alice, whom auth_swap knows: two requests, whose answers begin with an error code.
Bytes sasl_handshake_request();
Bytes sasl_authenticate_request();
inline constexpr std::size_t sasl_error_at = 8;  ///< in the response frames

/// In a request or response frame that begins with its size.
void set_correlation_id(MutableBytes frame, std::size_t at, std::int32_t id);
inline constexpr std::size_t request_correlation_at = 8;
inline constexpr std::size_t response_correlation_at = 4;

/// Answers of a cluster whose only broker, id 1, is 127.0.0.1:port.
class Answers {
 public:
  explicit Answers(std::uint16_t port) : port_(port) {}

  /// The whole response frame, with any correlation id; it lives as long as this. A Fetch response has `fetch_bytes` of
  /// records in batches, and from version 16 on now and then NodeEndpoints. Ends the process at an API that the broker
  /// doesn't have.
  BytesView to(const kafka::RequestHead& request, std::size_t fetch_bytes);

 private:
  struct Kind {
    std::int16_t key;
    kafka::Version version;
    std::size_t records;
    bool endpoints;
    auto operator<=>(const Kind&) const = default;
  };

  Bytes make(const Kind& kind) const;

  const std::uint16_t port_;
  unsigned fetched_ = 0;
  std::map<Kind, Bytes> made_;
};

}  // namespace kp::bench
