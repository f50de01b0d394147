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

struct FindCoordinatorResponse {
  static constexpr std::string_view name = "FindCoordinatorResponse";
  static constexpr std::int16_t key = 10;
  static constexpr Versions versions = between(0, 6);
  static constexpr Version first_flexible = 3;

  struct Coordinator {
    std::string key;
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name               member                       on wire, nullable
          Field{"Key",          &Coordinator::key,           since(4)},
          Field{"NodeId",       &Coordinator::node_id,       since(4)},
          Field{"Host",         &Coordinator::host,          since(4)},
          Field{"Port",         &Coordinator::port,          since(4)},
          Field{"ErrorCode",    &Coordinator::error_code,    since(4)},
          Field{"ErrorMessage", &Coordinator::error_message, since(4), since(4)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                 member                                      on wire, nullable
        Field{"ThrottleTimeMs", &FindCoordinatorResponse::throttle_time_ms, since(1)},
        Field{"ErrorCode",      &FindCoordinatorResponse::error_code,       between(0, 3)},
        Field{"ErrorMessage",   &FindCoordinatorResponse::error_message,    between(1, 3), between(1, 3)},
        Field{"NodeId",         &FindCoordinatorResponse::node_id,          between(0, 3)},
        Field{"Host",           &FindCoordinatorResponse::host,             between(0, 3)},
        Field{"Port",           &FindCoordinatorResponse::port,             between(0, 3)},
        Field{"Coordinators",   &FindCoordinatorResponse::coordinators,     since(4)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
