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

struct ConsumerGroupHeartbeatRequest {
  static constexpr std::string_view name = "ConsumerGroupHeartbeatRequest";
  static constexpr std::int16_t key = 68;
  static constexpr Versions versions = between(0, 1);
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

  std::string group_id;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::vector<std::string>> subscribed_topic_names;
  std::optional<std::string> subscribed_topic_regex;
  std::optional<std::string> server_assignor;
  std::optional<std::vector<TopicPartitions>> topic_partitions;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                       member                                                  on wire, nullable
        Field{"GroupId",              &ConsumerGroupHeartbeatRequest::group_id,               since(0)},
        Field{"MemberId",             &ConsumerGroupHeartbeatRequest::member_id,              since(0)},
        Field{"MemberEpoch",          &ConsumerGroupHeartbeatRequest::member_epoch,           since(0)},
        Field{"InstanceId",           &ConsumerGroupHeartbeatRequest::instance_id,            since(0), since(0)},
        Field{"RackId",               &ConsumerGroupHeartbeatRequest::rack_id,                since(0), since(0)},
        Field{"RebalanceTimeoutMs",   &ConsumerGroupHeartbeatRequest::rebalance_timeout_ms,   since(0)},
        Field{"SubscribedTopicNames", &ConsumerGroupHeartbeatRequest::subscribed_topic_names, since(0), since(0)},
        Field{"SubscribedTopicRegex", &ConsumerGroupHeartbeatRequest::subscribed_topic_regex, since(1), since(1)},
        Field{"ServerAssignor",       &ConsumerGroupHeartbeatRequest::server_assignor,        since(0), since(0)},
        Field{"TopicPartitions",      &ConsumerGroupHeartbeatRequest::topic_partitions,       since(0), since(0)}
        // clang-format on
    };
  }
};

struct ConsumerGroupHeartbeatResponse {
  static constexpr std::string_view name = "ConsumerGroupHeartbeatResponse";
  static constexpr std::int16_t key = 68;
  static constexpr Versions versions = between(0, 1);
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
        // name                      member                                                  on wire, nullable
        Field{"ThrottleTimeMs",      &ConsumerGroupHeartbeatResponse::throttle_time_ms,      since(0)},
        Field{"ErrorCode",           &ConsumerGroupHeartbeatResponse::error_code,            since(0)},
        Field{"ErrorMessage",        &ConsumerGroupHeartbeatResponse::error_message,         since(0), since(0)},
        Field{"MemberId",            &ConsumerGroupHeartbeatResponse::member_id,             since(0), since(0)},
        Field{"MemberEpoch",         &ConsumerGroupHeartbeatResponse::member_epoch,          since(0)},
        Field{"HeartbeatIntervalMs", &ConsumerGroupHeartbeatResponse::heartbeat_interval_ms, since(0)},
        Field{"Assignment",          &ConsumerGroupHeartbeatResponse::assignment,            since(0), since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
