#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rewrite/fetch_walk.h"

namespace kp::proxy {

/// Of the response that is on its way, what outlasts one read.
struct ResponseProgress {
  std::chrono::steady_clock::time_point came{};  ///< the last bytes
  std::uint64_t frame = 0;                       ///< all bytes of the last one that began
  std::uint64_t pass_left = 0;                   ///< bytes that pass as they are
  std::uint64_t frame_left = 0;                  ///< of one that is walked or collected: bytes still to come
  std::optional<rewrite::FetchWalk> walk;
  /// What comes next of it and need not be looked at.
  std::uint64_t unseen() const { return walk ? std::min(frame_left, walk->skip()) : pass_left; }
  Bytes collected;  ///< one (or its tail, under walk) that is gathered to be rewritten whole
};

}  // namespace kp::proxy
