#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/gathered.h"
#include "kafka/walk_types.h"
#include "kafka/writer.h"

/// Structs to bytes.
namespace kp::kafka::walk {

struct Sink {
  Bytes& own;
  std::vector<Gathered::Loan>* loans = nullptr;  ///< null: everything is copied
};

template <Struct S>
void write_struct(Sink& out, const S& value, Wire wire, std::size_t first);

template <std::integral T>
void write(Sink& out, T value, Wire) {
  if constexpr (std::same_as<T, bool>) {
    Writer(out.own).integer<std::uint8_t>(value ? 1 : 0);
  } else {
    Writer(out.own).integer(value);
  }
}

inline void write(Sink& out, const Uuid& value, Wire) {
  Writer(out.own).integer(value.high);
  Writer(out.own).integer(value.low);
}

template <Struct S>
void write(Sink& out, const S& value, Wire wire) {
  write_struct(out, value, wire, 0);
}

inline void write_counted(Sink& out, const std::string& value, Wire) { Writer(out.own).text(value); }

template <Borrowed T>
void write_counted(Sink& out, const T& value, Wire) {
  if (out.loans != nullptr && value.bytes.size() >= Gathered::least_loan)
    out.loans->push_back({out.own.size(), value.bytes});
  else
    Writer(out.own).bytes(value.bytes);
}

template <class T>
void write_counted(Sink& out, const std::vector<T>& value, Wire wire) {
  for (const T& element : value) write(out, element, wire);
}

template <Counted T>
std::int64_t count_of(const T& value) {
  if constexpr (Borrowed<T>) {
    return static_cast<std::int64_t>(value.bytes.size());
  } else {
    return static_cast<std::int64_t>(value.size());
  }
}

template <Counted T>
void write(Sink& out, const T& value, Wire wire) {
  Writer(out.own).length<LengthOf<T>>(wire.flexible, count_of(value));
  write_counted(out, value, wire);
}

template <class Owner, class Member>
void write_plain(Sink& out, const Owner& value, const Field<Owner, Member>& field, Wire wire) {
  const Member& member = value.*field.member;
  if constexpr (!is_optional<Member>) {
    write(out, member, wire);
  } else if constexpr (Counted<typename Member::value_type>) {
    if (member.has_value()) {
      write(out, *member, wire);
    } else {
      // Where null isn't allowed, empty is the nearest that is.
      const bool nullable = field.nullable.contain(wire.version);
      Writer(out.own).length<LengthOf<typename Member::value_type>>(wire.flexible, nullable ? -1 : 0);
    }
  } else if constexpr (Struct<typename Member::value_type>) {
    if (field.nullable.contain(wire.version)) write(out, static_cast<std::int8_t>(member.has_value() ? 1 : -1), wire);
    if (member.has_value()) write(out, *member, wire);
  }
}

inline void write_tag(Sink& out, std::uint32_t tag, BytesView bytes) {
  Writer writer(out.own);
  writer.uvarint(tag);
  writer.uvarint(static_cast<std::uint32_t>(bytes.size()));
  writer.bytes(bytes);
}

/// Calls visit(field, value) for each tagged field of the table that has a value, in the table's order: ascending.
template <Struct S, class Visit>
void for_each_present_tag(const S& value, Wire wire, Visit&& visit) {
  for_each_field<S>([&](const auto& field) {
    if constexpr (is_optional<std::decay_t<decltype(value.*field.member)>>) {
      if (is_tag(field, wire.version) && (value.*field.member).has_value()) visit(field, *(value.*field.member));
    }
  });
}

template <Struct S>
void write_tags(Sink& out, const S& value, Wire wire) {
  std::size_t known = 0;
  for_each_present_tag(value, wire, [&](const auto&, const auto&) { ++known; });
  Writer(out.own).uvarint(static_cast<std::uint32_t>(known + value.unknown_tags.size()));

  auto unknown = value.unknown_tags.begin();
  for_each_present_tag(value, wire, [&](const auto& field, const auto& content) {
    const auto tag = static_cast<std::uint32_t>(field.tag);
    for (; unknown != value.unknown_tags.end() && unknown->tag < tag; ++unknown) {
      write_tag(out, unknown->tag, unknown->bytes);
    }
    Bytes bytes;
    Sink whole{bytes};
    write(whole, content, wire);
    write_tag(out, tag, bytes);
  });
  for (; unknown != value.unknown_tags.end(); ++unknown) write_tag(out, unknown->tag, unknown->bytes);
}

template <Struct S>
void write_struct(Sink& out, const S& value, Wire wire, std::size_t first) {
  std::size_t position = 0;
  for_each_field<S>([&](const auto& field) {
    if (position++ >= first && is_plain(field, wire.version)) write_plain(out, value, field, wire);
  });
  if (wire.flexible) write_tags(out, value, wire);
}

}  // namespace kp::kafka::walk
