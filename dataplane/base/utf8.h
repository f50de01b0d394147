#pragma once

#include <string_view>

namespace kp {

/// Well-formed UTF-8, as RFC 3629 has it.
bool is_utf8(std::string_view text);

}  // namespace kp
