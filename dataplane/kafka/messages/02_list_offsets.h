#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct ListOffsetsRequest {
  static constexpr std::string_view name = "ListOffsetsRequest";
  static constexpr std::int16_t key = 2;
  static constexpr Versions versions = between(1, 11);
  static constexpr Version first_flexible = 6;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int32_t current_leader_epoch = -1;
      std::int64_t timestamp = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                     member                            on wire, nullable
            Field{"PartitionIndex",     &Partition::partition_index,      since(0)},
            Field{"CurrentLeaderEpoch", &Partition::current_leader_epoch, since(4)},
            Field{"Timestamp",          &Partition::timestamp,            since(0)}
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

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                on wire, nullable
        Field{"ReplicaId",      &ListOffsetsRequest::replica_id,      since(0)},
        Field{"IsolationLevel", &ListOffsetsRequest::isolation_level, since(2)},
        Field{"Topics",         &ListOffsetsRequest::topics,          since(0)},
        Field{"TimeoutMs",      &ListOffsetsRequest::timeout_ms,      since(10)}
        // clang-format on
    };
  }
};

struct ListOffsetsResponse {
  static constexpr std::string_view name = "ListOffsetsResponse";
  static constexpr std::int16_t key = 2;
  static constexpr Versions versions = between(1, 11);
  static constexpr Version first_flexible = 6;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::int64_t timestamp = -1;
      std::int64_t offset = -1;
      std::int32_t leader_epoch = -1;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"ErrorCode",      &Partition::error_code,      since(0)},
            Field{"Timestamp",      &Partition::timestamp,       since(1)},
            Field{"Offset",         &Partition::offset,          since(1)},
            Field{"LeaderEpoch",    &Partition::leader_epoch,    since(4)}
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
        // name                 member                                  on wire, nullable
        Field{"ThrottleTimeMs", &ListOffsetsResponse::throttle_time_ms, since(2)},
        Field{"Topics",         &ListOffsetsResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
