#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kp::plan {

/// As a Secret's data has it: with padding, without line breaks.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace kp::plan
