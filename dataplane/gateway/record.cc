#include "gateway/record.h"

#include <algorithm>

namespace kp::gateway {

bool is_topic_name(std::string_view name) {
  constexpr std::size_t longest = 249;
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= longest && name != "." && name != ".." && std::ranges::all_of(name, legal);
}

}  // namespace kp::gateway
