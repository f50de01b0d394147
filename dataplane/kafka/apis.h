#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

/// THE table of Kafka's APIs (4.3): what a key is called, where its headers become flexible, and how far we can read
/// it.
namespace kp::kafka {

using Version = std::int16_t;

inline constexpr Version never_flexible = std::numeric_limits<Version>::max();

namespace api {
inline constexpr std::int16_t produce = 0;
inline constexpr std::int16_t fetch = 1;
inline constexpr std::int16_t metadata = 3;
inline constexpr std::int16_t find_coordinator = 10;
inline constexpr std::int16_t sasl_handshake = 17;
inline constexpr std::int16_t api_versions = 18;
inline constexpr std::int16_t sasl_authenticate = 36;
inline constexpr std::int16_t create_delegation_token = 38;
inline constexpr std::int16_t renew_delegation_token = 39;
inline constexpr std::int16_t expire_delegation_token = 40;
inline constexpr std::int16_t describe_delegation_token = 41;
inline constexpr std::int16_t describe_cluster = 60;
inline constexpr std::int16_t share_fetch = 78;
inline constexpr std::int16_t share_acknowledge = 79;

inline constexpr std::array delegation_tokens{create_delegation_token, renew_delegation_token, expire_delegation_token,
                                              describe_delegation_token};
}  // namespace api

/// What the proxy must understand in the responses of an API that it doesn't pass as bytes.
/// Versions of one API.
struct ApiRange {
  std::int16_t key = -1;
  Version min = 0;
  Version max = -1;
};

struct Rewriting {
  Version first = 0;  ///< versions below carry nothing of ours and pass as they are
  Version min = 0;    ///< lowest version from `first` on that we can read
  Version max = -1;   ///< highest version that we can read; -1: the API is not rewritten
};

struct Api {
  std::int16_t key = -1;
  std::string_view name;                       ///< as in Kafka's ApiKeys: "Metadata"
  Version flexible_request = never_flexible;   ///< from here on requests have header v2
  Version flexible_response = never_flexible;  ///< from here on responses have header v1, ApiVersions excepted
  Rewriting rewriting;

  constexpr bool rewritten() const { return rewriting.max >= 0; }
};

/// Every API, ordered by key, keys without gaps from 0.
std::span<const Api> apis();

/// Null for a key that Kafka 4.3 doesn't have. Lives as long as the process.
const Api* find_api(std::int16_t key);

/// "unknown" for a key that Kafka 4.3 doesn't have: the value can be a metric label as it is.
std::string_view api_name(std::int16_t key);

/// ApiVersions answers with header v0 at every version, since the client doesn't know yet what the broker speaks.
bool flexible_response_header(std::int16_t key, Version version);

}  // namespace kp::kafka
