#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kp::gateway {

/// One record as a client gave it. All text is borrowed from the request that is being handled.
struct Record {
  std::string_view topic;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;                                              ///< none: a tombstone
  std::int32_t partition = -1;                                                        ///< -1: by key, or any
  std::int64_t timestamp = 0;                                                         ///< ms since 1970; 0: now
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;  ///< in order; names may repeat

  /// What it counts for against bounds on memory; librdkafka's own share included.
  std::size_t weight() const {
    std::size_t all = overhead + topic.size() + (key ? key->size() : 0) + (value ? value->size() : 0);
    for (const auto& [name, text] : headers) all += overhead + name.size() + (text ? text->size() : 0);
    return all;
  }
  static constexpr std::size_t overhead = 64;
};

/// Kafka's rule: 1…249 of letters, digits, '.', '_' and '-'; neither "." nor "..".
bool is_topic_name(std::string_view name);

}  // namespace kp::gateway
