#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kafka/schema.h"

/// What kinds of members a table can have, for the walkers.
namespace kp::kafka::walk {

/// What decides how a value looks on the wire.
struct Wire {
  Version version = 0;
  bool flexible = false;
};

template <class T>
concept Struct = requires { T::schema(); };

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

/// Stays in the frame.
template <class T>
concept Borrowed = std::same_as<T, Records> || std::same_as<T, Blob>;

/// Has a length before it, which can say null.
template <class T>
concept Counted = is_vector<T> || std::same_as<T, std::string> || Borrowed<T>;

/// The length of a string has two bytes, all others have four; before flexible versions.
template <class T>
using LengthOf = std::conditional_t<std::same_as<T, std::string>, std::int16_t, std::int32_t>;

template <Struct S, class Visit>
constexpr void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, S::schema());
}

template <class Owner, class Member>
constexpr bool is_tag(const Field<Owner, Member>& field, Version version) {
  return field.tag != untagged && field.versions.contain(version);
}

template <class Owner, class Member>
constexpr bool is_plain(const Field<Owner, Member>& field, Version version) {
  return field.tag == untagged && field.versions.contain(version);
}

}  // namespace kp::kafka::walk
