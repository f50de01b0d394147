#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/kafka_proxy.h"
#include "plan/inputs.h"

namespace kp::plan {

/// What pods run: one configuration and the files that it names.
struct Content {
  std::string generation;
  std::string config_yaml;                   ///< its first line says the generation
  std::map<std::string, std::string> files;  ///< by name below mount_path

  bool operator==(const Content&) const = default;
};

inline constexpr std::string_view mount_path = "/etc/kafkaproxy/";

/// "<metadata.generation>-<12 hex digits>", these over all that pods get, except for the generation itself.
std::string generation_of(std::int64_t metadata_generation, std::string_view config_yaml_without,
                          const std::map<std::string, std::string>& files);

/// Its second part, which is equal for equal content.
std::string_view digest_of(std::string_view generation);

/// ConfigMap NAME-config and Secret NAME-files: what is mounted. The Secret comes first: it may only be missing for
/// nobody.
std::vector<Json> content_objects(const api::KafkaProxy& proxy, const Content& content);

/// ConfigMap and Secret NAME-last-good, which nothing mounts.
std::vector<Json> last_good_objects(const api::KafkaProxy& proxy, const Content& content);

/// front_objects() of pods that run `content`; nothing if it isn't of this operator's making.
std::vector<Json> front_of(const api::KafkaProxy& proxy, const Content& content,
                           const std::vector<api::BrokerStatus>& brokers);

/// The partition_mapping of a ConfigMap of either pair; nothing: there is none.
std::optional<config::PartitionMapping> partitions_in(const Json& config_map);

/// Back from either pair of objects; nothing where one of them isn't whole.
std::optional<Content> content_of(const Json& config_map, const Json& secret);

}  // namespace kp::plan
