#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/model.h"

namespace kp::config {

/// Reads a file of `user=secret` lines, as a mounted Secret has them. Empty lines and lines that start with '#' are
/// skipped; a secret keeps its spaces and may hold '='. Errors name the file and the line, never the line's text.
Result<std::vector<Credential>> read_credentials_file(const std::string& path);

/// The same of a file's content; `path` is for errors.
Result<std::vector<Credential>> read_credentials(std::string_view text, const std::string& path);

/// Who stood already: a password serves every mechanism, a verifier one, so a user may have one verifier for each.
class UserSet {
 public:
  bool add(const Credential& credential);  ///< false: the user has one for the same mechanism

 private:
  std::multimap<std::string, std::optional<SaslMechanism>, std::less<>> seen_;
};

}  // namespace kp::config
