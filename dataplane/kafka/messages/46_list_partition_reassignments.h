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

struct ListPartitionReassignmentsRequest {
  static constexpr std::string_view name = "ListPartitionReassignmentsRequest";
  static constexpr std::int16_t key = 46;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                   member                     on wire, nullable
          Field{"Name",             &Topic::name,              since(0)},
          Field{"PartitionIndexes", &Topic::partition_indexes, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t timeout_ms = 60000;
  std::optional<std::vector<Topic>> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name            member                                          on wire, nullable
        Field{"TimeoutMs", &ListPartitionReassignmentsRequest::timeout_ms, since(0)},
        Field{"Topics",    &ListPartitionReassignmentsRequest::topics,     since(0), since(0)}
        // clang-format on
    };
  }
};

struct ListPartitionReassignmentsResponse {
  static constexpr std::string_view name = "ListPartitionReassignmentsResponse";
  static constexpr std::int16_t key = 46;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::vector<std::int32_t> replicas;
      std::vector<std::int32_t> adding_replicas;
      std::vector<std::int32_t> removing_replicas;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                   member                         on wire, nullable
            Field{"PartitionIndex",   &Partition::partition_index,   since(0)},
            Field{"Replicas",         &Partition::replicas,          since(0)},
            Field{"AddingReplicas",   &Partition::adding_replicas,   since(0)},
            Field{"RemovingReplicas", &Partition::removing_replicas, since(0)}
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
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                                 on wire, nullable
        Field{"ThrottleTimeMs", &ListPartitionReassignmentsResponse::throttle_time_ms, since(0)},
        Field{"ErrorCode",      &ListPartitionReassignmentsResponse::error_code,       since(0)},
        Field{"ErrorMessage",   &ListPartitionReassignmentsResponse::error_message,    since(0), since(0)},
        Field{"Topics",         &ListPartitionReassignmentsResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
