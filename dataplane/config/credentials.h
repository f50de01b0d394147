#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/model.h"

namespace kp::config {

/// Reads a file of `user=secret` lines, as a mounted Secret has them. Empty lines and lines that start with '#' are
/// skipped; a secret keeps its spaces and may hold '='. Errors name the file and the line, never the line's text.
Result<std::vector<Credential>> read_credentials_file(const std::string& path);

}  // namespace kp::config
