#pragma once

#include <string>

#include "config/model.h"

namespace kp::config {

enum class Secrets : bool { Mask, Show };

/// The YAML that parse() reads back to an equal Config (with Secrets::Show). Masked secrets read "****".
std::string emit(const Config& config, Secrets secrets);

/// SHA-256, hex, of the configuration's meaning: equal configs hash equal whatever the file's layout and generation.
std::string hash(const Config& config);

}  // namespace kp::config
