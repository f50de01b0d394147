#pragma once

#include <cstdint>

#include "net/stream.h"

namespace kp::net {

/// One frame with its 4-byte size in front, which is part of what is returned. Memory grows with what comes, not with
/// what the size says. A size outside [least, most] ends in what `refuse` makes of it; else the stream's errors.
Task<Result<Bytes>> read_frame(Stream& stream, std::uint32_t least, std::uint32_t most, Error (*refuse)(std::int32_t));

}  // namespace kp::net
