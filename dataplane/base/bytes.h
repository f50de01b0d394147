#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kp {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;  ///< Borrowed; the owner outlives the view.
using MutableBytes = std::span<std::uint8_t>;

/// A big-endian integer at the front of `bytes`; the caller has checked that it is all there.
inline std::int32_t big_endian_i32(BytesView bytes) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bytes[0]) << 24 |
                                   static_cast<std::uint32_t>(bytes[1]) << 16 |
                                   static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]));
}
inline std::int16_t big_endian_i16(BytesView bytes) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]));
}

}  // namespace kp
