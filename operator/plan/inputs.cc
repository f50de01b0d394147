#include "plan/inputs.h"

#include <algorithm>

#include "plan/base64.h"
#include "plan/names.h"

namespace kp::plan {

SecretData secret_data(const Json& secret) {
  SecretData out;
  if (const auto data = secret.find("data"); data != secret.end() && data->is_object())
    for (const auto& [key, value] : data->items())
      if (auto decoded = value.is_string() ? from_base64(value.get<std::string>()) : std::nullopt)
        out[key] = std::move(*decoded);
  if (const auto data = secret.find("stringData"); data != secret.end() && data->is_object())
    for (const auto& [key, value] : data->items())
      if (value.is_string()) out[key] = value.get<std::string>();
  return out;
}

bool is_made_by_us(const Json& secret) {
  const bool ours =
      kube::text_at(secret, {"metadata", "labels", "app.kubernetes.io/managed-by"}) == "kafkaproxy-operator";
  return ours && !kube::name_of(secret).name.ends_with("-self-signed");
}

std::vector<std::string> load_balancer_addresses(const Json& service) {
  std::vector<std::string> out;
  const auto at = [](const Json& object, const char* key) -> const Json& {
    static const Json nothing = Json::object();
    const auto found = object.find(key);
    return found == object.end() ? nothing : *found;
  };
  const Json& ingress = at(at(service, "status"), "loadBalancer");
  for (const Json& entry : at(ingress, "ingress"))
    for (const char* const key : {"hostname", "ip"})
      if (const auto found = entry.find(key); found != entry.end() && found->is_string() && !found->empty()) {
        out.push_back(found->get<std::string>());
        break;
      }
  return out;
}

std::string bootstrap_text(std::vector<HostPort> servers) {
  std::ranges::sort(servers);
  std::string out;
  for (const HostPort& server : servers) out += (out.empty() ? "" : ",") + to_string(server);
  return out;
}

std::vector<Claim> claims_of(const api::KafkaProxy& proxy) {
  std::vector<Claim> out;
  const auto claim = [&](std::string hosts, int first, int last) {
    if (!hosts.empty()) out.push_back({proxy.name, proxy.created, std::move(hosts), first, last});
  };
  if (const auto* sni = std::get_if<api::SniRouting>(&proxy.spec.routing)) {
    claim(glob_of(sni->downstream), sni->advertised_port, sni->advertised_port);
    claim(glob_of(sni->bootstrap), sni->advertised_port, sni->advertised_port);
  } else {
    const auto& offset = std::get<api::PortOffsetRouting>(proxy.spec.routing);
    claim(glob_of(offset.hostname), offset.base,
          offset.base + config::PortOffsetMapping::bootstrap_slots + offset.max_broker_id);
  }
  return out;
}

}  // namespace kp::plan
