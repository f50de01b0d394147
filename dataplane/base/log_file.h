#pragma once

#include <string>

#include "base/result.h"

namespace kp::log {

/// Where lines go from now on: to the end of the file at `path`; empty: to standard error. log::configure() must
/// follow: it sets the form of lines. Any thread. Errors: Io; then nothing has changed.
Status write_to(const std::string& path);

}  // namespace kp::log
