#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct DeleteRecordsRequest {
  static constexpr std::string_view name = "DeleteRecordsRequest";
  static constexpr std::int16_t key = 21;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t offset = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"Offset",         &Partition::offset,          since(0)}
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

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name            member                             on wire, nullable
        Field{"Topics",    &DeleteRecordsRequest::topics,     since(0)},
        Field{"TimeoutMs", &DeleteRecordsRequest::timeout_ms, since(0)}
        // clang-format on
    };
  }
};

struct DeleteRecordsResponse {
  static constexpr std::string_view name = "DeleteRecordsResponse";
  static constexpr std::int16_t key = 21;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  struct Topic {
    struct Partition {
      std::int32_t partition_index = 0;
      std::int64_t low_watermark = 0;
      std::int16_t error_code = 0;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                       on wire, nullable
            Field{"PartitionIndex", &Partition::partition_index, since(0)},
            Field{"LowWatermark",   &Partition::low_watermark,   since(0)},
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

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                    on wire, nullable
        Field{"ThrottleTimeMs", &DeleteRecordsResponse::throttle_time_ms, since(0)},
        Field{"Topics",         &DeleteRecordsResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
