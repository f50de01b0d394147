#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/request_records.h"

namespace kp::gateway {

enum class Route : std::uint8_t { Push, Topic, OpenApi, Healthy, Ready, None };

/// Where a target leads, and by which method it may be asked. `topic` is still percent-encoded.
struct Way {
  Route route = Route::None;
  std::string_view topic;
  std::string_view allow;  ///< methods
};
Way way_of(std::string_view target);
/// May a request of this route hold records?
bool takes_records(Route route);

/// application/x-ndjson
bool is_lines(std::string_view content_type);

/// What the head of a request with records asks for.
struct Wish {
  std::string topic;         ///< of records that name none; empty: each must
  bool lines = false;        ///< the body is NDJSON
  std::optional<bool> wait;  ///< the answer comes when Kafka has confirmed; nothing: the body says
  bool results = false;      ///< with the place of each record
};
Refusal read_wish(std::string_view target, std::string_view content_type, const Way& way, Wish& wish);

}  // namespace kp::gateway
