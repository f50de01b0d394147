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

struct DescribeProducersRequest {
  static constexpr std::string_view name = "DescribeProducersRequest";
  static constexpr std::int16_t key = 61;
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

  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name         member                             on wire, nullable
        Field{"Topics", &DescribeProducersRequest::topics, since(0)}
        // clang-format on
    };
  }
};

struct DescribeProducersResponse {
  static constexpr std::string_view name = "DescribeProducersResponse";
  static constexpr std::int16_t key = 61;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      struct ActiveProducer {
        std::int64_t producer_id = 0;
        std::int32_t producer_epoch = 0;
        std::int32_t last_sequence = -1;
        std::int64_t last_timestamp = -1;
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_start_offset = -1;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                        member                                     on wire, nullable
              Field{"ProducerId",            &ActiveProducer::producer_id,              since(0)},
              Field{"ProducerEpoch",         &ActiveProducer::producer_epoch,           since(0)},
              Field{"LastSequence",          &ActiveProducer::last_sequence,            since(0)},
              Field{"LastTimestamp",         &ActiveProducer::last_timestamp,           since(0)},
              Field{"CoordinatorEpoch",      &ActiveProducer::coordinator_epoch,        since(0)},
              Field{"CurrentTxnStartOffset", &ActiveProducer::current_txn_start_offset, since(0)}
              // clang-format on
          };
        }
      };

      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::optional<std::string> error_message;
      std::vector<ActiveProducer> active_producers;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                  member                        on wire, nullable
            Field{"PartitionIndex",  &Partition::partition_index,  since(0)},
            Field{"ErrorCode",       &Partition::error_code,       since(0)},
            Field{"ErrorMessage",    &Partition::error_message,    since(0), since(0)},
            Field{"ActiveProducers", &Partition::active_producers, since(0)}
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
        // name                 member                                        on wire, nullable
        Field{"ThrottleTimeMs", &DescribeProducersResponse::throttle_time_ms, since(0)},
        Field{"Topics",         &DescribeProducersResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
