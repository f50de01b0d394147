#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct DescribeClusterRequest {
  static constexpr std::string_view name = "DescribeClusterRequest";
  static constexpr std::int16_t key = 60;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 0;

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
  bool include_fenced_brokers = false;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                                     member                                                          on wire, nullable
        Field{"IncludeClusterAuthorizedOperations", &DescribeClusterRequest::include_cluster_authorized_operations, since(0)},
        Field{"EndpointType",                       &DescribeClusterRequest::endpoint_type,                         since(1)},
        Field{"IncludeFencedBrokers",               &DescribeClusterRequest::include_fenced_brokers,                since(2)}
        // clang-format on
    };
  }
};

struct DescribeClusterResponse {
  static constexpr std::string_view name = "DescribeClusterResponse";
  static constexpr std::int16_t key = 60;
  static constexpr Versions versions = between(0, 2);
  static constexpr Version first_flexible = 0;

  struct Broker {
    std::int32_t broker_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name           member              on wire, nullable
          Field{"BrokerId", &Broker::broker_id, since(0)},
          Field{"Host",     &Broker::host,      since(0)},
          Field{"Port",     &Broker::port,      since(0)},
          Field{"Rack",     &Broker::rack,      since(0), since(0)},
          Field{"IsFenced", &Broker::is_fenced, since(2)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                              member                                                   on wire, nullable
        Field{"ThrottleTimeMs",              &DescribeClusterResponse::throttle_time_ms,              since(0)},
        Field{"ErrorCode",                   &DescribeClusterResponse::error_code,                    since(0)},
        Field{"ErrorMessage",                &DescribeClusterResponse::error_message,                 since(0), since(0)},
        Field{"EndpointType",                &DescribeClusterResponse::endpoint_type,                 since(1)},
        Field{"ClusterId",                   &DescribeClusterResponse::cluster_id,                    since(0)},
        Field{"ControllerId",                &DescribeClusterResponse::controller_id,                 since(0)},
        Field{"Brokers",                     &DescribeClusterResponse::brokers,                       since(0)},
        Field{"ClusterAuthorizedOperations", &DescribeClusterResponse::cluster_authorized_operations, since(0)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
