#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kafka/reader.h"
#include "kafka/walk_types.h"

/// Bytes to structs. Nothing here returns an error: the reader is sticky, decode() looks at it once.
namespace kp::kafka::walk {

template <Struct S>
void read_struct(Reader& in, S& out, Wire wire, std::size_t first);

template <std::integral T>
void read(Reader& in, T& out, Wire) {
  if constexpr (std::same_as<T, bool>) {
    out = in.integer<std::uint8_t>() != 0;
  } else {
    out = in.integer<T>();
  }
}

inline void read(Reader& in, Uuid& out, Wire) {
  out.high = in.integer<std::uint64_t>();
  out.low = in.integer<std::uint64_t>();
}

template <Struct S>
void read(Reader& in, S& out, Wire wire) {
  read_struct(in, out, wire, 0);
}

inline void read_counted(Reader& in, std::string& out, std::size_t length, Wire) {
  if (length > std::numeric_limits<std::int16_t>::max()) return in.fail();  // Kafka's limit at flexible versions too
  in.charge(length);
  const BytesView bytes = in.take(length);
  out.assign(bytes.begin(), bytes.end());
}

template <Borrowed T>
void read_counted(Reader& in, T& out, std::size_t length, Wire) {
  out.bytes = in.take(length);
}

template <class T>
void read_counted(Reader& in, std::vector<T>& out, std::size_t length, Wire wire) {
  in.charge(length * sizeof(T));
  if (in.bad()) return;
  out.reserve(length);
  for (std::size_t i = 0; i < length && !in.bad(); ++i) read(in, out.emplace_back(), wire);
}

template <Counted T>
void read(Reader& in, T& out, Wire wire) {
  const std::int64_t length = in.length<LengthOf<T>>(wire.flexible);
  if (length < 0) return in.fail();
  read_counted(in, out, static_cast<std::size_t>(length), wire);
}

template <Counted T>
void read_nullable(Reader& in, std::optional<T>& out, Wire wire) {
  const std::int64_t length = in.length<LengthOf<T>>(wire.flexible);
  if (length >= 0) read_counted(in, out.emplace(), static_cast<std::size_t>(length), wire);
}

/// One byte says whether it is there: below zero it isn't. Kafka writes -1 and 1, so that others are not written back
/// as they came; they are refused.
template <Struct S>
void read_nullable(Reader& in, std::optional<S>& out, Wire wire) {
  const auto there = in.integer<std::int8_t>();
  if (there != -1 && there != 1) return in.fail();
  if (there == -1) return;
  out = S{};
  read_struct(in, *out, wire, 0);
}

template <class Owner, class Member>
void read_plain(Reader& in, Owner& out, const Field<Owner, Member>& field, Wire wire) {
  Member& member = out.*field.member;
  if constexpr (!is_optional<Member>) {
    read(in, member, wire);
  } else if constexpr (Counted<typename Member::value_type> || Struct<typename Member::value_type>) {
    if (field.nullable.contain(wire.version)) {
      read_nullable(in, member, wire);
    } else {
      member = typename Member::value_type{};
      read(in, *member, wire);
    }
  }
}

/// True when the table has the tag at this version; then the reader, narrowed to its bytes, has been read.
template <Struct S>
bool read_known_tag(Reader& in, S& out, std::uint32_t tag, Wire wire) {
  bool known = false;
  for_each_field<S>([&](const auto& field) {
    using Member = std::decay_t<decltype(out.*field.member)>;
    if constexpr (is_optional<Member>) {
      if (!is_tag(field, wire.version) || static_cast<std::uint32_t>(field.tag) != tag) return;
      known = true;
      Member& member = out.*field.member;
      member = typename Member::value_type{};  // clang finds no emplace() for a struct nested in its owner
      read(in, *member, wire);
    }
  });
  return known;
}

/// Tags ascend and none comes twice: Kafka's rule, and what lets us write them back just as they came.
template <Struct S>
void read_tags(Reader& in, S& out, Wire wire) {
  const std::uint32_t count = in.uvarint();
  std::int64_t previous = -1;
  for (std::uint32_t i = 0; i < count && !in.bad(); ++i) {
    const std::uint32_t tag = in.uvarint();
    const std::uint32_t size = in.uvarint();
    if (tag <= previous) return in.fail();
    previous = tag;
    const BytesView rest = in.narrow(size);
    if (!read_known_tag(in, out, tag, wire)) {
      in.charge(2 * sizeof(RawTag));  // twice: a vector grows by doubling
      if (in.bad()) return;
      out.unknown_tags.push_back({tag, in.take(size)});
    }
    in.widen(rest);
  }
}

template <Struct S>
void read_struct(Reader& in, S& out, Wire wire, std::size_t first) {
  std::size_t position = 0;
  for_each_field<S>([&](const auto& field) {
    if (position++ >= first && is_plain(field, wire.version)) read_plain(in, out, field, wire);
  });
  if (wire.flexible) read_tags(in, out, wire);
}

}  // namespace kp::kafka::walk
