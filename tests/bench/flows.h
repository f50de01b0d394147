#pragma once

#include <chrono>
#include <cstdint>

#include "bench/target.h"
#include "bench/throughput.h"

struct ssl_ctx_st;

namespace kp::bench {

/// What one way gave in one round.
struct Moved {
  double seconds = 0;
  std::uint64_t bytes = 0;  ///< of the frames that carry records
  std::uint64_t requests = 0;
  double cpu_seconds = 0;  ///< of what stands between
  std::size_t resident_bytes = 0;
};

/// Does the work on as many connections as it asks for, from one thread, once all of them have had an answer.
/// `reference`: the response that is right, if every byte is to be compared.
Moved run_flows(const Target& target, const Case& work, ssl_ctx_st* tls, std::chrono::milliseconds span,
                BytesView reference);

/// One response to the work's request.
Bytes one_response(std::uint16_t port, const Case& work, ssl_ctx_st* tls);

}  // namespace kp::bench
