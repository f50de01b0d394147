#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "net/stream.h"

namespace kp::broker {

/// Sends one request frame and waits for its response frame, on a connection where nothing else is in flight. `request`
/// is kept by the coroutine. At most `limit` bytes are taken; memory grows with what comes, not with what is said.
/// Errors: Malformed (no Kafka, or another correlation id), and the stream's.
net::Task<Result<Bytes>> exchange(net::Stream& stream, Bytes request, std::uint32_t limit);

}  // namespace kp::broker
