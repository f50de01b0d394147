#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "net/stream.h"

/// What both pumps do with the bytes of one read.
namespace kp::proxy {

/// Where a pump stands in the bytes that it was given: [sent, at) is decided and not written yet.
struct Cursor {
  BytesView view;
  std::size_t sent = 0;
  std::size_t at = 0;
  BytesView rest() const { return view.subspan(at); }
};

/// Reads that a pump may do without a wait before it lets the loop's other connections run: 1 MiB.
inline constexpr unsigned rounds_in_a_row = 16;

#ifndef KP_SPLICED_FROM  // the fuzzers' build sets it: their inputs are small
#define KP_SPLICED_FROM 32768
#endif
/// The rest of a frame that is worth the calls which splice it through the kernel instead of copying it.
inline constexpr std::uint64_t spliced_from = KP_SPLICED_FROM;

/// How much to read at once where frames may be spliced: after a large one little, only to learn what comes.
class ReadSize {
 public:
  /// What of `room` to read into. `spliced`: may frames be spliced here?
  MutableBytes of(MutableBytes room, bool spliced) const {
    return spliced && after_large_ ? room.first(std::min(room.size(), little)) : room;
  }
  /// A read gave `bytes`; the last frame that began in it, or before it, has `frame` bytes.
  void learn(std::size_t bytes, std::uint64_t frame) {
    if (bytes >= little) after_large_ = frame >= spliced_from + little;
  }

 private:
  static constexpr std::size_t little = 4096;
  bool after_large_ = false;
};

enum class Way : std::uint8_t { ToBroker, ToClient };

/// Writes of what is decided as much as there is room for. False: something is left. `body_left`: of the frame that
/// `run` ends in.
Result<bool> send_now(net::Stream& to, Cursor& run, std::uint64_t body_left);

}  // namespace kp::proxy
