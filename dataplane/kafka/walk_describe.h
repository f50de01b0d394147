#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "kafka/walk_types.h"

/// Tables to values.
namespace kp::kafka::walk {

/// In the words of Kafka's JSON; the name of a struct is Kafka's own affair.
template <class T>
std::string type_name() {
  if constexpr (is_optional<T>) {
    return type_name<typename T::value_type>();
  } else if constexpr (is_vector<T>) {
    return "[]" + type_name<typename T::value_type>();
  } else if constexpr (Struct<T>) {
    return "struct";
  } else if constexpr (std::same_as<T, std::string>) {
    return "string";
  } else if constexpr (std::same_as<T, Records>) {
    return "records";
  } else if constexpr (std::same_as<T, Blob>) {
    return "bytes";
  } else if constexpr (std::same_as<T, Uuid>) {
    return "uuid";
  } else if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::same_as<T, std::uint16_t>) {
    return "uint16";
  } else {
    static_assert(std::signed_integral<T>);
    return "int" + std::to_string(sizeof(T) * 8);
  }
}

template <Struct S>
std::vector<FieldInfo> describe_fields();

/// The rows of the struct that a member is or holds; none for other members.
template <class T>
std::vector<FieldInfo> describe_inner() {
  if constexpr (is_optional<T> || is_vector<T>) {
    return describe_inner<typename T::value_type>();
  } else if constexpr (Struct<T>) {
    return describe_fields<T>();
  } else {
    return {};
  }
}

template <Struct S>
std::vector<FieldInfo> describe_fields() {
  std::vector<FieldInfo> rows;
  for_each_field<S>([&]<class Owner, class Member>(const Field<Owner, Member>& field) {
    rows.push_back({std::string(field.name), type_name<Member>(), field.versions, field.nullable, field.tag,
                    describe_inner<Member>()});
  });
  return rows;
}

}  // namespace kp::kafka::walk
