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

struct ElectLeadersRequest {
  static constexpr std::string_view name = "ElectLeadersRequest";
  static constexpr std::int16_t key = 43;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  struct TopicPartitions {
    std::string topic;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                        on wire, nullable
          Field{"Topic",      &TopicPartitions::topic,      since(0)},
          Field{"Partitions", &TopicPartitions::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::int8_t election_type = 0;
  std::optional<std::vector<TopicPartitions>> topic_partitions;
  std::int32_t timeout_ms = 60000;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                  member                                  on wire, nullable
        Field{"ElectionType",    &ElectLeadersRequest::election_type,    since(1)},
        Field{"TopicPartitions", &ElectLeadersRequest::topic_partitions, since(0), since(0)},
        Field{"TimeoutMs",       &ElectLeadersRequest::timeout_ms,       since(0)}
        // clang-format on
    };
  }
};

struct ElectLeadersResponse {
  static constexpr std::string_view name = "ElectLeadersResponse";
  static constexpr std::int16_t key = 43;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  struct ReplicaElectionResult {
    struct PartitionResult {
      std::int32_t partition_id = 0;
      std::int16_t error_code = 0;
      std::optional<std::string> error_message;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name               member                           on wire, nullable
            Field{"PartitionId",  &PartitionResult::partition_id,  since(0)},
            Field{"ErrorCode",    &PartitionResult::error_code,    since(0)},
            Field{"ErrorMessage", &PartitionResult::error_message, since(0), since(0)}
            // clang-format on
        };
      }
    };

    std::string topic;
    std::vector<PartitionResult> partition_result;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                  member                                    on wire, nullable
          Field{"Topic",           &ReplicaElectionResult::topic,            since(0)},
          Field{"PartitionResult", &ReplicaElectionResult::partition_result, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<ReplicaElectionResult> replica_election_results;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                         member                                           on wire, nullable
        Field{"ThrottleTimeMs",         &ElectLeadersResponse::throttle_time_ms,         since(0)},
        Field{"ErrorCode",              &ElectLeadersResponse::error_code,               since(1)},
        Field{"ReplicaElectionResults", &ElectLeadersResponse::replica_election_results, since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
