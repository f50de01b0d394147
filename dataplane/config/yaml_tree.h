#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/parse.h"

namespace kp::config {

/// One YAML document as values. Unlike yaml-cpp's own nodes it keeps repeated keys and every line, and it is bounded:
/// what a hostile file can ask for is limited by the two numbers below.
struct YamlNode {
  static constexpr std::size_t max_nodes = 100'000;  ///< with aliases counted at each use
  static constexpr std::size_t max_depth = 32;

  enum class Kind : std::uint8_t { Null, Scalar, List, Map };
  Kind kind = Kind::Null;
  int line = 0;                   ///< from 1
  std::string scalar;             ///< Scalar only
  std::vector<YamlNode> items;    ///< List: elements. Map: the values, in the order of `keys`
  std::vector<std::string> keys;  ///< Map only; may repeat
  std::vector<int> key_lines;     ///< Map only
};

struct YamlTree {
  YamlNode root;                   ///< Null when the file is empty
  std::optional<Problem> problem;  ///< why `root` is not to be used
};

/// Reads the only document of `text`. Aliases are replaced by copies of what they name; tags other than !!str and the
/// like, keys that are not scalars and a second document are refused.
YamlTree read_yaml(const std::string& text);

/// "a mapping", "a list", "text", "nothing".
std::string_view describe(YamlNode::Kind kind);

}  // namespace kp::config
