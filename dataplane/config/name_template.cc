#include "config/name_template.h"

#include <charconv>

namespace kp::config {

std::optional<NameToken> name_token(std::string_view name) {
  if (name == "id") return NameToken{};
  std::size_t group = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), group);
  if (failed != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return NameToken{group};
}

std::string broker_name(std::string_view text, BrokerId id, const std::vector<std::string>& groups) {
  std::string out = fill_template(text, [&](const NameToken& token) {
    if (!token.group) return std::to_string(id);
    return *token.group < groups.size() ? groups[*token.group] : std::string();
  });
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace kp::config
