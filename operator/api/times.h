#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Kubernetes's metav1.Time.
namespace kp::api {

using Time = std::chrono::sys_seconds;

std::string to_string(Time time);  ///< "2026-11-21T14:20:00Z"

/// What to_string writes; nothing for another form.
std::optional<Time> parse_time(std::string_view text);

}  // namespace kp::api
