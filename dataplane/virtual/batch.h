#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

/// Record batches of format 2 (Kafka's documentation, "Record Batch"), changed where they stand. The header is never
/// compressed; records are not looked at.
namespace kp::virt {

inline constexpr std::size_t batch_header_bytes = 61;
inline constexpr std::int32_t max_group = 32767;  ///< fits above the 48 bits that producer ids leave

/// The virtual group that the producer id of a stored batch stands for; -1: none of ours.
std::int32_t group_of_producer_id(std::int64_t stored);

/// A producer id as its client knows it.
std::int64_t untagged_producer_id(std::int64_t stored);

/// One whole batch, borrowed and mutable. What changes in it is what the CRC covers, and the CRC changes with it: a
/// corrupt batch stays corrupt.
class Batch {
 public:
  /// `bytes` come from BatchWalk, which has checked them.
  explicit Batch(MutableBytes bytes) : bytes_(bytes) {}

  BytesView bytes() const { return bytes_; }
  std::int64_t base_offset() const;
  std::int64_t last_offset() const;
  std::int32_t leader_epoch() const;
  std::int64_t max_timestamp() const;
  std::int64_t producer_id() const;
  bool transactional() const;
  bool control() const;

  /// Of a stored batch: the virtual group that it belongs to; -1: none of ours. A batch that nobody tagged is group 0.
  std::int32_t group() const { return group_of_producer_id(producer_id()); }

  /// Of a producer's batch: writes the group into it. Conflict: it is transactional or a control batch. Invalid: its
  /// producer id would be read as another group's.
  Status tag(std::int32_t group);

  /// Of a stored batch: gives it back its producer's fields, and lets it end at `last_offset`, no lower than its own.
  void restore(std::int64_t last_offset);

 private:
  MutableBytes bytes_;
};

/// Walks the batches of one record set. Hostile input: every length is checked before it is used.
class BatchWalk {
 public:
  explicit BatchWalk(MutableBytes records) : rest_(records) {}

  /// The next batch; nullopt at the end, and before an incomplete one (see left()). Malformed: a length or an offset
  /// that no Kafka would write. Unsupported: message format 0 or 1. After an error: no more.
  Result<std::optional<Batch>> next();

  /// Bytes behind the last batch that came: 0 unless the last one is cut, as a broker does with what doesn't fit.
  std::size_t left() const { return rest_.size(); }

 private:
  MutableBytes rest_;
};

/// Tags every batch of a producer's record set, which ends with a whole batch. Nothing is changed unless all can be.
Status tag_all(MutableBytes records, std::int32_t group);

}  // namespace kp::virt
