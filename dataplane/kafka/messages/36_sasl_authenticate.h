#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct SaslAuthenticateRequest {
  static constexpr std::string_view name = "SaslAuthenticateRequest";
  static constexpr std::int16_t key = 36;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  Blob auth_bytes;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name            member                                on wire, nullable
        Field{"AuthBytes", &SaslAuthenticateRequest::auth_bytes, since(0)}
        // clang-format on
    };
  }
};

struct SaslAuthenticateResponse {
  static constexpr std::string_view name = "SaslAuthenticateResponse";
  static constexpr std::int16_t key = 36;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 2;

  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  Blob auth_bytes;
  std::int64_t session_lifetime_ms = 0;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                    member                                          on wire, nullable
        Field{"ErrorCode",         &SaslAuthenticateResponse::error_code,          since(0)},
        Field{"ErrorMessage",      &SaslAuthenticateResponse::error_message,       since(0), since(0)},
        Field{"AuthBytes",         &SaslAuthenticateResponse::auth_bytes,          since(0)},
        Field{"SessionLifetimeMs", &SaslAuthenticateResponse::session_lifetime_ms, since(1)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
