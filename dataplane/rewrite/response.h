#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/host_port.h"
#include "base/result.h"
#include "kafka/apis.h"
#include "rewrite/address_book.h"

/// Responses that name brokers, made to name the proxy. Pure: no socket, no clock, no log.
namespace kp::rewrite {

/// Must a response of this API and version be given to rewrite_response? True for those that can carry addresses and
/// for ApiVersions, which is clamped.
bool carries_addresses(std::int16_t key, kafka::Version version);

/// Might this whole frame name a broker? False for a Produce or Fetch response that surely doesn't, as hardly any does;
/// true for all others, and where it isn't understood. Cheap: nothing is kept of what it reads.
bool may_name_brokers(std::int16_t key, kafka::Version version, BytesView frame);

/// Can we read it? False only for a rewritten API at a version that carries what we rewrite but has no table here:
/// such a response must not pass.
bool knows(std::int16_t key, kafka::Version version);

/// A broker as the cluster named it.
struct Learned {
  BrokerId id = -1;
  HostPort upstream;

  bool operator==(const Learned&) const = default;
};

/// What became of the addresses of one message.
struct Tally {
  int addresses = 0;             ///< given by the book
  int hidden = 0;                ///< left out: the book had none
  int leaked = 0;                ///< found in the outgoing message though the book didn't give them: must be 0
  std::vector<Learned> learned;  ///< also those that were hidden
};

struct Rewritten : Tally {
  Bytes frame;  ///< the whole response frame, ready to send; empty: send the one that came
};

/// What ApiVersions doesn't offer, besides what we can't read.
struct Withheld {
  std::span<const std::int16_t> apis{};
  std::span<const kafka::ApiRange> but{};  ///< versions of these APIs outside their range
};

/// `frame` is a whole response frame: size, correlation id, header, message. A broker that the book refuses is dropped
/// from the brokers or node endpoints; as a coordinator it becomes COORDINATOR_NOT_AVAILABLE. Controllers
/// (DescribeCluster's other endpoint type) are dropped. An endpoint without host is "not available" and stays as it is.
/// ApiVersions is clamped to what we know, and offers nothing that is `withheld`. Errors: Malformed, Unsupported.
Result<Rewritten> rewrite_response(std::int16_t key, kafka::Version version, BytesView frame, AddressBook& book,
                                   const Withheld& withheld = {});

/// What a broker answers to an ApiVersions request of a version that it doesn't know (KIP-511): version 0, error 35,
/// and the versions of ApiVersions that the proxy knows.
Bytes api_versions_unsupported(std::int32_t correlation_id);

/// An ApiVersions answer that is nothing but a Kafka error: what a client without SASL can be told when it isn't let
/// in.
Bytes api_versions_refused(kafka::Version version, std::int32_t correlation_id, std::int16_t error_code);

}  // namespace kp::rewrite
