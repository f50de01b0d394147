#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct SaslHandshakeRequest {
  static constexpr std::string_view name = "SaslHandshakeRequest";
  static constexpr std::int16_t key = 17;
  static constexpr Versions versions = between(0, 1);
  static constexpr Version first_flexible = never_flexible;

  std::string mechanism;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name            member                            on wire, nullable
        Field{"Mechanism", &SaslHandshakeRequest::mechanism, since(0)}
        // clang-format on
    };
  }
};

/// From version 1 on tokens travel in SaslAuthenticate; after version 0 they are frames without headers.
struct SaslHandshakeResponse {
  static constexpr std::string_view name = "SaslHandshakeResponse";
  static constexpr std::int16_t key = 17;
  static constexpr Versions versions = between(0, 1);
  static constexpr Version first_flexible = never_flexible;

  std::int16_t error_code = 0;
  std::vector<std::string> mechanisms;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name             member                              on wire, nullable
        Field{"ErrorCode",  &SaslHandshakeResponse::error_code, since(0)},
        Field{"Mechanisms", &SaslHandshakeResponse::mechanisms, since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
