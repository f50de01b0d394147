#pragma once

#include "bench/socket.h"

namespace kp::bench {

/// Answers every request on every connection, one thread, for ever. Reads what Produce brings and forgets it.
[[noreturn]] void serve_broker(Listener listener);

}  // namespace kp::bench
