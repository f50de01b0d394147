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

struct OffsetCommitRequest {
  static constexpr std::string_view name = "OffsetCommitRequest";
  static constexpr std::int16_t key = 8;
  static constexpr Versions versions = between(2, 10);
  static constexpr Version first_flexible = 8;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t committed_offset = 0;
      std::int32_t committed_leader_epoch = -1;
      std::optional<std::string> committed_metadata;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                       member                              on wire, nullable
            Field{"PartitionIndex",       &Partition::partition_index,        since(0)},
            Field{"CommittedOffset",      &Partition::committed_offset,       since(0)},
            Field{"CommittedLeaderEpoch", &Partition::committed_leader_epoch, since(6)},
            Field{"CommittedMetadata",    &Partition::committed_metadata,     since(0), since(0)}
            // clang-format on
        };
      }
    };

    std::string name;
    Uuid topic_id;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Name",       &Topic::name,       between(0, 9)},
          Field{"TopicId",    &Topic::topic_id,   since(10)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                            member                                               on wire, nullable
        Field{"GroupId",                   &OffsetCommitRequest::group_id,                      since(0)},
        Field{"GenerationIdOrMemberEpoch", &OffsetCommitRequest::generation_id_or_member_epoch, since(1)},
        Field{"MemberId",                  &OffsetCommitRequest::member_id,                     since(1)},
        Field{"GroupInstanceId",           &OffsetCommitRequest::group_instance_id,             since(7), since(7)},
        Field{"RetentionTimeMs",           &OffsetCommitRequest::retention_time_ms,             between(2, 4)},
        Field{"Topics",                    &OffsetCommitRequest::topics,                        since(0)}
        // clang-format on
    };
  }
};

struct OffsetCommitResponse {
  static constexpr std::string_view name = "OffsetCommitResponse";
  static constexpr std::int16_t key = 8;
  static constexpr Versions versions = between(2, 10);
  static constexpr Version first_flexible = 8;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"ErrorCode",      &Partition::error_code,      since(0)}
            // clang-format on
        };
      }
    };

    std::string name;
    Uuid topic_id;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Name",       &Topic::name,       between(0, 9)},
          Field{"TopicId",    &Topic::topic_id,   since(10)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                   on wire, nullable
        Field{"ThrottleTimeMs", &OffsetCommitResponse::throttle_time_ms, since(3)},
        Field{"Topics",         &OffsetCommitResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
