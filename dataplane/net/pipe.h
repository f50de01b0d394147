#pragma once

#include <cstddef>

#include "base/descriptor.h"
#include "base/result.h"

namespace kp::net {

/// A kernel's pipe: bytes go from one socket to another through it without being copied to us (splice(2)). Loops lend
/// them (`Loop::borrow_pipe`), since one is needed only while bytes are in it.
struct Pipe {
  /// What one holds, when the system lets us; 64 KiB otherwise (pipe(7), /proc/sys/fs/pipe-user-pages-soft).
  static constexpr int wanted_bytes = 1 << 20;

  static Result<Pipe> open();  ///< Io

  Descriptor out, in;
  std::size_t held = 0;  ///< bytes in it
};

}  // namespace kp::net
