#pragma once

#include <string>
#include <string_view>

namespace kp::config {

/// SHA-256, 64 hex digits; empty when libcrypto can't.
std::string sha256(std::string_view content);

/// 64 hex digits of what may hold passwords, for eyes that don't know them: each guess costs 20,000 rounds (some ms).
/// The same in every process: there is no secret salt.
std::string slow_digest(std::string_view content);

}  // namespace kp::config
