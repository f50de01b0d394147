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

struct CreateTopicsRequest {
  static constexpr std::string_view name = "CreateTopicsRequest";
  static constexpr std::int16_t key = 19;
  static constexpr Versions versions = between(2, 7);
  static constexpr Version first_flexible = 5;

  struct Topic {
    struct Assignment {
      std::int32_t partition_index = 0;
      std::vector<std::int32_t> broker_ids;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                 member                        on wire, nullable
            Field{"PartitionIndex", &Assignment::partition_index, since(0)},
            Field{"BrokerIds",      &Assignment::broker_ids,      since(0)}
            // clang-format on
        };
      }
    };

    struct Config {
      std::string name;
      std::optional<std::string> value;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name        member          on wire, nullable
            Field{"Name",  &Config::name,  since(0)},
            Field{"Value", &Config::value, since(0), since(0)}
            // clang-format on
        };
      }
    };

    std::string name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<Assignment> assignments;
    std::vector<Config> configs;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                    member                      on wire, nullable
          Field{"Name",              &Topic::name,               since(0)},
          Field{"NumPartitions",     &Topic::num_partitions,     since(0)},
          Field{"ReplicationFactor", &Topic::replication_factor, since(0)},
          Field{"Assignments",       &Topic::assignments,        since(0)},
          Field{"Configs",           &Topic::configs,            since(0)}
          // clang-format on
      };
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name               member                               on wire, nullable
        Field{"Topics",       &CreateTopicsRequest::topics,        since(0)},
        Field{"timeoutMs",    &CreateTopicsRequest::timeout_ms,    since(0)},
        Field{"validateOnly", &CreateTopicsRequest::validate_only, since(1)}
        // clang-format on
    };
  }
};

struct CreateTopicsResponse {
  static constexpr std::string_view name = "CreateTopicsResponse";
  static constexpr std::int16_t key = 19;
  static constexpr Versions versions = between(2, 7);
  static constexpr Version first_flexible = 5;

  struct Topic {
    struct Config {
      std::string name;
      std::optional<std::string> value;
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name               member                  on wire, nullable
            Field{"Name",         &Config::name,          since(5)},
            Field{"Value",        &Config::value,         since(5), since(5)},
            Field{"ReadOnly",     &Config::read_only,     since(5)},
            Field{"ConfigSource", &Config::config_source, since(5)},
            Field{"IsSensitive",  &Config::is_sensitive,  since(5)}
            // clang-format on
        };
      }
    };

    std::string name;
    Uuid topic_id;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::optional<std::int16_t> topic_config_error_code;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                           member                           on wire, nullable
          Field{"Name",                     &Topic::name,                    since(0)},
          Field{"TopicId",                  &Topic::topic_id,                since(7)},
          Field{"ErrorCode",                &Topic::error_code,              since(0)},
          Field{"ErrorMessage",             &Topic::error_message,           since(1), since(0)},
          tagged(0, "TopicConfigErrorCode", &Topic::topic_config_error_code, since(5)),
          Field{"NumPartitions",            &Topic::num_partitions,          since(5)},
          Field{"ReplicationFactor",        &Topic::replication_factor,      since(5)},
          Field{"Configs",                  &Topic::configs,                 since(5), since(5)}
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
        // name                 member                                   on wire, nullable
        Field{"ThrottleTimeMs", &CreateTopicsResponse::throttle_time_ms, since(2)},
        Field{"Topics",         &CreateTopicsResponse::topics,           since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
