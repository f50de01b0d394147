#include "config/distinguished_name.h"

#include <algorithm>
#include <optional>

namespace kp::config {
namespace {

/// The value of a hexadecimal digit; -1: it is none.
int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = (c | 0x20) - 'a';
  return letter >= 0 && letter < 6 ? 10 + letter : -1;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool is_common_name(std::string_view type) {
  type = trimmed(type);
  return (type.size() == 2 && (type[0] | 0x20) == 'c' && (type[1] | 0x20) == 'n') || type == "2.5.4.3";
}

/// Reads a value up to the ',', ';' or '+' that ends it. Nothing: a backslash or quote that leads nowhere.
std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  std::size_t keep = 0;  // spaces behind this don't count, unless escaped
  bool quoted = false;
  std::size_t i = std::min(rest.find_first_not_of(' '), rest.size());
  for (; i < rest.size(); ++i) {
    const char c = rest[i];
    if (!quoted && (c == ',' || c == ';' || c == '+')) break;
    if (c == '"') {
      quoted = !quoted;
      keep = value.size();
    } else if (c != '\\') {
      value += c;
      if (c != ' ' || quoted) keep = value.size();
    } else if (i + 1 >= rest.size()) {
      return std::nullopt;
    } else if (i + 2 < rest.size() && hex(rest[i + 1]) >= 0 && hex(rest[i + 2]) >= 0) {
      value += static_cast<char>(hex(rest[i + 1]) * 16 + hex(rest[i + 2]));
      keep = value.size();
      i += 2;
    } else {
      value += rest[++i];
      keep = value.size();
    }
  }
  if (quoted) return std::nullopt;
  value.resize(keep);
  rest.remove_prefix(i);
  return value;
}

}  // namespace

std::string common_name(std::string_view rest) {
  while (!rest.empty()) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    const bool wanted = is_common_name(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    const bool encoded = rest.starts_with('#');  // bytes of a type that has no text
    std::optional<std::string> value = take_value(rest);
    if (!value || (wanted && encoded)) return {};
    if (wanted) return *value;
    rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  }
  return {};
}

}  // namespace kp::config
