#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct AlterReplicaLogDirsRequest {
  static constexpr std::string_view name = "AlterReplicaLogDirsRequest";
  static constexpr std::int16_t key = 34;
  static constexpr Versions versions = between(1, 2);
  static constexpr Version first_flexible = 2;

  struct Dir {
    struct Topic {
      std::string name;
      std::vector<std::int32_t> partitions;
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

    std::string path;
    std::vector<Topic> topics;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name         member        on wire, nullable
          Field{"Path",   &Dir::path,   since(0)},
          Field{"Topics", &Dir::topics, since(0)}
          // clang-format on
      };
    }
  };

  std::vector<Dir> dirs;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name       member                             on wire, nullable
        Field{"Dirs", &AlterReplicaLogDirsRequest::dirs, since(0)}
        // clang-format on
    };
  }
};

struct AlterReplicaLogDirsResponse {
  static constexpr std::string_view name = "AlterReplicaLogDirsResponse";
  static constexpr std::int16_t key = 34;
  static constexpr Versions versions = between(1, 2);
  static constexpr Version first_flexible = 2;

  struct Result {
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

    std::string topic_name;
    std::vector<Partition> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member               on wire, nullable
          Field{"TopicName",  &Result::topic_name, since(0)},
          Field{"Partitions", &Result::partitions, since(0)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                          on wire, nullable
        Field{"ThrottleTimeMs", &AlterReplicaLogDirsResponse::throttle_time_ms, since(0)},
        Field{"Results",        &AlterReplicaLogDirsResponse::results,          since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
