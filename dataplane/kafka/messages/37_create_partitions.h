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

struct CreatePartitionsRequest {
  static constexpr std::string_view name = "CreatePartitionsRequest";
  static constexpr std::int16_t key = 37;
  static constexpr Versions versions = between(0, 3);
  static constexpr Version first_flexible = 2;

  struct Topic {
    struct Assignment {
      std::vector<std::int32_t> broker_ids;
      RawTags unknown_tags;

      static constexpr auto schema() {
        return std::tuple{
            // clang-format off
            // name            member                   on wire, nullable
            Field{"BrokerIds", &Assignment::broker_ids, since(0)}
            // clang-format on
        };
      }
    };

    std::string name;
    std::int32_t count = 0;
    std::optional<std::vector<Assignment>> assignments;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name              member               on wire, nullable
          Field{"Name",        &Topic::name,        since(0)},
          Field{"Count",       &Topic::count,       since(0)},
          Field{"Assignments", &Topic::assignments, since(0), since(0)}
          // clang-format on
      };
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name               member                                   on wire, nullable
        Field{"Topics",       &CreatePartitionsRequest::topics,        since(0)},
        Field{"TimeoutMs",    &CreatePartitionsRequest::timeout_ms,    since(0)},
        Field{"ValidateOnly", &CreatePartitionsRequest::validate_only, since(0)}
        // clang-format on
    };
  }
};

struct CreatePartitionsResponse {
  static constexpr std::string_view name = "CreatePartitionsResponse";
  static constexpr std::int16_t key = 37;
  static constexpr Versions versions = between(0, 3);
  static constexpr Version first_flexible = 2;

  struct Result {
    std::string name;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                  on wire, nullable
          Field{"Name",         &Result::name,          since(0)},
          Field{"ErrorCode",    &Result::error_code,    since(0)},
          Field{"ErrorMessage", &Result::error_message, since(0), since(0)}
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
        // name                 member                                       on wire, nullable
        Field{"ThrottleTimeMs", &CreatePartitionsResponse::throttle_time_ms, since(0)},
        Field{"Results",        &CreatePartitionsResponse::results,          since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
