#include "config/credentials.h"

#include <algorithm>
#include <string_view>

#include "base/utf8.h"
#include "config/text_file.h"
#include "config/values.h"

namespace kp::config {

bool UserSet::add(const Credential& credential) {
  const auto kind = verifier_mechanism(credential.secret);
  const auto [first, last] = seen_.equal_range(credential.user);
  if (std::any_of(first, last, [&](const auto& other) { return !kind || !other.second || *kind == *other.second; }))
    return false;
  seen_.emplace(credential.user, kind);
  return true;
}

Result<std::vector<Credential>> read_credentials_file(const std::string& path) {
  const Result<std::string> text = read_text_file(path);
  if (!text) return text.error();
  return read_credentials(*text, path);
}

Result<std::vector<Credential>> read_credentials(std::string_view text, const std::string& path) {
  std::vector<Credential> out;
  UserSet users;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos || line.starts_with('#')) continue;
    const std::string where = path + ":" + std::to_string(number);
    if (!is_utf8(line) || line.find('\0') != std::string_view::npos)
      return Error{Errc::Invalid, where + ": is not UTF-8 text"};
    Result<Credential> credential = parse_credential(line);
    if (!credential) return std::move(credential).error().within(where);
    if (!users.add(*credential))
      return Error{Errc::Invalid, where + ": the user " + credential->user + " stands twice"};
    out.push_back(std::move(*credential));
  }
  return out;
}

}  // namespace kp::config
