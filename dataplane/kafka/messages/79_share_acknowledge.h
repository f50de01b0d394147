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

struct ShareAcknowledgeRequest {
  static constexpr std::string_view name = "ShareAcknowledgeRequest";
  static constexpr std::int16_t key = 79;
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
      std::vector<AcknowledgementBatche> acknowledgement_batches;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                         member                               on wire, nullable
            Field{"PartitionIndex",         &Partition::partition_index,         since(0)},
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

  std::optional<std::string> group_id;
  std::optional<std::string> member_id;
  std::int32_t share_session_epoch = 0;
  bool is_renew_ack = false;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                    member                                         on wire, nullable
        Field{"GroupId",           &ShareAcknowledgeRequest::group_id,            since(0), since(0)},
        Field{"MemberId",          &ShareAcknowledgeRequest::member_id,           since(0), since(0)},
        Field{"ShareSessionEpoch", &ShareAcknowledgeRequest::share_session_epoch, since(0)},
        Field{"IsRenewAck",        &ShareAcknowledgeRequest::is_renew_ack,        since(2)},
        Field{"Topics",            &ShareAcknowledgeRequest::topics,              since(0)}
        // clang-format on
    };
  }
};

struct ShareAcknowledgeResponse {
  static constexpr std::string_view name = "ShareAcknowledgeResponse";
  static constexpr std::int16_t key = 79;
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

      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::optional<std::string> error_message;
      LeaderIdAndEpoch current_leader;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"ErrorCode",      &Partition::error_code,      since(0)},
            Field{"ErrorMessage",   &Partition::error_message,   since(0), since(0)},
            Field{"CurrentLeader",  &Partition::current_leader,  since(0)}
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
        // name                           member                                                  on wire, nullable
        Field{"ThrottleTimeMs",           &ShareAcknowledgeResponse::throttle_time_ms,            since(0)},
        Field{"ErrorCode",                &ShareAcknowledgeResponse::error_code,                  since(0)},
        Field{"ErrorMessage",             &ShareAcknowledgeResponse::error_message,               since(0), since(0)},
        Field{"AcquisitionLockTimeoutMs", &ShareAcknowledgeResponse::acquisition_lock_timeout_ms, since(2)},
        Field{"Responses",                &ShareAcknowledgeResponse::responses,                   since(0)},
        Field{"NodeEndpoints",            &ShareAcknowledgeResponse::node_endpoints,              since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
