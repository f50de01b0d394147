#pragma once

#include <cstddef>

#include "bench/target.h"

namespace kp::bench {

/// Resident memory of the process between, in bytes.
struct IdleMemory {
  std::size_t idle = 0;       ///< before the first of our connections
  std::size_t silent = 0;     ///< with connections that have sent nothing
  std::size_t connected = 0;  ///< with connections that have had one answer, so that a broker connection stands too
  std::size_t closed = 0;     ///< after all have closed
  std::size_t churned = 0;    ///< after `churn` more came one by one, had an answer, and went: a leak would show
};

/// `target.between` is fresh: what earlier connections left behind would be taken for free.
IdleMemory idle_memory(const Target& target, int connections, int churn);

}  // namespace kp::bench
