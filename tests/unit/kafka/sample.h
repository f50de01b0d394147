#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "kafka/messages/all.h"

/// Message bodies made from a table's rows alone, by other code than the codec's: what they look like doesn't depend on
/// the walker that they test.
namespace kp::kafka::sample {

class Body {
 public:
  Body(const MessageInfo& message, Version version, std::uint32_t seed)
      : version_(version), flexible_(version >= message.first_flexible), random_(seed) {
    fields(message.fields);
  }

  Bytes bytes() && { return std::move(out_); }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  void integer(std::uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void varint(std::uint32_t value) {
    while (value > 127) {
      out_.push_back(static_cast<std::uint8_t>((value & 127) | 128));
      value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void length(std::int64_t value, int size) {
    if (flexible_) {
      varint(static_cast<std::uint32_t>(value + 1));
    } else {
      integer(static_cast<std::uint64_t>(value), size);
    }
  }
  void noise(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) out_.push_back(static_cast<std::uint8_t>('a' + below(26)));
  }

  void value(const FieldInfo& row, const std::string& type, bool nullable) {
    if (type.starts_with("[]")) return array(row, type.substr(2), nullable);
    if (type == "string" || type == "records" || type == "bytes") return text(type == "string" ? 2 : 4, nullable);
    if (type == "struct") return structure(row, nullable);
    if (type == "bool") return integer(below(2), 1);
    if (row.name == "Port" && type == "int32") return integer(1 + below(65535), 4);
    if (row.name == "NodeId" || row.name == "BrokerId") return integer(below(100), 4);
    const int bits = type == "uuid" ? 128 : std::stoi(type.substr(type.find("int") + 3));
    for (int i = 0; i < bits / 8; ++i) out_.push_back(static_cast<std::uint8_t>(below(256)));
  }
  void structure(const FieldInfo& row, bool nullable) {
    const bool null = nullable && below(4) == 0;
    if (nullable) integer(null ? 0xff : 1, 1);
    if (!null) fields(row.fields);
  }
  void array(const FieldInfo& row, const std::string& element, bool nullable) {
    if (nullable && below(4) == 0) return length(-1, 4);
    const std::uint32_t count = below(4);
    length(count, 4);
    for (std::uint32_t i = 0; i < count; ++i) value(row, element, false);
  }
  void text(int size, bool nullable) {
    if (nullable && below(4) == 0) return length(-1, size);
    const std::uint32_t count = below(3) == 0 ? 0 : below(20);
    length(count, size);
    noise(count);
  }

  void fields(const std::vector<FieldInfo>& rows) {
    for (const FieldInfo& row : rows) {
      if (row.tag == untagged && row.versions.contain(version_)) {
        value(row, row.type, row.nullable.contain(version_));
      }
    }
    if (flexible_) tags(rows);
  }

  void tags(const std::vector<FieldInfo>& rows) {
    std::vector<std::pair<std::uint32_t, Bytes>> entries;
    for (const FieldInfo& row : rows) {
      if (row.tag == untagged || !row.versions.contain(version_) || below(3) == 0) continue;
      Bytes outer = std::exchange(out_, {});
      value(row, row.type, false);
      entries.emplace_back(static_cast<std::uint32_t>(row.tag), std::exchange(out_, std::move(outer)));
    }
    if (below(4) == 0) entries.emplace_back(40 + below(300), Bytes{1, 2, 3});
    if (below(4) == 0) entries.emplace_back(100000 + below(300), Bytes(below(200), 0xee));
    varint(static_cast<std::uint32_t>(entries.size()));
    for (const auto& [tag, bytes] : entries) {
      varint(tag);
      varint(static_cast<std::uint32_t>(bytes.size()));
      out_.insert(out_.end(), bytes.begin(), bytes.end());
    }
  }

  Version version_;
  bool flexible_;
  std::mt19937 random_;
  Bytes out_;
};

inline Bytes body(const MessageInfo& message, Version version, std::uint32_t seed) {
  return Body(message, version, seed).bytes();
}

}  // namespace kp::kafka::sample
