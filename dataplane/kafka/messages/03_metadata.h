#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct MetadataRequest {
  static constexpr std::string_view name = "MetadataRequest";
  static constexpr std::int16_t key = 3;
  static constexpr Versions versions = between(0, 13);
  static constexpr Version first_flexible = 9;

  struct Topic {
    Uuid topic_id;
    std::optional<std::string> name;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name          member            on wire, nullable
          Field{"TopicId", &Topic::topic_id, since(10)},
          Field{"Name",    &Topic::name,     since(0),  since(10)}
          // clang-format on
      };
    }
  };

  std::optional<std::vector<Topic>> topics;
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                                     member                                                   on wire, nullable
        Field{"Topics",                             &MetadataRequest::topics,                                since(0),       since(1)},
        Field{"AllowAutoTopicCreation",             &MetadataRequest::allow_auto_topic_creation,             since(4)},
        Field{"IncludeClusterAuthorizedOperations", &MetadataRequest::include_cluster_authorized_operations, between(8, 10)},
        Field{"IncludeTopicAuthorizedOperations",   &MetadataRequest::include_topic_authorized_operations,   since(8)}
        // clang-format on
    };
  }
};

struct MetadataResponse {
  static constexpr std::string_view name = "MetadataResponse";
  static constexpr std::int16_t key = 3;
  static constexpr Versions versions = between(0, 13);
  static constexpr Version first_flexible = 9;

  struct Broker {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name         member            on wire, nullable
          Field{"NodeId", &Broker::node_id, since(0)},
          Field{"Host",   &Broker::host,    since(0)},
          Field{"Port",   &Broker::port,    since(0)},
          Field{"Rack",   &Broker::rack,    since(1), since(1)}
          // clang-format on
      };
    }
  };

  struct Topic {
    struct Partition {
      std::int16_t error_code = 0;
      std::int32_t partition_index = 0;
      std::int32_t leader_id = 0;
      std::int32_t leader_epoch = -1;
      std::vector<std::int32_t> replica_nodes;
      std::vector<std::int32_t> isr_nodes;
      std::vector<std::int32_t> offline_replicas;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                  member                        on wire, nullable
            Field{"ErrorCode",       &Partition::error_code,       since(0)},
            Field{"PartitionIndex",  &Partition::partition_index,  since(0)},
            Field{"LeaderId",        &Partition::leader_id,        since(0)},
            Field{"LeaderEpoch",     &Partition::leader_epoch,     since(7)},
            Field{"ReplicaNodes",    &Partition::replica_nodes,    since(0)},
            Field{"IsrNodes",        &Partition::isr_nodes,        since(0)},
            Field{"OfflineReplicas", &Partition::offline_replicas, since(5)}
            // clang-format on
        };
      }
    };

    std::int16_t error_code = 0;
    std::optional<std::string> name;
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations = std::numeric_limits<std::int32_t>::min();
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                            member                               on wire, nullable
          Field{"ErrorCode",                 &Topic::error_code,                  since(0)},
          Field{"Name",                      &Topic::name,                        since(0),  since(12)},
          Field{"TopicId",                   &Topic::topic_id,                    since(10)},
          Field{"IsInternal",                &Topic::is_internal,                 since(1)},
          Field{"Partitions",                &Topic::partitions,                  since(0)},
          Field{"TopicAuthorizedOperations", &Topic::topic_authorized_operations, since(8)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
  std::int16_t error_code = 0;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                              member                                            on wire, nullable
        Field{"ThrottleTimeMs",              &MetadataResponse::throttle_time_ms,              since(3)},
        Field{"Brokers",                     &MetadataResponse::brokers,                       since(0)},
        Field{"ClusterId",                   &MetadataResponse::cluster_id,                    since(2),       since(2)},
        Field{"ControllerId",                &MetadataResponse::controller_id,                 since(1)},
        Field{"Topics",                      &MetadataResponse::topics,                        since(0)},
        Field{"ClusterAuthorizedOperations", &MetadataResponse::cluster_authorized_operations, between(8, 10)},
        Field{"ErrorCode",                   &MetadataResponse::error_code,                    since(13)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
