#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.h"

namespace kp::config {

struct Expansion {
  std::string text;  ///< with as many lines as the input, so that line numbers hold
  std::vector<Problem> errors;
  std::vector<Problem> warnings;
  std::set<int> failed_lines;  ///< where a variable is missing: `text` holds a placeholder there
};

/// Replaces ${VAR} (must be set and not empty) and ${VAR:default} (when it is unset or empty) in the text of a YAML
/// file. Comments stay as they are. Inside quotes the value is escaped, so that it is one value whatever it holds; in
/// plain text it is pasted and may hold YAML such as [kafka-0:9092, kafka-1:9092]. A default is the file's own text and
/// is never escaped. Everything else with a '$' stays.
Expansion expand(std::string_view yaml, const Environment& environment);

}  // namespace kp::config
