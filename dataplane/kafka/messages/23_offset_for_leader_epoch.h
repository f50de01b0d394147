#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct OffsetForLeaderEpochRequest {
  static constexpr std::string_view name = "OffsetForLeaderEpochRequest";
  static constexpr std::int16_t key = 23;
  static constexpr Versions versions = between(2, 4);
  static constexpr Version first_flexible = 4;

  struct Topic {
    struct Partition {
      std::int32_t partition = 0;
      std::int32_t current_leader_epoch = -1;
      std::int32_t leader_epoch = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                     member                            on wire, nullable
            Field{"Partition",          &Partition::partition,            since(0)},
            Field{"CurrentLeaderEpoch", &Partition::current_leader_epoch, since(2)},
            Field{"LeaderEpoch",        &Partition::leader_epoch,         since(0)}
            // clang-format on
        };
      }
    };

    std::string topic;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Topic",      &Topic::topic,      since(0)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t replica_id = -2;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name            member                                    on wire, nullable
        Field{"ReplicaId", &OffsetForLeaderEpochRequest::replica_id, since(3)},
        Field{"Topics",    &OffsetForLeaderEpochRequest::topics,     since(0)}
        // clang-format on
    };
  }
};

struct OffsetForLeaderEpochResponse {
  static constexpr std::string_view name = "OffsetForLeaderEpochResponse";
  static constexpr std::int16_t key = 23;
  static constexpr Versions versions = between(2, 4);
  static constexpr Version first_flexible = 4;

  struct Topic {
    struct Partition {
      std::int16_t error_code = 0;
      std::int32_t partition = 0;
      std::int32_t leader_epoch = -1;
      std::int64_t end_offset = -1;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name              member                    on wire, nullable
            Field{"ErrorCode",   &Partition::error_code,   since(0)},
            Field{"Partition",   &Partition::partition,    since(0)},
            Field{"LeaderEpoch", &Partition::leader_epoch, since(1)},
            Field{"EndOffset",   &Partition::end_offset,   since(0)}
            // clang-format on
        };
      }
    };

    std::string topic;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Topic",      &Topic::topic,      since(0)},
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
        // name                 member                                           on wire, nullable
        Field{"ThrottleTimeMs", &OffsetForLeaderEpochResponse::throttle_time_ms, since(2)},
        Field{"Topics",         &OffsetForLeaderEpochResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
