#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace kp::config {

std::string to_base64(BytesView bytes);
/// With padding, without line breaks, spare bits zero: each value has one text. Nothing for anything else.
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace kp::config
