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

struct StreamsGroupHeartbeatRequest {
  static constexpr std::string_view name = "StreamsGroupHeartbeatRequest";
  static constexpr std::int16_t key = 88;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct KeyValue {
    std::string key;
    std::string value;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name        member            on wire, nullable
          Field{"Key",   &KeyValue::key,   since(0)},
          Field{"Value", &KeyValue::value, since(0)}
          // clang-format on
      };
    }
  };

  struct TopicInfo {
    std::string name;
    std::int32_t partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<KeyValue> topic_configs;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                    member                          on wire, nullable
          Field{"Name",              &TopicInfo::name,               since(0)},
          Field{"Partitions",        &TopicInfo::partitions,         since(0)},
          Field{"ReplicationFactor", &TopicInfo::replication_factor, since(0)},
          Field{"TopicConfigs",      &TopicInfo::topic_configs,      since(0)}
          // clang-format on
      };
    }
  };

  struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name       member           on wire, nullable
          Field{"Host", &Endpoint::host, since(0)},
          Field{"Port", &Endpoint::port, since(0)}
          // clang-format on
      };
    }
  };

  struct TaskOffset {
    std::string subtopology_id;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                member                       on wire, nullable
          Field{"SubtopologyId", &TaskOffset::subtopology_id, since(0)},
          Field{"Partition",     &TaskOffset::partition,      since(0)},
          Field{"Offset",        &TaskOffset::offset,         since(0)}
          // clang-format on
      };
    }
  };

  struct TaskIds {
    std::string subtopology_id;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                member                    on wire, nullable
          Field{"SubtopologyId", &TaskIds::subtopology_id, since(0)},
          Field{"Partitions",    &TaskIds::partitions,     since(0)}
          // clang-format on
      };
    }
  };

  struct Topology {
    struct Subtopology {
      struct CopartitionGroup {
        std::vector<std::int16_t> source_topics;
        std::vector<std::int16_t> source_topic_regex;
        std::vector<std::int16_t> repartition_source_topics;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                          member                                        on wire, nullable
              Field{"SourceTopics",            &CopartitionGroup::source_topics,             since(0)},
              Field{"SourceTopicRegex",        &CopartitionGroup::source_topic_regex,        since(0)},
              Field{"RepartitionSourceTopics", &CopartitionGroup::repartition_source_topics, since(0)}
              // clang-format on
          };
        }
      };

      std::string subtopology_id;
      std::vector<std::string> source_topics;
      std::vector<std::string> source_topic_regex;
      std::vector<TopicInfo> state_changelog_topics;
      std::vector<std::string> repartition_sink_topics;
      std::vector<TopicInfo> repartition_source_topics;
      std::vector<CopartitionGroup> copartition_groups;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                          member                                   on wire, nullable
            Field{"SubtopologyId",           &Subtopology::subtopology_id,            since(0)},
            Field{"SourceTopics",            &Subtopology::source_topics,             since(0)},
            Field{"SourceTopicRegex",        &Subtopology::source_topic_regex,        since(0)},
            Field{"StateChangelogTopics",    &Subtopology::state_changelog_topics,    since(0)},
            Field{"RepartitionSinkTopics",   &Subtopology::repartition_sink_topics,   since(0)},
            Field{"RepartitionSourceTopics", &Subtopology::repartition_source_topics, since(0)},
            Field{"CopartitionGroups",       &Subtopology::copartition_groups,        since(0)}
            // clang-format on
        };
      }
    };

    std::int32_t epoch = 0;
    std::vector<Subtopology> subtopologies;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                member                    on wire, nullable
          Field{"Epoch",         &Topology::epoch,         since(0)},
          Field{"Subtopologies", &Topology::subtopologies, since(0)}
          // clang-format on
      };
    }
  };

  std::string group_id;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::int32_t endpoint_information_epoch = 0;
  std::optional<std::string> instance_id;
  std::optional<std::string> rack_id;
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<Topology> topology;
  std::optional<std::vector<TaskIds>> active_tasks;
  std::optional<std::vector<TaskIds>> standby_tasks;
  std::optional<std::vector<TaskIds>> warmup_tasks;
  std::optional<std::string> process_id;
  std::optional<Endpoint> user_endpoint;
  std::optional<std::vector<KeyValue>> client_tags;
  std::optional<std::vector<TaskOffset>> task_offsets;
  std::optional<std::vector<TaskOffset>> task_end_offsets;
  bool shutdown_application = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                           member                                                     on wire, nullable
        Field{"GroupId",                  &StreamsGroupHeartbeatRequest::group_id,                   since(0)},
        Field{"MemberId",                 &StreamsGroupHeartbeatRequest::member_id,                  since(0)},
        Field{"MemberEpoch",              &StreamsGroupHeartbeatRequest::member_epoch,               since(0)},
        Field{"EndpointInformationEpoch", &StreamsGroupHeartbeatRequest::endpoint_information_epoch, since(0)},
        Field{"InstanceId",               &StreamsGroupHeartbeatRequest::instance_id,                since(0), since(0)},
        Field{"RackId",                   &StreamsGroupHeartbeatRequest::rack_id,                    since(0), since(0)},
        Field{"RebalanceTimeoutMs",       &StreamsGroupHeartbeatRequest::rebalance_timeout_ms,       since(0)},
        Field{"Topology",                 &StreamsGroupHeartbeatRequest::topology,                   since(0), since(0)},
        Field{"ActiveTasks",              &StreamsGroupHeartbeatRequest::active_tasks,               since(0), since(0)},
        Field{"StandbyTasks",             &StreamsGroupHeartbeatRequest::standby_tasks,              since(0), since(0)},
        Field{"WarmupTasks",              &StreamsGroupHeartbeatRequest::warmup_tasks,               since(0), since(0)},
        Field{"ProcessId",                &StreamsGroupHeartbeatRequest::process_id,                 since(0), since(0)},
        Field{"UserEndpoint",             &StreamsGroupHeartbeatRequest::user_endpoint,              since(0), since(0)},
        Field{"ClientTags",               &StreamsGroupHeartbeatRequest::client_tags,                since(0), since(0)},
        Field{"TaskOffsets",              &StreamsGroupHeartbeatRequest::task_offsets,               since(0), since(0)},
        Field{"TaskEndOffsets",           &StreamsGroupHeartbeatRequest::task_end_offsets,           since(0), since(0)},
        Field{"ShutdownApplication",      &StreamsGroupHeartbeatRequest::shutdown_application,       since(0)}
        // clang-format on
    };
  }
};

