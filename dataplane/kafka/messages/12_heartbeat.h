#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct HeartbeatRequest {
  static constexpr std::string_view name = "HeartbeatRequest";
  static constexpr std::int16_t key = 12;
  static constexpr Versions versions = between(0, 4);
  static constexpr Version first_flexible = 4;

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                  member                                on wire, nullable
        Field{"GroupId",         &HeartbeatRequest::group_id,          since(0)},
        Field{"GenerationId",    &HeartbeatRequest::generation_id,     since(0)},
        Field{"MemberId",        &HeartbeatRequest::member_id,         since(0)},
        Field{"GroupInstanceId", &HeartbeatRequest::group_instance_id, since(3), since(3)}
        // clang-format on
    };
  }
};

struct HeartbeatResponse {
  static constexpr std::string_view name = "HeartbeatResponse";
  static constexpr std::int16_t key = 12;
  static constexpr Versions versions = between(0, 4);
  static constexpr Version first_flexible = 4;

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                on wire, nullable
        Field{"ThrottleTimeMs", &HeartbeatResponse::throttle_time_ms, since(1)},
        Field{"ErrorCode",      &HeartbeatResponse::error_code,       since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
