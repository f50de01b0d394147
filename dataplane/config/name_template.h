#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_port.h"

/// SniMapping::downstream: text with tokens for what tells brokers apart. Pure.
namespace kp::config {

/// `<$id>`, or `<$0>` (all that the pattern matched), `<$1>`…
struct NameToken {
  std::optional<std::size_t> group;  ///< nothing: the broker's id
};

/// `name`: what stands between "<$" and ">". Nothing: no token of ours.
std::optional<NameToken> name_token(std::string_view name);

/// With every token replaced by what `value` makes of it; what is none stays.
template <class Value>
std::string fill_template(std::string_view text, const Value& value) {
  std::string out;
  while (!text.empty()) {
    const auto start = text.find("<$");
    const auto end = start == std::string_view::npos ? start : text.find('>', start);
    if (end == std::string_view::npos) break;
    out += text.substr(0, start);
    const std::optional<NameToken> token = name_token(text.substr(start + 2, end - start - 2));
    out += token ? value(*token) : std::string(text.substr(start, end - start + 1));
    text.remove_prefix(end + 1);
  }
  return out += text;
}

/// The name of one broker, in lower case. A group that is missing, or took no part in the match, is empty.
std::string broker_name(std::string_view text, BrokerId id, const std::vector<std::string>& groups);

}  // namespace kp::config
