#include "virtual/crc_patch.h"

#include <array>
#include <cstddef>

namespace kp::virt {
namespace {

// Polynomials are reflected: the highest bit is x^0.
constexpr std::uint32_t polynomial = 0x82f63b78;
constexpr std::uint32_t one = 0x80000000;

constexpr std::uint32_t times_x(std::uint32_t a) { return (a & 1) != 0 ? (a >> 1) ^ polynomial : a >> 1; }

/// a·b modulo the polynomial. No branch on data: a mispredicted one costs more than what it saves.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (int bit = 31; bit >= 0; --bit) {
    product ^= b & (0U - ((a >> bit) & 1U));
    b = (b >> 1) ^ (polynomial & (0U - (b & 1U)));
  }
  return product;
}

constexpr std::array<std::uint32_t, 256> make_bytes() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = times_x(crc);
    table[byte] = crc;
  }
  return table;
}

/// x^(8·digit·16^position): one multiplication for each digit of a size in hex.
using Powers = std::array<std::array<std::uint32_t, 16>, 16>;

constexpr Powers make_powers() {
  Powers powers{};
  std::uint32_t step = one;
  for (int bit = 0; bit < 8; ++bit) step = times_x(step);
  for (auto& digits : powers) {
    digits[0] = one;
    for (std::size_t digit = 1; digit < 16; ++digit) digits[digit] = multiply(digits[digit - 1], step);
    step = multiply(digits[15], step);
  }
  return powers;
}

constexpr auto bytes_table = make_bytes();
constexpr auto powers = make_powers();

constexpr std::uint32_t step(std::uint32_t crc, std::uint8_t byte) {
  return (crc >> 8) ^ bytes_table[(crc ^ byte) & 0xff];
}

}  // namespace

std::uint32_t crc32c(BytesView bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) crc = step(crc, byte);
  return ~crc;
}

std::uint32_t patch_crc32c(std::uint32_t crc, BytesView before, BytesView after, std::uint64_t behind) {
  std::uint32_t difference = 0;
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    difference = step(difference, static_cast<std::uint8_t>(before[i] ^ after[i]));
  }
  if (difference == 0) return crc;
  for (std::size_t position = 0; behind != 0; behind >>= 4, ++position) {
    if ((behind & 15) != 0) difference = multiply(difference, powers[position][behind & 15]);
  }
  return crc ^ difference;
}

}  // namespace kp::virt
