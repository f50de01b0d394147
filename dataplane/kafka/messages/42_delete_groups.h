#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct DeleteGroupsRequest {
  static constexpr std::string_view name = "DeleteGroupsRequest";
  static constexpr std::int16_t key = 42;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  std::vector<std::string> groups_names;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name              member                              on wire, nullable
        Field{"GroupsNames", &DeleteGroupsRequest::groups_names, since(0)}
        // clang-format on
    };
  }
};

struct DeleteGroupsResponse {
  static constexpr std::string_view name = "DeleteGroupsResponse";
  static constexpr std::int16_t key = 42;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  struct Result {
    std::string group_id;
    std::int16_t error_code = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name            member               on wire, nullable
          Field{"GroupId",   &Result::group_id,   since(0)},
          Field{"ErrorCode", &Result::error_code, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                   on wire, nullable
        Field{"ThrottleTimeMs", &DeleteGroupsResponse::throttle_time_ms, since(0)},
        Field{"Results",        &DeleteGroupsResponse::results,          since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
