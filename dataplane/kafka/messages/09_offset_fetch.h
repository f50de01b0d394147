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

struct OffsetFetchRequest {
  static constexpr std::string_view name = "OffsetFetchRequest";
  static constexpr std::int16_t key = 9;
  static constexpr Versions versions = between(1, 10);
  static constexpr Version first_flexible = 6;

  struct Topic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                   member                     on wire, nullable
          Field{"Name",             &Topic::name,              between(0, 7)},
          Field{"PartitionIndexes", &Topic::partition_indexes, between(0, 7)}
          // clang-format on
      };
    }
  };

  struct Group {
    struct Topic {
      std::string name;
      Uuid topic_id;
      std::vector<std::int32_t> partition_indexes;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                   member                     on wire, nullable
            Field{"Name",             &Topic::name,              between(8, 9)},
            Field{"TopicId",          &Topic::topic_id,          since(10)},
            Field{"PartitionIndexes", &Topic::partition_indexes, since(8)}
            // clang-format on
        };
      }
    };

    std::string group_id;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<Topic>> topics;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name              member                on wire, nullable
          Field{"GroupId",     &Group::group_id,     since(8)},
          Field{"MemberId",    &Group::member_id,    since(9), since(9)},
          Field{"MemberEpoch", &Group::member_epoch, since(9)},
          Field{"Topics",      &Group::topics,       since(8), since(8)}
          // clang-format on
      };
    }
  };

  std::string group_id;
  std::optional<std::vector<Topic>> topics;
  std::vector<Group> groups;
  bool require_stable = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                member                               on wire, nullable
        Field{"GroupId",       &OffsetFetchRequest::group_id,       between(0, 7)},
        Field{"Topics",        &OffsetFetchRequest::topics,         between(0, 7), between(2, 7)},
        Field{"Groups",        &OffsetFetchRequest::groups,         since(8)},
        Field{"RequireStable", &OffsetFetchRequest::require_stable, since(7)}
        // clang-format on
    };
  }
};

struct OffsetFetchResponse {
  static constexpr std::string_view name = "OffsetFetchResponse";
  static constexpr std::int16_t key = 9;
  static constexpr Versions versions = between(1, 10);
  static constexpr Version first_flexible = 6;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t committed_offset = 0;
      std::int32_t committed_leader_epoch = -1;
      std::optional<std::string> metadata;
      std::int16_t error_code = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                       member                              on wire, nullable
            Field{"PartitionIndex",       &Partition::partition_index,        between(0, 7)},
            Field{"CommittedOffset",      &Partition::committed_offset,       between(0, 7)},
            Field{"CommittedLeaderEpoch", &Partition::committed_leader_epoch, between(5, 7)},
            Field{"Metadata",             &Partition::metadata,               between(0, 7), between(0, 7)},
            Field{"ErrorCode",            &Partition::error_code,             between(0, 7)}
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
          Field{"Name",       &Topic::name,       between(0, 7)},
          Field{"Partitions", &Topic::partitions, between(0, 7)}
          // clang-format on
      };
    }
  };

  struct Group {
    struct Topic {
      struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;
        std::optional<std::string> metadata;
        std::int16_t error_code = 0;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                       member                              on wire, nullable
              Field{"PartitionIndex",       &Partition::partition_index,        since(8)},
              Field{"CommittedOffset",      &Partition::committed_offset,       since(8)},
              Field{"CommittedLeaderEpoch", &Partition::committed_leader_epoch, since(8)},
              Field{"Metadata",             &Partition::metadata,               since(8), since(8)},
              Field{"ErrorCode",            &Partition::error_code,             since(8)}
              // clang-format on
          };
        }
      };

      std::string name;
      Uuid topic_id;
      std::vector<Partition> partitions;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name             member              on wire, nullable
            Field{"Name",       &Topic::name,       between(8, 9)},
            Field{"TopicId",    &Topic::topic_id,   since(10)},
            Field{"Partitions", &Topic::partitions, since(8)}
            // clang-format on
        };
      }
    };

    std::string group_id;
    std::vector<Topic> topics;
    std::int16_t error_code = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name            member              on wire, nullable
          Field{"GroupId",   &Group::group_id,   since(8)},
          Field{"Topics",    &Group::topics,     since(8)},
          Field{"ErrorCode", &Group::error_code, since(8)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::int16_t error_code = 0;
  std::vector<Group> groups;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                  on wire, nullable
        Field{"ThrottleTimeMs", &OffsetFetchResponse::throttle_time_ms, since(3)},
        Field{"Topics",         &OffsetFetchResponse::topics,           between(0, 7)},
        Field{"ErrorCode",      &OffsetFetchResponse::error_code,       between(2, 7)},
        Field{"Groups",         &OffsetFetchResponse::groups,           since(8)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
