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

struct TxnOffsetCommitRequest {
  static constexpr std::string_view name = "TxnOffsetCommitRequest";
  static constexpr std::int16_t key = 28;
  static constexpr Versions versions = between(0, 5);
  static constexpr Version first_flexible = 3;

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
            Field{"CommittedLeaderEpoch", &Partition::committed_leader_epoch, since(2)},
            Field{"CommittedMetadata",    &Partition::committed_metadata,     since(0), since(0)}
            // clang-format on
        };
      }
    };

    std::string name;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Name",       &Topic::name,       since(0)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::string transactional_id;
  std::string group_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                  member                                      on wire, nullable
        Field{"TransactionalId", &TxnOffsetCommitRequest::transactional_id,  since(0)},
        Field{"GroupId",         &TxnOffsetCommitRequest::group_id,          since(0)},
        Field{"ProducerId",      &TxnOffsetCommitRequest::producer_id,       since(0)},
        Field{"ProducerEpoch",   &TxnOffsetCommitRequest::producer_epoch,    since(0)},
        Field{"GenerationId",    &TxnOffsetCommitRequest::generation_id,     since(3)},
        Field{"MemberId",        &TxnOffsetCommitRequest::member_id,         since(3)},
        Field{"GroupInstanceId", &TxnOffsetCommitRequest::group_instance_id, since(3), since(3)},
        Field{"Topics",          &TxnOffsetCommitRequest::topics,            since(0)}
        // clang-format on
    };
  }
};

struct TxnOffsetCommitResponse {
  static constexpr std::string_view name = "TxnOffsetCommitResponse";
  static constexpr std::int16_t key = 28;
  static constexpr Versions versions = between(0, 5);
  static constexpr Version first_flexible = 3;

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
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Name",       &Topic::name,       since(0)},
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
        // name                 member                                      on wire, nullable
        Field{"ThrottleTimeMs", &TxnOffsetCommitResponse::throttle_time_ms, since(0)},
        Field{"Topics",         &TxnOffsetCommitResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
