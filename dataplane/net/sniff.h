#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace kp::net {

/// What a peer speaks, told from its first bytes.
enum class Spoke : std::uint8_t { Kafka, TlsHello, TlsAlert, Http, Unknown };

std::string_view name(Spoke spoke);

/// Judges by as many bytes as there are, at least one. Kafka begins with a 4-byte size, so up to `max_frame_bytes`
/// its first byte is small; "GET " read as a size is 1.2 GB.
Spoke recognise(BytesView first, std::uint32_t max_frame_bytes);

}  // namespace kp::net
