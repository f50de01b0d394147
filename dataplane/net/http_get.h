#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/host_port.h"
#include "base/result.h"

namespace kp::net {

/// The body that `server` answers to GET `path`, by plain HTTP. Blocks no longer than `deadline`, whatever the server
/// does, and takes no body above `limit` bytes. Errors: NotFound for a name without an address and for 404; Io: not
/// reached, or another status than 200; Timeout, Eof, Malformed; Invalid: the body is too large.
Result<std::string> http_get(const HostPort& server, const std::string& path, std::size_t limit,
                             std::chrono::milliseconds deadline = std::chrono::seconds(5));

}  // namespace kp::net
