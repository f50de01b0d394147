#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/apis.h"
#include "virtual/exchange.h"

/// Where virtual partitions come in: which requests are looked at, and how far we can read them.
namespace kp::virt {

/// Every API whose requests or responses tell of partitions of topics, by key. ApiVersions must offer no other versions
/// of them. Those that aren't here carry no partition number, or none that a virtual topic changes: WriteTxnMarkers and
/// DescribeTransactions (transactions write to no virtual topic but in what was there before, which is group 0, whose
/// numbers are the physical ones), and what brokers and controllers say to each other.
std::span<const kafka::ApiRange> translated_apis();

/// Does a request of this API have to be given to translate()?
bool is_translated(std::int16_t key);

/// `frame`: a whole request. `context` outlives the exchange. Unsupported: a version that has no table here. Malformed.
Result<std::unique_ptr<Exchange>> translate(const Context& context, Bytes frame);

}  // namespace kp::virt
