#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/record.h"

/// How a record stands in the write-ahead log: length and CRC-32C of what follows, 32 bits each, little endian; then
/// the record. A process reads what an older one wrote: the first byte is the version.
namespace kp::gateway {

std::uint32_t crc32c(std::string_view bytes);

/// Can the frame of `record` be read again? What can't must not get into the log.
bool fits_frame(const Record& record, std::string_view identity);

/// Appends the frame of `record`, which fits, which goes to Kafka as whoever `identity` is mapped to.
void append_frame(std::string& out, const Record& record, std::string_view identity);

struct Frame {
  enum class State : std::uint8_t { Whole, Torn, Corrupt };  ///< Torn: the bytes end within it
  State state = State::Torn;
  std::size_t size = 0;  ///< of the frame, when it is whole
  std::string_view identity;
  Record record;  ///< borrows from the bytes
};
/// The frame at the front of `bytes`.
Frame read_frame(std::string_view bytes);

inline constexpr std::size_t frame_head = 8;
inline constexpr std::size_t max_frame = std::size_t{1} << 30;

}  // namespace kp::gateway
