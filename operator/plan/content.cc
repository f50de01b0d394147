#include "plan/content.h"

#include "config/digest.h"
#include "config/parse.h"
#include "plan/base64.h"
#include "plan/objects.h"

namespace kp::plan {
namespace {

constexpr std::string_view label = "# generation: ";

std::vector<Json> objects_of(const api::KafkaProxy& proxy, const Content& content, const std::string& config_name,
                             const std::string& files_name) {
  Json secret = new_object(kube::secret, proxy, files_name);
  secret["type"] = "Opaque";
  secret["data"] = Json::object();
  for (const auto& [name, bytes] : content.files) secret["data"][name] = to_base64(bytes);
  Json config_map = new_object(kube::config_map, proxy, config_name);
  config_map["data"] = {{"config.yaml", content.config_yaml}};
  return {std::move(secret), std::move(config_map)};
}

}  // namespace

std::string generation_of(std::int64_t metadata_generation, std::string_view config_yaml_without,
                          const std::map<std::string, std::string>& files) {
  constexpr std::size_t digits = 12;
  std::string all = std::to_string(config_yaml_without.size()) + ":" + std::string(config_yaml_without);
  for (const auto& [name, bytes] : files)
    all += std::to_string(name.size()) + ":" + name + std::to_string(bytes.size()) + ":" + bytes;
  // Pods show it to whoever may read /config: who knows all but a password shall not try passwords at full speed.
  const bool guessable = files.contains("downstream-credentials") || files.contains("upstream-credentials") ||
                         files.contains("http-tokens");
  const std::string digest = config::sha256(all);
  return std::to_string(metadata_generation) + "-" +
         (guessable ? config::slow_digest(digest) : digest).substr(0, digits);
}

std::string_view digest_of(std::string_view generation) {
  return generation.substr(generation.find('-') + 1);  // npos + 1 is 0
}

std::vector<Json> content_objects(const api::KafkaProxy& proxy, const Content& content) {
  return objects_of(proxy, content, config_name(proxy.name.name), files_name(proxy.name.name));
}

std::vector<Json> last_good_objects(const api::KafkaProxy& proxy, const Content& content) {
  const std::string name = last_good_name(proxy.name.name);
  return objects_of(proxy, content, name, name);
}

std::vector<Json> front_of(const api::KafkaProxy& proxy, const Content& content,
                           const std::vector<api::BrokerStatus>& brokers) {
  const config::Parsed parsed = config::parse(content.config_yaml, [](auto) { return std::nullopt; });
  if (!parsed.errors.empty() || !parsed.config.broker_mapping ||
      std::holds_alternative<config::DynamicMapping>(*parsed.config.broker_mapping))
    return {};
  return front_objects(proxy, parsed.config, brokers);
}

std::optional<config::PartitionMapping> partitions_in(const Json& config_map) {
  const auto data = config_map.find("data");
  if (data == config_map.end()) return std::nullopt;
  const std::string yaml = kube::text_at(*data, "config.yaml");
  if (yaml.find("\npartition_mapping:\n") == std::string::npos) return std::nullopt;  // most have none
  config::Parsed parsed = config::parse(yaml, [](auto) { return std::nullopt; });
  return parsed.errors.empty() ? std::move(parsed.config.partition_mapping) : std::nullopt;
}

std::optional<Content> content_of(const Json& config_map, const Json& secret) {
  const auto data = config_map.find("data");
  if (data == config_map.end() || !data->is_object() || !data->contains("config.yaml")) return std::nullopt;
  Content out;
  out.config_yaml = data->at("config.yaml").is_string() ? data->at("config.yaml").get<std::string>() : std::string();
  if (!out.config_yaml.starts_with(label)) return std::nullopt;
  out.generation = out.config_yaml.substr(label.size(), out.config_yaml.find('\n') - label.size());
  out.files = secret_data(secret);
  return out;
}

}  // namespace kp::plan
