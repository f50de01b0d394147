#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "kafka/apis.h"

/// The parts that the tables in messages/ are made of.
namespace kp::kafka {

struct Versions {
  Version min = 0;
  Version max = -1;

  constexpr bool contain(Version version) const { return min <= version && version <= max; }
  bool operator==(const Versions&) const = default;
};

constexpr Versions since(Version first) { return {first, std::numeric_limits<Version>::max()}; }
constexpr Versions between(Version first, Version last) { return {first, last}; }
constexpr Versions only(Version version) { return {version, version}; }
inline constexpr Versions never{};

inline constexpr int untagged = -1;

/// One field: its name in Kafka's JSON, the member that holds it, the versions that have it, those in which it may be
/// null, and its tag. The member's initialiser is the default. A nullable or tagged field is held by a std::optional:
/// a tagged field that isn't there has no value, so it's not there either when it's written back.
template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::* member;
  Versions versions;
  Versions nullable = never;
  int tag = untagged;
};

template <class Owner, class Member>
constexpr Field<Owner, Member> tagged(int tag, std::string_view name, Member Owner::* member, Versions versions) {
  return {name, member, versions, never, tag};
}

/// A tagged field that our table doesn't have: kept as it came, borrowed from the frame.
struct RawTag {
  std::uint32_t tag = 0;
  BytesView bytes;
};

/// Every struct of a message has one, named `unknown_tags`; ascending.
using RawTags = std::vector<RawTag>;

/// Record batches, borrowed from the frame, never looked at.
struct Records {
  BytesView bytes;
};

/// Bytes that mean something to someone else (a SASL token), borrowed from the frame.
struct Blob {
  BytesView bytes;
};

/// Sixteen bytes, as on the wire.
struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool operator==(const Uuid&) const = default;
};

/// A row of a table as values, to compare with Kafka's own description.
struct FieldInfo {
  std::string name;
  std::string type;  ///< in the words of Kafka's JSON; a struct is "struct" or "[]struct"
  Versions versions;
  Versions nullable;
  int tag = untagged;
  std::vector<FieldInfo> fields;  ///< of a struct
};

struct MessageInfo {
  std::string_view name;  ///< "MetadataResponse"
  std::int16_t key = -1;
  Versions versions;
  Version first_flexible = never_flexible;
  std::vector<FieldInfo> fields;
};

}  // namespace kp::kafka
