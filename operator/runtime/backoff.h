#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace kp::runtime {

/// How long to wait before the next try: doubles, up to `most`; what is drawn lies between half of that and all of it,
/// so that many who failed together don't come back together.
struct Backoff {
  std::chrono::milliseconds first{5};
  std::chrono::milliseconds most{300'000};

  /// `failures`: so far, 1 at least.
  template <class Random>
  std::chrono::milliseconds draw(unsigned failures, Random& random) const {
    const unsigned doublings = std::min(failures - 1, 32u);
    const auto full = std::min(most.count(), first.count() << doublings);
    return std::chrono::milliseconds(std::uniform_int_distribution<decltype(full)>((full + 1) / 2, full)(random));
  }
};

}  // namespace kp::runtime
