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

struct ShareFetchRequest {
  static constexpr std::string_view name = "ShareFetchRequest";
  static constexpr std::int16_t key = 78;
  static constexpr Versions versions = between(1, 2);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      struct AcknowledgementBatche {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::vector<std::int8_t> acknowledge_types;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                   member                                     on wire, nullable
              Field{"FirstOffset",      &AcknowledgementBatche::first_offset,      since(0)},
              Field{"LastOffset",       &AcknowledgementBatche::last_offset,       since(0)},
              Field{"AcknowledgeTypes", &AcknowledgementBatche::acknowledge_types, since(0)}
              // clang-format on
          };
        }
      };

      std::int32_t partition_index = 0;
      std::int32_t partition_max_bytes = 0;
      std::vector<AcknowledgementBatche> acknowledgement_batches;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                         member                               on wire, nullable
            Field{"PartitionIndex",         &Partition::partition_index,         since(0)},
            Field{"PartitionMaxBytes",      &Partition::partition_max_bytes,     only(0)},
            Field{"AcknowledgementBatches", &Partition::acknowledgement_batches, since(0)}
            // clang-format on
        };
      }
    };

    Uuid topic_id;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"TopicId",    &Topic::topic_id,   since(0)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  struct ForgottenTopic {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                       on wire, nullable
          Field{"TopicId",    &ForgottenTopic::topic_id,   since(0)},
          Field{"Partitions", &ForgottenTopic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::optional<std::string> group_id;
  std::optional<std::string> member_id;
  std::int32_t share_session_epoch = 0;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 0x7fffffff;
  std::int32_t max_records = 0;
  std::int32_t batch_size = 0;
  std::int8_t share_acquire_mode = 0;
  bool is_renew_ack = false;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                      member                                     on wire, nullable
        Field{"GroupId",             &ShareFetchRequest::group_id,              since(0), since(0)},
        Field{"MemberId",            &ShareFetchRequest::member_id,             since(0), since(0)},
        Field{"ShareSessionEpoch",   &ShareFetchRequest::share_session_epoch,   since(0)},
        Field{"MaxWaitMs",           &ShareFetchRequest::max_wait_ms,           since(0)},
        Field{"MinBytes",            &ShareFetchRequest::min_bytes,             since(0)},
        Field{"MaxBytes",            &ShareFetchRequest::max_bytes,             since(0)},
        Field{"MaxRecords",          &ShareFetchRequest::max_records,           since(1)},
        Field{"BatchSize",           &ShareFetchRequest::batch_size,            since(1)},
        Field{"ShareAcquireMode",    &ShareFetchRequest::share_acquire_mode,    since(2)},
        Field{"IsRenewAck",          &ShareFetchRequest::is_renew_ack,          since(2)},
        Field{"Topics",              &ShareFetchRequest::topics,                since(0)},
        Field{"ForgottenTopicsData", &ShareFetchRequest::forgotten_topics_data, since(0)}
        // clang-format on
    };
  }
};

struct ShareFetchResponse {
  static constexpr std::string_view name = "ShareFetchResponse";
  static constexpr std::int16_t key = 78;
  static constexpr Versions versions = between(1, 2);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      struct LeaderIdAndEpoch {
        std::int32_t leader_id = 0;
        std::int32_t leader_epoch = 0;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name              member                           on wire, nullable
              Field{"LeaderId",    &LeaderIdAndEpoch::leader_id,    since(0)},
              Field{"LeaderEpoch", &LeaderIdAndEpoch::leader_epoch, since(0)}
              // clang-format on
          };
        }
      };

      struct AcquiredBatch {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::int16_t delivery_count = 0;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                member                          on wire, nullable
              Field{"FirstOffset",   &AcquiredBatch::first_offset,   since(0)},
              Field{"LastOffset",    &AcquiredBatch::last_offset,    since(0)},
              Field{"DeliveryCount", &AcquiredBatch::delivery_count, since(0)}
              // clang-format on
          };
        }
      };

      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::optional<std::string> error_message;
      std::int16_t acknowledge_error_code = 0;
      std::optional<std::string> acknowledge_error_message;
      LeaderIdAndEpoch current_leader;
      std::optional<Records> records;
      std::vector<AcquiredBatch> acquired_records;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                          member                                 on wire, nullable
            Field{"PartitionIndex",          &Partition::partition_index,           since(0)},
            Field{"ErrorCode",               &Partition::error_code,                since(0)},
            Field{"ErrorMessage",            &Partition::error_message,             since(0), since(0)},
            Field{"AcknowledgeErrorCode",    &Partition::acknowledge_error_code,    since(0)},
            Field{"AcknowledgeErrorMessage", &Partition::acknowledge_error_message, since(0), since(0)},
            Field{"CurrentLeader",           &Partition::current_leader,            since(0)},
            Field{"Records",                 &Partition::records,                   since(0), only(0)},
            Field{"AcquiredRecords",         &Partition::acquired_records,          since(0)}
            // clang-format on
        };
      }
    };

    Uuid topic_id;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"TopicId",    &Topic::topic_id,   since(0)},
          Field{"Partitions", &Topic::partitions, since(0)}
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
          Field{"NodeId", &NodeEndpoint::node_id, since(0)},
          Field{"Host",   &NodeEndpoint::host,    since(0)},
          Field{"Port",   &NodeEndpoint::port,    since(0)},
          Field{"Rack",   &NodeEndpoint::rack,    since(0), since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::int32_t acquisition_lock_timeout_ms = 0;
  std::vector<Topic> responses;
  std::vector<NodeEndpoint> node_endpoints;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                           member                                            on wire, nullable
        Field{"ThrottleTimeMs",           &ShareFetchResponse::throttle_time_ms,            since(0)},
        Field{"ErrorCode",                &ShareFetchResponse::error_code,                  since(0)},
        Field{"ErrorMessage",             &ShareFetchResponse::error_message,               since(0), since(0)},
        Field{"AcquisitionLockTimeoutMs", &ShareFetchResponse::acquisition_lock_timeout_ms, since(1)},
        Field{"Responses",                &ShareFetchResponse::responses,                   since(0)},
        Field{"NodeEndpoints",            &ShareFetchResponse::node_endpoints,              since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
