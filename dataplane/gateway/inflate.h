#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kp::gateway {

enum class Coding : std::uint8_t { Identity, Gzip, Zstd };

/// Of a Content-Encoding header. Unsupported: any other, or several.
Result<Coding> parse_coding(std::string_view text);

/// The whole of `packed`. Errors: Malformed; Busy: it would be more than `most` bytes, and no more are ever held.
Result<std::string> inflate(Coding coding, std::string_view packed, std::size_t most);

}  // namespace kp::gateway
