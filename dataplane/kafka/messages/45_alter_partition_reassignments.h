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

struct AlterPartitionReassignmentsRequest {
  static constexpr std::string_view name = "AlterPartitionReassignmentsRequest";
  static constexpr std::int16_t key = 45;
  static constexpr Versions versions = between(0, 1);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::optional<std::vector<std::int32_t>> replicas;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"Replicas",       &Partition::replicas,        since(0), since(0)}
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

  std::int32_t timeout_ms = 60000;
  bool allow_replication_factor_change = true;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                               member                                                                on wire, nullable
        Field{"TimeoutMs",                    &AlterPartitionReassignmentsRequest::timeout_ms,                      since(0)},
        Field{"AllowReplicationFactorChange", &AlterPartitionReassignmentsRequest::allow_replication_factor_change, since(1)},
        Field{"Topics",                       &AlterPartitionReassignmentsRequest::topics,                          since(0)}
        // clang-format on
    };
  }
};

struct AlterPartitionReassignmentsResponse {
  static constexpr std::string_view name = "AlterPartitionReassignmentsResponse";
  static constexpr std::int16_t key = 45;
  static constexpr Versions versions = between(0, 1);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::optional<std::string> error_message;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"ErrorCode",      &Partition::error_code,      since(0)},
            Field{"ErrorMessage",   &Partition::error_message,   since(0), since(0)}
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
  bool allow_replication_factor_change = true;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::vector<Topic> responses;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                               member                                                                 on wire, nullable
        Field{"ThrottleTimeMs",               &AlterPartitionReassignmentsResponse::throttle_time_ms,                since(0)},
        Field{"AllowReplicationFactorChange", &AlterPartitionReassignmentsResponse::allow_replication_factor_change, since(1)},
        Field{"ErrorCode",                    &AlterPartitionReassignmentsResponse::error_code,                      since(0)},
        Field{"ErrorMessage",                 &AlterPartitionReassignmentsResponse::error_message,                   since(0), since(0)},
        Field{"Responses",                    &AlterPartitionReassignmentsResponse::responses,                       since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
