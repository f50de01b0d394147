#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct OffsetDeleteRequest {
  static constexpr std::string_view name = "OffsetDeleteRequest";
  static constexpr std::int16_t key = 47;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = never_flexible;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)}
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

  std::string group_id;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name          member                          on wire, nullable
        Field{"GroupId", &OffsetDeleteRequest::group_id, since(0)},
        Field{"Topics",  &OffsetDeleteRequest::topics,   since(0)}
        // clang-format on
    };
  }
};

struct OffsetDeleteResponse {
  static constexpr std::string_view name = "OffsetDeleteResponse";
  static constexpr std::int16_t key = 47;
  static constexpr Versions versions = only(0);
  static constexpr Version first_flexible = never_flexible;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int16_t error_code = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"ErrorCode",      &Partition::error_code,      since(0)}
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

  std::int16_t error_code = 0;
  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                   on wire, nullable
        Field{"ErrorCode",      &OffsetDeleteResponse::error_code,       since(0)},
        Field{"ThrottleTimeMs", &OffsetDeleteResponse::throttle_time_ms, since(0)},
        Field{"Topics",         &OffsetDeleteResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
