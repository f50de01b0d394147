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

struct ShareGroupHeartbeatRequest {
  static constexpr std::string_view name = "ShareGroupHeartbeatRequest";
  static constexpr std::int16_t key = 76;
  static constexpr Versions versions = only(1);
  static constexpr Version first_flexible = 0;

  std::string group_id;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::optional<std::string> rack_id;
  std::optional<std::vector<std::string>> subscribed_topic_names;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                       member                                               on wire, nullable
        Field{"GroupId",              &ShareGroupHeartbeatRequest::group_id,               since(0)},
        Field{"MemberId",             &ShareGroupHeartbeatRequest::member_id,              since(0)},
        Field{"MemberEpoch",          &ShareGroupHeartbeatRequest::member_epoch,           since(0)},
        Field{"RackId",               &ShareGroupHeartbeatRequest::rack_id,                since(0), since(0)},
        Field{"SubscribedTopicNames", &ShareGroupHeartbeatRequest::subscribed_topic_names, since(0), since(0)}
        // clang-format on
    };
  }
};

struct ShareGroupHeartbeatResponse {
  static constexpr std::string_view name = "ShareGroupHeartbeatResponse";
  static constexpr std::int16_t key = 76;
  static constexpr Versions versions = only(1);
  static constexpr Version first_flexible = 0;

  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                        on wire, nullable
          Field{"TopicId",    &TopicPartitions::topic_id,   since(0)},
          Field{"Partitions", &TopicPartitions::partitions, since(0)}
          // clang-format on
      };
    }
  };

  struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                  member                         on wire, nullable
          Field{"TopicPartitions", &Assignment::topic_partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::optional<std::string> member_id;
  std::int32_t member_epoch = 0;
  std::int32_t heartbeat_interval_ms = 0;
  std::optional<Assignment> assignment;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                      member                                               on wire, nullable
        Field{"ThrottleTimeMs",      &ShareGroupHeartbeatResponse::throttle_time_ms,      since(0)},
        Field{"ErrorCode",           &ShareGroupHeartbeatResponse::error_code,            since(0)},
        Field{"ErrorMessage",        &ShareGroupHeartbeatResponse::error_message,         since(0), since(0)},
        Field{"MemberId",            &ShareGroupHeartbeatResponse::member_id,             since(0), since(0)},
        Field{"MemberEpoch",         &ShareGroupHeartbeatResponse::member_epoch,          since(0)},
        Field{"HeartbeatIntervalMs", &ShareGroupHeartbeatResponse::heartbeat_interval_ms, since(0)},
        Field{"Assignment",          &ShareGroupHeartbeatResponse::assignment,            since(0), since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
