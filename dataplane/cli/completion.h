#pragma once

#include <string>

namespace kp::cli {

/// The script that a shell (bash, zsh, fish) reads to complete kafkaproxy's command line.
std::string completion_script(const std::string& shell);

}  // namespace kp::cli
