#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct DescribeGroupsRequest {
  static constexpr std::string_view name = "DescribeGroupsRequest";
  static constexpr std::int16_t key = 15;
  static constexpr Versions versions = between(0, 6);
  static constexpr Version first_flexible = 5;

  std::vector<std::string> groups;
  bool include_authorized_operations = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                              member                                                 on wire, nullable
        Field{"Groups",                      &DescribeGroupsRequest::groups,                        since(0)},
        Field{"IncludeAuthorizedOperations", &DescribeGroupsRequest::include_authorized_operations, since(3)}
        // clang-format on
    };
  }
};

struct DescribeGroupsResponse {
  static constexpr std::string_view name = "DescribeGroupsResponse";
  static constexpr std::int16_t key = 15;
  static constexpr Versions versions = between(0, 6);
  static constexpr Version first_flexible = 5;

  struct Group {
    struct Member {
      std::string member_id;
      std::optional<std::string> group_instance_id;
      std::string client_id;
      std::string client_host;
      Blob member_metadata;
      Blob member_assignment;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                   member                      on wire, nullable
            Field{"MemberId",         &Member::member_id,         since(0)},
            Field{"GroupInstanceId",  &Member::group_instance_id, since(4), since(4)},
            Field{"ClientId",         &Member::client_id,         since(0)},
            Field{"ClientHost",       &Member::client_host,       since(0)},
            Field{"MemberMetadata",   &Member::member_metadata,   since(0)},
            Field{"MemberAssignment", &Member::member_assignment, since(0)}
            // clang-format on
        };
      }
    };

    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::string protocol_type;
    std::string protocol_data;
    std::vector<Member> members;
    std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                       member                         on wire, nullable
          Field{"ErrorCode",            &Group::error_code,            since(0)},
          Field{"ErrorMessage",         &Group::error_message,         since(6), since(6)},
          Field{"GroupId",              &Group::group_id,              since(0)},
          Field{"GroupState",           &Group::group_state,           since(0)},
          Field{"ProtocolType",         &Group::protocol_type,         since(0)},
          Field{"ProtocolData",         &Group::protocol_data,         since(0)},
          Field{"Members",              &Group::members,               since(0)},
          Field{"AuthorizedOperations", &Group::authorized_operations, since(3)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                     on wire, nullable
        Field{"ThrottleTimeMs", &DescribeGroupsResponse::throttle_time_ms, since(1)},
        Field{"Groups",         &DescribeGroupsResponse::groups,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
