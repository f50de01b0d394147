#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "bench/socket.h"
#include "bench/target.h"
#include "bench/wire.h"

namespace kp::bench {

/// Sends `request` with correlation id `id` and waits for its answer. Any other outcome is a Failure.
void exchange(const Fd& socket, Bytes& request, std::int32_t id);

/// The whole frame that answers `request`; a Failure when it isn't there within 30 s.
Bytes answer_to(Wire& wire, BytesView request);

/// What every connection to the target does first: a SASL/PLAIN login where one is asked for.
void log_in(Wire& wire, const Target& target);

}  // namespace kp::bench
