#pragma once

#include <string>

#include "base/result.h"

namespace kp::config {

/// The bytes of a small file. Errors: NotFound or Io when it can't be read, Invalid when it is larger than
/// max_file_bytes (parse.h).
Result<std::string> read_text_file(const std::string& path);

}  // namespace kp::config
