#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace kp::virt {

/// Offsets first…last, both included, in which a consumer's partition has nothing.
struct Run {
  std::int64_t first = 0;
  std::int64_t last = -1;
  std::int32_t leader_epoch = -1;  ///< of the last batch that was dropped
  std::int64_t timestamp = -1;     ///< its newest
};

/// Appends a control batch that ends where the run does, so that a consumer's position moves past it; clients show
/// applications nothing of it (kafka-go does). In front of a run of more than 2^31 - 1 offsets it leaves a gap, as
/// compaction does. Looks like the commit of a transaction that nobody began: every client passes over that, while it
/// would take a batch without records for nothing read, and ask again at once.
void append_filler(const Run& run, Bytes& out);

}  // namespace kp::virt
