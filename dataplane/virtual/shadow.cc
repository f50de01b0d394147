#include "virtual/shadow.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "virtual/batch.h"

namespace kp::virt {
namespace {

constexpr std::size_t tail_size = 7;
constexpr char first_character = '`';
constexpr char last_character = '~';
constexpr std::uint32_t base = 31;
constexpr std::size_t max_string_bytes = 32767;
constexpr std::string_view mark = "~v";

/// 31^7 and the tail's value when all its digits are 0, modulo 2^32.
constexpr std::uint32_t power_of_tail() {
  std::uint32_t power = 1;
  for (std::size_t i = 0; i < tail_size; ++i) power *= base;
  return power;
}
constexpr std::uint32_t lowest_tail() {
  std::uint32_t hash = 0;
  for (std::size_t i = 0; i < tail_size; ++i) hash = hash * base + static_cast<std::uint32_t>(first_character);
  return hash;
}

/// The code point at the front of valid UTF-8, which is taken off.
char32_t take_code_point(std::string_view& utf8) {
  const auto lead = static_cast<unsigned char>(utf8[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t point = size == 1 ? lead : lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) point = (point << 6) | (static_cast<unsigned char>(utf8[i]) & 0x3fU);
  utf8.remove_prefix(size);
  return point;
}

}  // namespace

std::optional<std::uint32_t> java_hash(std::string_view utf8) {
  if (!is_utf8(utf8)) return std::nullopt;
  std::uint32_t hash = 0;
  while (!utf8.empty()) {
    const char32_t point = take_code_point(utf8);
    if (point < 0x10000) {
      hash = hash * base + point;
    } else {
      hash = hash * base + (0xd800 + ((point - 0x10000) >> 10));
      hash = hash * base + (0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
  return hash;
}

std::optional<std::string> shadow_group(std::string_view group, std::int32_t number) {
  std::string id(group);
  id += mark;
  id += std::to_string(number) + "~";
  const auto wanted = java_hash(group);
  const auto given = java_hash(id);
  if (!wanted || !given || id.size() + tail_size > max_string_bytes) return std::nullopt;
  std::uint32_t digits = *wanted - *given * power_of_tail() - lowest_tail();
  std::string tail(tail_size, first_character);
  for (std::size_t i = tail_size; i > 0; --i) {
    tail[i - 1] = static_cast<char>(static_cast<std::uint32_t>(first_character) + digits % base);
    digits /= base;
  }
  return id + tail;
}

std::optional<Shadow> parse_shadow(std::string_view id) {
  if (id.size() < mark.size() + 2 + tail_size) return std::nullopt;
  const std::string_view tail = id.substr(id.size() - tail_size);
  if (!std::ranges::all_of(tail, [](char c) { return c >= first_character && c <= last_character; }))
    return std::nullopt;
  std::string_view head = id.substr(0, id.size() - tail_size);
  if (head.back() != '~') return std::nullopt;
  head.remove_suffix(1);
  const std::size_t at = head.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = head.substr(at + mark.size());
  Shadow shadow{id.substr(0, at), 0};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), shadow.number);
  const bool number = error == std::errc{} && end == digits.data() + digits.size();
  if (!number || shadow.number < 1 || shadow.number > max_group) return std::nullopt;
  if (shadow_group(shadow.group, shadow.number) != id) return std::nullopt;
  return shadow;
}

}  // namespace kp::virt
