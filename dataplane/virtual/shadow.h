#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Where the committed offsets of virtual group g > 0 are kept: under another group id, whose Java String.hashCode is
/// that of the real one, so that it has the same coordinator and the same partition of __consumer_offsets, however many
/// there are.
namespace kp::virt {

/// `<group>~v<number>~<7 characters>`; the characters, '`' to '~', make the hash fit: 31^7 > 2^32, so there is always a
/// way. nullopt: `group` is no UTF-8, or too long; brokers would see another name than ours.
std::optional<std::string> shadow_group(std::string_view group, std::int32_t number);

struct Shadow {
  std::string_view group;  ///< of the id that was parsed
  std::int32_t number = 0;
};

/// Whose shadow is this? nullopt: nobody's, it is a group of its own.
std::optional<Shadow> parse_shadow(std::string_view id);

/// Java's hash, over UTF-16 code units. nullopt: no UTF-8.
std::optional<std::uint32_t> java_hash(std::string_view utf8);

}  // namespace kp::virt
