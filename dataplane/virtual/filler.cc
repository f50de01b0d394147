#include "virtual/filler.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include "kafka/writer.h"
#include "virtual/crc_patch.h"

namespace kp::virt {
namespace {

constexpr std::int64_t max_delta = std::int64_t{std::numeric_limits<std::int32_t>::max()} - 1;

constexpr std::uint32_t zigzag(std::int32_t value) {
  return (static_cast<std::uint32_t>(value) << 1) ^ static_cast<std::uint32_t>(value >> 31);
}

Bytes marker_record(std::int32_t delta) {
  Bytes record;
  kafka::Writer out(record);
  out.integer(std::int8_t{0});  // attributes
  out.uvarint(0);               // timestamp delta
  out.uvarint(zigzag(delta));   // offset delta
  out.uvarint(zigzag(4));
  out.bytes(std::array<std::uint8_t, 4>{0, 0, 0, 1});  // key: version 0, commit
  out.uvarint(zigzag(6));
  out.bytes(std::array<std::uint8_t, 6>{});  // value: version 0, coordinator epoch 0
  out.uvarint(0);                            // headers
  Bytes counted;
  kafka::Writer(counted).uvarint(zigzag(static_cast<std::int32_t>(record.size())));
  counted.insert(counted.end(), record.begin(), record.end());
  return counted;
}

}  // namespace

void append_filler(const Run& run, Bytes& out) {
  const std::int64_t first = std::max(run.first, run.last - max_delta);
  const auto delta = static_cast<std::int32_t>(run.last - first);
  Bytes guarded;
  kafka::Writer body(guarded);
  body.integer(std::int16_t{0x20});  // attributes: control
  body.integer(delta);
  body.integer(run.timestamp);  // base and newest
  body.integer(run.timestamp);
  body.integer(std::int64_t{-1});  // producer id, epoch, base sequence
  body.integer(std::int16_t{-1});
  body.integer(std::int32_t{-1});
  body.integer(std::int32_t{1});  // records
  body.bytes(marker_record(delta));

  kafka::Writer batch(out);
  batch.integer(first);
  batch.integer(static_cast<std::int32_t>(4 + 1 + 4 + guarded.size()));
  batch.integer(run.leader_epoch);
  batch.integer(std::int8_t{2});
  batch.integer(crc32c(guarded));
  batch.bytes(guarded);
}

}  // namespace kp::virt
