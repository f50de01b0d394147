#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct ListGroupsRequest {
  static constexpr std::string_view name = "ListGroupsRequest";
  static constexpr std::int16_t key = 16;
  static constexpr Versions versions = between(0, 5);
  static constexpr Version first_flexible = 3;

  std::vector<std::string> states_filter;
  std::vector<std::string> types_filter;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name               member                             on wire, nullable
        Field{"StatesFilter", &ListGroupsRequest::states_filter, since(4)},
        Field{"TypesFilter",  &ListGroupsRequest::types_filter,  since(5)}
        // clang-format on
    };
  }
};

struct ListGroupsResponse {
  static constexpr std::string_view name = "ListGroupsResponse";
  static constexpr std::int16_t key = 16;
  static constexpr Versions versions = between(0, 5);
  static constexpr Version first_flexible = 3;

  struct Group {
    std::string group_id;
    std::string protocol_type;
    std::string group_state;
    std::string group_type;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                 on wire, nullable
          Field{"GroupId",      &Group::group_id,      since(0)},
          Field{"ProtocolType", &Group::protocol_type, since(0)},
          Field{"GroupState",   &Group::group_state,   since(4)},
          Field{"GroupType",    &Group::group_type,    since(5)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<Group> groups;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                 on wire, nullable
        Field{"ThrottleTimeMs", &ListGroupsResponse::throttle_time_ms, since(1)},
        Field{"ErrorCode",      &ListGroupsResponse::error_code,       since(0)},
        Field{"Groups",         &ListGroupsResponse::groups,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
