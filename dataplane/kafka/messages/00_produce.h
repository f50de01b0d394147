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

struct ProduceRequest {
  static constexpr std::string_view name = "ProduceRequest";
  static constexpr std::int16_t key = 0;
  static constexpr Versions versions = between(3, 13);
  static constexpr Version first_flexible = 9;

  struct Topic {
    struct Partition {
      std::int32_t index = 0;
      std::optional<Records> records;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name          member               on wire, nullable
            Field{"Index",   &Partition::index,   since(0)},
            Field{"Records", &Partition::records, since(0), since(0)}
            // clang-format on
        };
      }
    };

    std::string name;
    Uuid topic_id;
    std::vector<Partition> partition_data;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                member                  on wire, nullable
          Field{"Name",          &Topic::name,           between(0, 12)},
          Field{"TopicId",       &Topic::topic_id,       since(13)},
          Field{"PartitionData", &Topic::partition_data, since(0)}
          // clang-format on
      };
    }
  };

  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topic_data;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                  member                             on wire, nullable
        Field{"TransactionalId", &ProduceRequest::transactional_id, since(3), since(3)},
        Field{"Acks",            &ProduceRequest::acks,             since(0)},
        Field{"TimeoutMs",       &ProduceRequest::timeout_ms,       since(0)},
        Field{"TopicData",       &ProduceRequest::topic_data,       since(0)}
        // clang-format on
    };
  }
};

struct ProduceResponse {
  static constexpr std::string_view name = "ProduceResponse";
  static constexpr std::int16_t key = 0;
  static constexpr Versions versions = between(3, 13);
  static constexpr Version first_flexible = 9;

  struct Topic {
    struct Partition {
      struct RecordError {
        std::int32_t batch_index = 0;
        std::optional<std::string> batch_index_error_message;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                         member                                   on wire, nullable
              Field{"BatchIndex",             &RecordError::batch_index,               since(8)},
              Field{"BatchIndexErrorMessage", &RecordError::batch_index_error_message, since(8), since(8)}
              // clang-format on
          };
        }
      };

      struct LeaderIdAndEpoch {
        std::int32_t leader_id = -1;
        std::int32_t leader_epoch = -1;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name              member                           on wire, nullable
              Field{"LeaderId",    &LeaderIdAndEpoch::leader_id,    since(10)},
              Field{"LeaderEpoch", &LeaderIdAndEpoch::leader_epoch, since(10)}
              // clang-format on
          };
        }
      };

      std::int32_t index = 0;
      std::int16_t error_code = 0;
      std::int64_t base_offset = 0;
      std::int64_t log_append_time_ms = -1;
      std::int64_t log_start_offset = -1;
      std::vector<RecordError> record_errors;
      std::optional<std::string> error_message;
      std::optional<LeaderIdAndEpoch> current_leader;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                    member                          on wire, nullable
            Field{"Index",             &Partition::index,              since(0)},
            Field{"ErrorCode",         &Partition::error_code,         since(0)},
            Field{"BaseOffset",        &Partition::base_offset,        since(0)},
            Field{"LogAppendTimeMs",   &Partition::log_append_time_ms, since(2)},
            Field{"LogStartOffset",    &Partition::log_start_offset,   since(5)},
            Field{"RecordErrors",      &Partition::record_errors,      since(8)},
            Field{"ErrorMessage",      &Partition::error_message,      since(8),  since(8)},
            tagged(0, "CurrentLeader", &Partition::current_leader,     since(10))
            // clang-format on
        };
      }
    };

    std::string name;
    Uuid topic_id;
    std::vector<Partition> partition_responses;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                     member                       on wire, nullable
          Field{"Name",               &Topic::name,                between(0, 12)},
          Field{"TopicId",            &Topic::topic_id,            since(13)},
          Field{"PartitionResponses", &Topic::partition_responses, since(0)}
          // clang-format on
      };
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name         member                  on wire, nullable
          Field{"NodeId", &NodeEndpoint::node_id, since(10)},
          Field{"Host",   &NodeEndpoint::host,    since(10)},
          Field{"Port",   &NodeEndpoint::port,    since(10)},
          Field{"Rack",   &NodeEndpoint::rack,    since(10), since(10)}
          // clang-format on
      };
    }
  };

  std::vector<Topic> responses;
  std::int32_t throttle_time_ms = 0;
  std::optional<std::vector<NodeEndpoint>> node_endpoints;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                    member                              on wire, nullable
        Field{"Responses",         &ProduceResponse::responses,        since(0)},
        Field{"ThrottleTimeMs",    &ProduceResponse::throttle_time_ms, since(1)},
        tagged(0, "NodeEndpoints", &ProduceResponse::node_endpoints,   since(10))
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
