#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kp::gateway {

/// Where and how a text stops being JSON.
struct JsonFault {
  std::size_t position = 0;
  std::string what;
};

/// Of text that a faster parser has refused: slower, but it knows the place. Quotes nothing of the text.
JsonFault find_json_fault(std::string_view text);

}  // namespace kp::gateway
