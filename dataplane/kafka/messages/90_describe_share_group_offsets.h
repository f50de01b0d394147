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

struct DescribeShareGroupOffsetsRequest {
  static constexpr std::string_view name = "DescribeShareGroupOffsetsRequest";
  static constexpr std::int16_t key = 90;
  static constexpr Versions versions = between(0, 1);
  static constexpr Version first_flexible = 0;

  struct Group {
    struct Topic {
      std::string topic_name;
      std::vector<std::int32_t> partitions;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name             member              on wire, nullable
            Field{"TopicName",  &Topic::topic_name, since(0)},
            Field{"Partitions", &Topic::partitions, since(0)}
            // clang-format on
        };
      }
    };

    std::string group_id;
    std::optional<std::vector<Topic>> topics;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name          member            on wire, nullable
          Field{"GroupId", &Group::group_id, since(0)},
          Field{"Topics",  &Group::topics,   since(0), since(0)}
          // clang-format on
      };
    }
  };

  std::vector<Group> groups;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name         member                                     on wire, nullable
        Field{"Groups", &DescribeShareGroupOffsetsRequest::groups, since(0)}
        // clang-format on
    };
  }
};

struct DescribeShareGroupOffsetsResponse {
  static constexpr std::string_view name = "DescribeShareGroupOffsetsResponse";
  static constexpr std::int16_t key = 90;
  static constexpr Versions versions = between(0, 1);
  static constexpr Version first_flexible = 0;

  struct Group {
    struct Topic {
      struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t start_offset = 0;
        std::int32_t leader_epoch = 0;
        std::int64_t lag = -1;
        std::int16_t error_code = 0;
        std::optional<std::string> error_message;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                 member                       on wire, nullable
              Field{"PartitionIndex", &Partition::partition_index, since(0)},
              Field{"StartOffset",    &Partition::start_offset,    since(0)},
              Field{"LeaderEpoch",    &Partition::leader_epoch,    since(0)},
              Field{"Lag",            &Partition::lag,             since(1)},
              Field{"ErrorCode",      &Partition::error_code,      since(0)},
              Field{"ErrorMessage",   &Partition::error_message,   since(0), since(0)}
              // clang-format on
          };
        }
      };

      std::string topic_name;
      Uuid topic_id;
      std::vector<Partition> partitions;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name             member              on wire, nullable
            Field{"TopicName",  &Topic::topic_name, since(0)},
            Field{"TopicId",    &Topic::topic_id,   since(0)},
            Field{"Partitions", &Topic::partitions, since(0)}
            // clang-format on
        };
      }
    };

    std::string group_id;
    std::vector<Topic> topics;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                 on wire, nullable
          Field{"GroupId",      &Group::group_id,      since(0)},
          Field{"Topics",       &Group::topics,        since(0)},
          Field{"ErrorCode",    &Group::error_code,    since(0)},
          Field{"ErrorMessage", &Group::error_message, since(0), since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                                on wire, nullable
        Field{"ThrottleTimeMs", &DescribeShareGroupOffsetsResponse::throttle_time_ms, since(0)},
        Field{"Groups",         &DescribeShareGroupOffsetsResponse::groups,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