struct StreamsGroupHeartbeatResponse {
  static constexpr std::string_view name = "StreamsGroupHeartbeatResponse";
  static constexpr std::int16_t key = 88;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Status {
    std::int8_t status_code = 0;
    std::string status_detail;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                  on wire, nullable
          Field{"StatusCode",   &Status::status_code,   since(0)},
          Field{"StatusDetail", &Status::status_detail, since(0)}
          // clang-format on
      };
    }
  };

  struct TopicPartition {
    std::string topic;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                       on wire, nullable
          Field{"Topic",      &TopicPartition::topic,      since(0)},
          Field{"Partitions", &TopicPartition::partitions, since(0)}
          // clang-format on
      };
    }
  };

  struct TaskIds {
    std::string subtopology_id;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                member                    on wire, nullable
          Field{"SubtopologyId", &TaskIds::subtopology_id, since(0)},
          Field{"Partitions",    &TaskIds::partitions,     since(0)}
          // clang-format on
      };
    }
  };

  struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name       member           on wire, nullable
          Field{"Host", &Endpoint::host, since(0)},
          Field{"Port", &Endpoint::port, since(0)}
          // clang-format on
      };
    }
  };

  struct PartitionsByUserEndpoint {
    Endpoint user_endpoint;
    std::vector<TopicPartition> active_partitions;
    std::vector<TopicPartition> standby_partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                    member                                         on wire, nullable
          Field{"UserEndpoint",      &PartitionsByUserEndpoint::user_endpoint,      since(0)},
          Field{"ActivePartitions",  &PartitionsByUserEndpoint::active_partitions,  since(0)},
          Field{"StandbyPartitions", &PartitionsByUserEndpoint::standby_partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::string member_id;
  std::int32_t member_epoch = 0;
  std::int32_t heartbeat_interval_ms = 0;
  std::int32_t acceptable_recovery_lag = 0;
  std::int32_t task_offset_interval_ms = 0;
  std::optional<std::vector<Status>> status;
  std::optional<std::vector<TaskIds>> active_tasks;
  std::optional<std::vector<TaskIds>> standby_tasks;
  std::optional<std::vector<TaskIds>> warmup_tasks;
  std::int32_t endpoint_information_epoch = 0;
  std::optional<std::vector<PartitionsByUserEndpoint>> partitions_by_user_endpoint;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                           member                                                       on wire, nullable
        Field{"ThrottleTimeMs",           &StreamsGroupHeartbeatResponse::throttle_time_ms,            since(0)},
        Field{"ErrorCode",                &StreamsGroupHeartbeatResponse::error_code,                  since(0)},
        Field{"ErrorMessage",             &StreamsGroupHeartbeatResponse::error_message,               since(0), since(0)},
        Field{"MemberId",                 &StreamsGroupHeartbeatResponse::member_id,                   since(0)},
        Field{"MemberEpoch",              &StreamsGroupHeartbeatResponse::member_epoch,                since(0)},
        Field{"HeartbeatIntervalMs",      &StreamsGroupHeartbeatResponse::heartbeat_interval_ms,       since(0)},
        Field{"AcceptableRecoveryLag",    &StreamsGroupHeartbeatResponse::acceptable_recovery_lag,     since(0)},
        Field{"TaskOffsetIntervalMs",     &StreamsGroupHeartbeatResponse::task_offset_interval_ms,     since(0)},
        Field{"Status",                   &StreamsGroupHeartbeatResponse::status,                      since(0), since(0)},
        Field{"ActiveTasks",              &StreamsGroupHeartbeatResponse::active_tasks,                since(0), since(0)},
        Field{"StandbyTasks",             &StreamsGroupHeartbeatResponse::standby_tasks,               since(0), since(0)},
        Field{"WarmupTasks",              &StreamsGroupHeartbeatResponse::warmup_tasks,                since(0), since(0)},
        Field{"EndpointInformationEpoch", &StreamsGroupHeartbeatResponse::endpoint_information_epoch,  since(0)},
        Field{"PartitionsByUserEndpoint", &StreamsGroupHeartbeatResponse::partitions_by_user_endpoint, since(0), since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
