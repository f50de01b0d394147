#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace kp::config {

/// Something wrong in the file. `path` is dotted with indexes, "resolve[0].ipv4"; `line` counts from 1, 0 is "no line".
struct Problem {
  std::string path;
  int line = 0;
  std::string message;  ///< what is wrong and what to write instead; never a secret
};

/// "config.yaml:12: upstream.security_protocol: …"
std::string to_string(const Problem& problem, std::string_view file);

struct Parsed {
  Config config;  ///< with errors only its generation has a meaning
  std::vector<Problem> errors;
  std::vector<Problem> warnings;
};

/// A variable's value, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
Environment process_environment();

/// Larger files are refused unread.
inline constexpr std::size_t max_file_bytes = 1 << 20;

/// Reads the whole YAML of one configuration, finds every error, checks that the values fit each other. Opens no other
/// file, never throws. Anchors and aliases work; what they unfold to is bounded.
Parsed parse(std::string_view yaml, const Environment& environment);

/// parse() of the file at `path`; a file that can't be read is an error without a line.
Parsed load(const std::string& path, const Environment& environment);

/// What `kafkaproxy check` prints: a line per problem, then "config.yaml: valid" or "config.yaml: 3 errors, 1 warning".
std::string describe(const Parsed& parsed, std::string_view file);

}  // namespace kp::config
