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

struct FetchRequest {
  static constexpr std::string_view name = "FetchRequest";
  static constexpr std::int16_t key = 1;
  static constexpr Versions versions = between(4, 18);
  static constexpr Version first_flexible = 12;

  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                        on wire, nullable
          Field{"ReplicaId",    &ReplicaState::replica_id,    since(15)},
          Field{"ReplicaEpoch", &ReplicaState::replica_epoch, since(15)}
          // clang-format on
      };
    }
  };

  struct Topic {
    struct Partition {
      std::int32_t partition = 0;
      std::int32_t current_leader_epoch = -1;
      std::int64_t fetch_offset = 0;
      std::int32_t last_fetched_epoch = -1;
      std::int64_t log_start_offset = -1;
      std::int32_t partition_max_bytes = 0;
      std::optional<Uuid> replica_directory_id;
      std::optional<std::int64_t> high_watermark;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                         member                            on wire, nullable
            Field{"Partition",              &Partition::partition,            since(0)},
            Field{"CurrentLeaderEpoch",     &Partition::current_leader_epoch, since(9)},
            Field{"FetchOffset",            &Partition::fetch_offset,         since(0)},
            Field{"LastFetchedEpoch",       &Partition::last_fetched_epoch,   since(12)},
            Field{"LogStartOffset",         &Partition::log_start_offset,     since(5)},
            Field{"PartitionMaxBytes",      &Partition::partition_max_bytes,  since(0)},
            tagged(0, "ReplicaDirectoryId", &Partition::replica_directory_id, since(17)),
            tagged(1, "HighWatermark",      &Partition::high_watermark,       since(18))
            // clang-format on
        };
      }
    };

    std::string topic;
    Uuid topic_id;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Topic",      &Topic::topic,      between(0, 12)},
          Field{"TopicId",    &Topic::topic_id,   since(13)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  struct ForgottenTopic {
    std::string topic;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                       on wire, nullable
          Field{"Topic",      &ForgottenTopic::topic,      between(7, 12)},
          Field{"TopicId",    &ForgottenTopic::topic_id,   since(13)},
          Field{"Partitions", &ForgottenTopic::partitions, since(7)}
          // clang-format on
      };
    }
  };

  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  std::optional<ReplicaState> replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 0x7fffffff;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                      member                                on wire, nullable
        Field{"ClusterId",           &FetchRequest::cluster_id,            since(12), since(12), 0},
        Field{"ReplicaId",           &FetchRequest::replica_id,            between(0, 14)},
        tagged(1, "ReplicaState",    &FetchRequest::replica_state,         since(15)),
        Field{"MaxWaitMs",           &FetchRequest::max_wait_ms,           since(0)},
        Field{"MinBytes",            &FetchRequest::min_bytes,             since(0)},
        Field{"MaxBytes",            &FetchRequest::max_bytes,             since(3)},
        Field{"IsolationLevel",      &FetchRequest::isolation_level,       since(4)},
        Field{"SessionId",           &FetchRequest::session_id,            since(7)},
        Field{"SessionEpoch",        &FetchRequest::session_epoch,         since(7)},
        Field{"Topics",              &FetchRequest::topics,                since(0)},
        Field{"ForgottenTopicsData", &FetchRequest::forgotten_topics_data, since(7)},
        Field{"RackId",              &FetchRequest::rack_id,               since(11)}
        // clang-format on
    };
  }
};

struct FetchResponse {
  static constexpr std::string_view name = "FetchResponse";
  static constexpr std::int16_t key = 1;
  static constexpr Versions versions = between(4, 18);
  static constexpr Version first_flexible = 12;

  struct Topic {
    struct Partition {
      struct EpochEndOffset {
        std::int32_t epoch = -1;
        std::int64_t end_offset = -1;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name            member                       on wire, nullable
              Field{"Epoch",     &EpochEndOffset::epoch,      since(12)},
              Field{"EndOffset", &EpochEndOffset::end_offset, since(12)}
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
              Field{"LeaderId",    &LeaderIdAndEpoch::leader_id,    since(12)},
              Field{"LeaderEpoch", &LeaderIdAndEpoch::leader_epoch, since(12)}
              // clang-format on
          };
        }
      };

      struct Snapshot {
        std::int64_t end_offset = -1;
        std::int32_t epoch = -1;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name            member                 on wire, nullable
              Field{"EndOffset", &Snapshot::end_offset, since(0)},
              Field{"Epoch",     &Snapshot::epoch,      since(0)}
              // clang-format on
          };
        }
      };

      struct AbortedTransaction {
        std::int64_t producer_id = 0;
        std::int64_t first_offset = 0;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name              member                             on wire, nullable
              Field{"ProducerId",  &AbortedTransaction::producer_id,  since(4)},
              Field{"FirstOffset", &AbortedTransaction::first_offset, since(4)}
              // clang-format on
          };
        }
      };

      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::int64_t high_watermark = 0;
      std::int64_t last_stable_offset = -1;
      std::int64_t log_start_offset = -1;
      std::optional<EpochEndOffset> diverging_epoch;
      std::optional<LeaderIdAndEpoch> current_leader;
      std::optional<Snapshot> snapshot_id;
      std::optional<std::vector<AbortedTransaction>> aborted_transactions;
      std::int32_t preferred_read_replica = -1;
      std::optional<Records> records;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                       member                              on wire, nullable
            Field{"PartitionIndex",       &Partition::partition_index,        since(0)},
            Field{"ErrorCode",            &Partition::error_code,             since(0)},
            Field{"HighWatermark",        &Partition::high_watermark,         since(0)},
            Field{"LastStableOffset",     &Partition::last_stable_offset,     since(4)},
            Field{"LogStartOffset",       &Partition::log_start_offset,       since(5)},
            tagged(0, "DivergingEpoch",   &Partition::diverging_epoch,        since(12)),
            tagged(1, "CurrentLeader",    &Partition::current_leader,         since(12)),
            tagged(2, "SnapshotId",       &Partition::snapshot_id,            since(12)),
            Field{"AbortedTransactions",  &Partition::aborted_transactions,   since(4),  since(4)},
            Field{"PreferredReadReplica", &Partition::preferred_read_replica, since(11)},
            Field{"Records",              &Partition::records,                since(0),  since(0)}
            // clang-format on
        };
      }
    };

    std::string topic;
    Uuid topic_id;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Topic",      &Topic::topic,      between(0, 12)},
          Field{"TopicId",    &Topic::topic_id,   since(13)},
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
          Field{"NodeId", &NodeEndpoint::node_id, since(16)},
          Field{"Host",   &NodeEndpoint::host,    since(16)},
          Field{"Port",   &NodeEndpoint::port,    since(16)},
          Field{"Rack",   &NodeEndpoint::rack,    since(16), since(16)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::int32_t session_id = 0;
  std::vector<Topic> responses;
  std::optional<std::vector<NodeEndpoint>> node_endpoints;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                    member                            on wire, nullable
        Field{"ThrottleTimeMs",    &FetchResponse::throttle_time_ms, since(1)},
        Field{"ErrorCode",         &FetchResponse::error_code,       since(7)},
        Field{"SessionId",         &FetchResponse::session_id,       since(7)},
        Field{"Responses",         &FetchResponse::responses,        since(0)},
        tagged(0, "NodeEndpoints", &FetchResponse::node_endpoints,   since(16))
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
