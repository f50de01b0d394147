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

struct DescribeConfigsRequest {
  static constexpr std::string_view name = "DescribeConfigsRequest";
  static constexpr std::int16_t key = 32;
  static constexpr Versions versions = between(1, 4);
  static constexpr Version first_flexible = 4;

  struct Resource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                    member                         on wire, nullable
          Field{"ResourceType",      &Resource::resource_type,      since(0)},
          Field{"ResourceName",      &Resource::resource_name,      since(0)},
          Field{"ConfigurationKeys", &Resource::configuration_keys, since(0), since(0)}
          // clang-format on
      };
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                       member                                          on wire, nullable
        Field{"Resources",            &DescribeConfigsRequest::resources,             since(0)},
        Field{"IncludeSynonyms",      &DescribeConfigsRequest::include_synonyms,      since(1)},
        Field{"IncludeDocumentation", &DescribeConfigsRequest::include_documentation, since(3)}
        // clang-format on
    };
  }
};

struct DescribeConfigsResponse {
  static constexpr std::string_view name = "DescribeConfigsResponse";
  static constexpr std::int16_t key = 32;
  static constexpr Versions versions = between(1, 4);
  static constexpr Version first_flexible = 4;

  struct Result {
    struct Config {
      struct Synonym {
        std::string name;
        std::optional<std::string> value;
        std::int8_t source = 0;
        RawTags unknown_tags;

        static constexpr auto schema() {
          return std::tuple{
              // clang-format off
              // name         member            on wire,  nullable
              Field{"Name",   &Synonym::name,   since(1)},
              Field{"Value",  &Synonym::value,  since(1), since(0)},
              Field{"Source", &Synonym::source, since(1)}
              // clang-format on
          };
        }
      };

      std::string name;
      std::optional<std::string> value;
      bool read_only = false;
      std::int8_t config_source = -1;
      bool is_sensitive = false;
      std::vector<Synonym> synonyms;
      std::int8_t config_type = 0;
      std::optional<std::string> documentation;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name                member                  on wire,  nullable
            Field{"Name",          &Config::name,          since(0)},
            Field{"Value",         &Config::value,         since(0), since(0)},
            Field{"ReadOnly",      &Config::read_only,     since(0)},
            Field{"ConfigSource",  &Config::config_source, since(1)},
            Field{"IsSensitive",   &Config::is_sensitive,  since(0)},
            Field{"Synonyms",      &Config::synonyms,      since(1)},
            Field{"ConfigType",    &Config::config_type,   since(3)},
            Field{"Documentation", &Config::documentation, since(3), since(0)}
            // clang-format on
        };
      }
    };

    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<Config> configs;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                  on wire,  nullable
          Field{"ErrorCode",    &Result::error_code,    since(0)},
          Field{"ErrorMessage", &Result::error_message, since(0), since(0)},
          Field{"ResourceType", &Result::resource_type, since(0)},
          Field{"ResourceName", &Result::resource_name, since(0)},
          Field{"Configs",      &Result::configs,       since(0)}
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
        // name                 member                                      on wire, nullable
        Field{"ThrottleTimeMs", &DescribeConfigsResponse::throttle_time_ms, since(0)},
        Field{"Results",        &DescribeConfigsResponse::results,          since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
