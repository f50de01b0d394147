#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

namespace kp::kafka {

constexpr std::size_t uvarint_size(std::uint32_t value) {
  std::size_t bytes = 1;
  while ((value >>= 7) != 0) ++bytes;
  return bytes;
}

/// Appends Kafka's primitive types to bytes that the caller owns.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  template <std::integral Integer>
  void integer(Integer value) {
    for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::make_unsigned_t<Integer>>(value) >> shift));
    }
  }

  void uvarint(std::uint32_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    out_.push_back(static_cast<std::uint8_t>(value));
  }

  void bytes(BytesView value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void text(std::string_view value) { out_.insert(out_.end(), value.begin(), value.end()); }

  /// The counterpart of Reader::length; `n` is -1 for null.
  template <std::signed_integral Fixed>
  void length(bool flexible, std::int64_t n) {
    if (flexible) {
      uvarint(static_cast<std::uint32_t>(n + 1));
    } else {
      integer(static_cast<Fixed>(n));
    }
  }

 private:
  Bytes& out_;
};

}  // namespace kp::kafka
