#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/record.h"

/// How a record stands in the write-ahead log. A head of 12 bytes, little endian: length and CRC-32C of what follows
/// it, 32 bits each; the version, 8 bits; of the CRC-32C of the first two 24 bits, so that a damaged length isn't taken
/// for a record that was not written to its end. Then the record. A process reads what an older one wrote: of version 1
/// the head ends with the CRC, and the version is the first byte that it counts.
namespace kp::gateway {

std::uint32_t crc32c(std::string_view bytes);

/// Can the frame of `record` be read again? What can't must not get into the log.
bool fits_frame(const Record& record, std::string_view identity);

/// Appends the frame of `record`, which fits, which goes to Kafka as whoever `identity` is mapped to.
void append_frame(std::string& out, const Record& record, std::string_view identity);

struct Frame {
  enum class State : std::uint8_t { Whole, Torn, Corrupt };  ///< Torn: the bytes end within it
  State state = State::Torn;
  std::size_t size = 0;  ///< of the frame, by its head; 0: that isn't there, or not sound
  std::string_view identity;
  Record record;  ///< borrows from the bytes
};
/// The frame at the front of `bytes`.
Frame read_frame(std::string_view bytes);

inline constexpr std::size_t frame_head = 12;
inline constexpr std::size_t max_frame = std::size_t{1} << 30;

}  // namespace kp::gateway
