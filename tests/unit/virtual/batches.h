#pragma once

#include <cstdint>
#include <random>
#include <utility>

#include "base/bytes.h"
#include "kafka/writer.h"

/// Record batches for tests, made by other code than that which is tested.
namespace kp::virt::sample {

/// CRC-32C, bit by bit.
inline std::uint32_t slow_crc32c(BytesView bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78 : crc >> 1;
  }
  return crc ^ 0xffffffff;
}

struct BatchOf {
  std::int64_t base = 0;
  std::int32_t delta = 0;
  std::int64_t producer_id = -1;
  std::int16_t epoch = -1;
  std::int32_t sequence = -1;
  std::int16_t attributes = 0;
  std::int32_t leader_epoch = 5;
  std::size_t payload = 40;
  std::int8_t magic = 2;
  std::uint8_t fill = 0xab;
};

inline Bytes batch(const BatchOf& of) {
  Bytes guarded;
  kafka::Writer body(guarded);
  body.integer(of.attributes);
  body.integer(of.delta);
  body.integer(std::int64_t{1000});
  body.integer(std::int64_t{2000});
  body.integer(of.producer_id);
  body.integer(of.epoch);
  body.integer(of.sequence);
  body.integer(of.delta + 1);
  for (std::size_t i = 0; i < of.payload; ++i) guarded.push_back(static_cast<std::uint8_t>(of.fill + i));
  Bytes out;
  kafka::Writer head(out);
  head.integer(of.base);
  head.integer(static_cast<std::int32_t>(9 + guarded.size()));
  head.integer(of.leader_epoch);
  head.integer(of.magic);
  head.integer(slow_crc32c(guarded));
  head.bytes(guarded);
  return out;
}

inline bool crc_is_right(BytesView batch) {
  std::uint32_t said = 0;
  for (std::size_t i = 17; i < 21; ++i) said = (said << 8) | batch[i];
  return said == slow_crc32c(batch.subspan(21));
}

inline void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

/// As brokers store a batch of `group`.
inline BatchOf stored(std::int32_t group, std::int64_t base, std::int32_t delta, std::int64_t producer_id = -1) {
  BatchOf of;
  of.base = base;
  of.delta = delta;
  if (producer_id >= 0) {
    of.producer_id = producer_id | (std::int64_t{group} << 48);
    of.epoch = 3;
    of.sequence = 17;
  } else if (group > 0) {
    of.producer_id = -2 - std::int64_t{group};
    of.epoch = 0;
    of.sequence = 0;
  }
  return of;
}

}  // namespace kp::virt::sample
