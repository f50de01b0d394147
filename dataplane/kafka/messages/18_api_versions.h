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

struct ApiVersionsRequest {
  static constexpr std::string_view name = "ApiVersionsRequest";
  static constexpr std::int16_t key = 18;
  static constexpr Versions versions = between(0, 4);
  static constexpr Version first_flexible = 3;

  std::string client_software_name;
  std::string client_software_version;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                        member                                        on wire, nullable
        Field{"ClientSoftwareName",    &ApiVersionsRequest::client_software_name,    since(3)},
        Field{"ClientSoftwareVersion", &ApiVersionsRequest::client_software_version, since(3)}
        // clang-format on
    };
  }
};

struct ApiVersionsResponse {
  static constexpr std::string_view name = "ApiVersionsResponse";
  static constexpr std::int16_t key = 18;
  static constexpr Versions versions = between(0, 4);
  static constexpr Version first_flexible = 3;

  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                    on wire, nullable
          Field{"ApiKey",     &ApiVersion::api_key,     since(0)},
          Field{"MinVersion", &ApiVersion::min_version, since(0)},
          Field{"MaxVersion", &ApiVersion::max_version, since(0)}
          // clang-format on
      };
    }
  };

  struct SupportedFeatureKey {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                             on wire, nullable
          Field{"Name",       &SupportedFeatureKey::name,        since(3)},
          Field{"MinVersion", &SupportedFeatureKey::min_version, since(3)},
          Field{"MaxVersion", &SupportedFeatureKey::max_version, since(3)}
          // clang-format on
      };
    }
  };

  struct FinalizedFeatureKey {
    std::string name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                  member                                   on wire, nullable
          Field{"Name",            &FinalizedFeatureKey::name,              since(3)},
          Field{"MaxVersionLevel", &FinalizedFeatureKey::max_version_level, since(3)},
          Field{"MinVersionLevel", &FinalizedFeatureKey::min_version_level, since(3)}
          // clang-format on
      };
    }
  };

  std::int16_t error_code = 0;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::optional<std::vector<SupportedFeatureKey>> supported_features;
  std::optional<std::int64_t> finalized_features_epoch;
  std::optional<std::vector<FinalizedFeatureKey>> finalized_features;
  std::optional<bool> zk_migration_ready;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                             member                                          on wire, nullable
        Field{"ErrorCode",                  &ApiVersionsResponse::error_code,               since(0)},
        Field{"ApiKeys",                    &ApiVersionsResponse::api_keys,                 since(0)},
        Field{"ThrottleTimeMs",             &ApiVersionsResponse::throttle_time_ms,         since(1)},
        tagged(0, "SupportedFeatures",      &ApiVersionsResponse::supported_features,       since(3)),
        tagged(1, "FinalizedFeaturesEpoch", &ApiVersionsResponse::finalized_features_epoch, since(3)),
        tagged(2, "FinalizedFeatures",      &ApiVersionsResponse::finalized_features,       since(3)),
        tagged(3, "ZkMigrationReady",       &ApiVersionsResponse::zk_migration_ready,       since(3))
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
