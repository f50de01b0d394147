#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct DeleteShareGroupOffsetsRequest {
  static constexpr std::string_view name = "DeleteShareGroupOffsetsRequest";
  static constexpr std::int16_t key = 92;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    std::string topic_name;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name            member              on wire, nullable
          Field{"TopicName", &Topic::topic_name, since(0)}
          // clang-format on
      };
    }
  };

  std::string group_id;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name          member                                     on wire, nullable
        Field{"GroupId", &DeleteShareGroupOffsetsRequest::group_id, since(0)},
        Field{"Topics",  &DeleteShareGroupOffsetsRequest::topics,   since(0)}
        // clang-format on
    };
  }
};

struct DeleteShareGroupOffsetsResponse {
  static constexpr std::string_view name = "DeleteShareGroupOffsetsResponse";
  static constexpr std::int16_t key = 92;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    std::string topic_name;
    Uuid topic_id;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                 on wire, nullable
          Field{"TopicName",    &Topic::topic_name,    since(0)},
          Field{"TopicId",      &Topic::topic_id,      since(0)},
          Field{"ErrorCode",    &Topic::error_code,    since(0)},
          Field{"ErrorMessage", &Topic::error_message, since(0), since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::vector<Topic> responses;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                              on wire, nullable
        Field{"ThrottleTimeMs", &DeleteShareGroupOffsetsResponse::throttle_time_ms, since(0)},
        Field{"ErrorCode",      &DeleteShareGroupOffsetsResponse::error_code,       since(0)},
        Field{"ErrorMessage",   &DeleteShareGroupOffsetsResponse::error_message,    since(0), since(0)},
        Field{"Responses",      &DeleteShareGroupOffsetsResponse::responses,        since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
