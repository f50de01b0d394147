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

struct DescribeLogDirsRequest {
  static constexpr std::string_view name = "DescribeLogDirsRequest";
  static constexpr std::int16_t key = 35;
  static constexpr Versions versions = between(1, 5);
  static constexpr Version first_flexible = 2;

  struct Topic {
    std::string topic;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member              on wire, nullable
          Field{"Topic",      &Topic::topic,      since(0)},
          Field{"Partitions", &Topic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::optional<std::vector<Topic>> topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name         member                           on wire, nullable
        Field{"Topics", &DescribeLogDirsRequest::topics, since(0), since(0)}
        // clang-format on
    };
  }
};

struct DescribeLogDirsResponse {
  static constexpr std::string_view name = "DescribeLogDirsResponse";
  static constexpr std::int16_t key = 35;
  static constexpr Versions versions = between(1, 5);
  static constexpr Version first_flexible = 2;

  struct Result {
    struct Topic {
      struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name                 member                       on wire, nullable
              Field{"PartitionIndex", &Partition::partition_index, since(0)},
              Field{"PartitionSize",  &Partition::partition_size,  since(0)},
              Field{"OffsetLag",      &Partition::offset_lag,      since(0)},
              Field{"IsFutureKey",    &Partition::is_future_key,   since(0)}
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
    std::string log_dir;
    std::vector<Topic> topics;
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;
    bool is_cordoned = false;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name              member                 on wire, nullable
          Field{"ErrorCode",   &Result::error_code,   since(0)},
          Field{"LogDir",      &Result::log_dir,      since(0)},
          Field{"Topics",      &Result::topics,       since(0)},
          Field{"TotalBytes",  &Result::total_bytes,  since(4)},
          Field{"UsableBytes", &Result::usable_bytes, since(4)},
          Field{"IsCordoned",  &Result::is_cordoned,  since(5)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<Result> results;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                      on wire, nullable
        Field{"ThrottleTimeMs", &DescribeLogDirsResponse::throttle_time_ms, since(0)},
        Field{"ErrorCode",      &DescribeLogDirsResponse::error_code,       since(3)},
        Field{"Results",        &DescribeLogDirsResponse::results,          since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
