#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "base/bytes.h"

namespace kp::kafka {

/// Reads Kafka's primitive types from a frame that it borrows. Sticky: after the first thing that is not there or not
/// allowed it is bad, every further read gives zero or nothing, and the caller looks once, at the end.
class Reader {
 public:
  explicit Reader(BytesView in);

  bool bad() const { return bad_; }
  std::size_t left() const { return in_.size(); }
  void fail() {
    bad_ = true;
    in_ = {};
  }

  template <std::integral Integer>
  Integer integer() {
    const BytesView bytes = take(sizeof(Integer));
    std::make_unsigned_t<Integer> value = 0;
    for (const std::uint8_t byte : bytes) {
      value = static_cast<std::make_unsigned_t<Integer>>((std::uint64_t{value} << 8) | byte);
    }
    return static_cast<Integer>(value);
  }

  /// 32 bits in at most five bytes, seven in each, lowest first.
  std::uint32_t uvarint();

  /// The next `count` bytes, borrowed; none, and bad, when there are fewer.
  BytesView take(std::size_t count);

  /// Length of a string, byte field or array: an integer of type Fixed, or a varint of one more where flexible;
  /// -1 is null. Never more than what is left, so that a hostile length can't make us reserve memory.
  template <std::signed_integral Fixed>
  std::int64_t length(bool flexible) {
    const std::int64_t n = flexible ? std::int64_t{uvarint()} - 1 : std::int64_t{integer<Fixed>()};
    if (n < -1 || n > static_cast<std::int64_t>(left())) fail();
    return bad_ ? -1 : n;
  }

  /// Makes the next `size` bytes all that there is, until widen() gets what narrow() returned; what hasn't been read by
  /// then makes it bad. For a tagged field, whose bytes end where it says.
  BytesView narrow(std::size_t size);
  void widen(BytesView rest);

  /// To be called before `bytes` of memory are taken for what is read. Bad when a frame wants a large multiple of its
  /// own size; no honest message comes near it.
  void charge(std::size_t bytes);

 private:
  BytesView in_;
  std::size_t budget_;
  bool bad_ = false;
};

}  // namespace kp::kafka
