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

struct AlterShareGroupOffsetsRequest {
  static constexpr std::string_view name = "AlterShareGroupOffsetsRequest";
  static constexpr std::int16_t key = 91;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t start_offset = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"StartOffset",    &Partition::start_offset,    since(0)}
            // clang-format on
        };
      }
    };

    std::string topic_name;
    std::vector<Partition> partitions;
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
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name          member                                    on wire, nullable
        Field{"GroupId", &AlterShareGroupOffsetsRequest::group_id, since(0)},
        Field{"Topics",  &AlterShareGroupOffsetsRequest::topics,   since(0)}
        // clang-format on
    };
  }
};

struct AlterShareGroupOffsetsResponse {
  static constexpr std::string_view name = "AlterShareGroupOffsetsResponse";
  static constexpr std::int16_t key = 91;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = 0;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      std::optional<std::string> error_message;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
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

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::vector<Topic> responses;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                             on wire, nullable
        Field{"ThrottleTimeMs", &AlterShareGroupOffsetsResponse::throttle_time_ms, since(0)},
        Field{"ErrorCode",      &AlterShareGroupOffsetsResponse::error_code,       since(0)},
        Field{"ErrorMessage",   &AlterShareGroupOffsetsResponse::error_message,    since(0), since(0)},
        Field{"Responses",      &AlterShareGroupOffsetsResponse::responses,        since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
