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

struct DescribeTopicPartitionsRequest {
  static constexpr std::string_view name = "DescribeTopicPartitionsRequest";
  static constexpr std::int16_t key = 75;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    std::string name;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name       member        on wire, nullable
          Field{"Name", &Topic::name, since(0)}
          // clang-format on
      };
    }
  };

  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                 member                    on wire, nullable
          Field{"TopicName",      &Cursor::topic_name,      since(0)},
          Field{"PartitionIndex", &Cursor::partition_index, since(0)}
          // clang-format on
      };
    }
  };

  std::vector<Topic> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<Cursor> cursor;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                         member                                                     on wire, nullable
        Field{"Topics",                 &DescribeTopicPartitionsRequest::topics,                   since(0)},
        Field{"ResponsePartitionLimit", &DescribeTopicPartitionsRequest::response_partition_limit, since(0)},
        Field{"Cursor",                 &DescribeTopicPartitionsRequest::cursor,                   since(0), since(0)}
        // clang-format on
    };
  }
};

struct DescribeTopicPartitionsResponse {
  static constexpr std::string_view name = "DescribeTopicPartitionsResponse";
  static constexpr std::int16_t key = 75;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      std::int16_t error_code = 0;
      std::int32_t partition_index = 0;
      std::int32_t leader_id = 0;
      std::int32_t leader_epoch = -1;
      std::vector<std::int32_t> replica_nodes;
      std::vector<std::int32_t> isr_nodes;
      std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
      std::optional<std::vector<std::int32_t>> last_known_elr;
      std::vector<std::int32_t> offline_replicas;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                         member                                on wire, nullable
            Field{"ErrorCode",              &Partition::error_code,               since(0)},
            Field{"PartitionIndex",         &Partition::partition_index,          since(0)},
            Field{"LeaderId",               &Partition::leader_id,                since(0)},
            Field{"LeaderEpoch",            &Partition::leader_epoch,             since(0)},
            Field{"ReplicaNodes",           &Partition::replica_nodes,            since(0)},
            Field{"IsrNodes",               &Partition::isr_nodes,                since(0)},
            Field{"EligibleLeaderReplicas", &Partition::eligible_leader_replicas, since(0), since(0)},
            Field{"LastKnownElr",           &Partition::last_known_elr,           since(0), since(0)},
            Field{"OfflineReplicas",        &Partition::offline_replicas,         since(0)}
            // clang-format on
        };
      }
    };

    std::int16_t error_code = 0;
    std::optional<std::string> name;
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                            member                               on wire, nullable
          Field{"ErrorCode",                 &Topic::error_code,                  since(0)},
          Field{"Name",                      &Topic::name,                        since(0), since(0)},
          Field{"TopicId",                   &Topic::topic_id,                    since(0)},
          Field{"IsInternal",                &Topic::is_internal,                 since(0)},
          Field{"Partitions",                &Topic::partitions,                  since(0)},
          Field{"TopicAuthorizedOperations", &Topic::topic_authorized_operations, since(0)}
          // clang-format on
      };
    }
  };

  struct Cursor {
    std::string topic_name;
    std::int32_t partition_index = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                 member                    on wire, nullable
          Field{"TopicName",      &Cursor::topic_name,      since(0)},
          Field{"PartitionIndex", &Cursor::partition_index, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::optional<Cursor> next_cursor;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                              on wire, nullable
        Field{"ThrottleTimeMs", &DescribeTopicPartitionsResponse::throttle_time_ms, since(0)},
        Field{"Topics",         &DescribeTopicPartitionsResponse::topics,           since(0)},
        Field{"NextCursor",     &DescribeTopicPartitionsResponse::next_cursor,      since(0), since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
