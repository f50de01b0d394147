#include "plan/objects.h"

#include "plan/base64.h"

namespace kp::plan {
namespace {

constexpr const char* component = "app.kubernetes.io/component";

Json labels_of(const api::KafkaProxy& proxy) {
  Json labels = selector_labels(proxy.name.name);
  labels["app.kubernetes.io/managed-by"] = "kafkaproxy-operator";
  return labels;
}

bool is_node_port(int port) { return port >= 30000 && port <= 32767; }

}  // namespace

std::string config_name(const std::string& proxy) { return proxy + "-config"; }
std::string files_name(const std::string& proxy) { return proxy + "-files"; }
std::string last_good_name(const std::string& proxy) { return proxy + "-last-good"; }
std::string self_signed_name(const std::string& proxy) { return proxy + "-self-signed"; }
std::string authority_name(const std::string& proxy) { return proxy + "-ca"; }
std::string metrics_name(const std::string& proxy) { return proxy + "-metrics"; }

std::map<std::string, std::string> selector_labels(const std::string& proxy) {
  return {{"app.kubernetes.io/instance", proxy}, {"app.kubernetes.io/name", "kafkaproxy"}};
}

std::string selector_text(const std::string& proxy) {
  std::string out;
  for (const auto& [key, value] : selector_labels(proxy)) out += (out.empty() ? "" : ",") + key + "=" + value;
  return out;
}

Json new_object(const kube::Kind& kind, const api::KafkaProxy& proxy, const std::string& name) {
  Json object{{"apiVersion", kube::api_version(kind)},
              {"kind", kind.kind},
              {"metadata", {{"name", name}, {"namespace", proxy.name.space}, {"labels", labels_of(proxy)}}}};
  if (!proxy.uid.empty())
    object["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", kube::api_version(kube::kafka_proxy)},
                                                          {"kind", kube::kafka_proxy.kind},
                                                          {"name", proxy.name.name},
                                                          {"uid", proxy.uid},
                                                          {"controller", true},
                                                          {"blockOwnerDeletion", true}}});
  return object;
}

std::vector<Port> client_ports(const config::Config& config, const std::vector<api::BrokerStatus>& brokers) {
  std::vector<Port> out;
  if (config.http_produce) out.push_back({"http", config.http_produce->http.port, config.http_produce->http.port});
  if (const auto* sni = std::get_if<config::SniMapping>(&*config.broker_mapping)) {
    out.insert(out.begin(), {"kafka", sni->advertised_port, sni->bind_port});
    return out;
  }
  const auto& offset = std::get<config::PortOffsetMapping>(*config.broker_mapping);
  for (std::size_t i = 0; i < config.upstream->bootstrap_servers.size(); ++i) {
    const int port = offset.base + static_cast<int>(i);
    out.push_back({"bootstrap-" + std::to_string(i), port, port});
  }
  for (const api::BrokerStatus& broker : brokers) {
    if (broker.id < 0 || broker.id > offset.max_broker_id) continue;
    const int port = offset.base + config::PortOffsetMapping::bootstrap_slots + broker.id;
    out.push_back({"broker-" + std::to_string(broker.id), port, port});
  }
  return out;
}

Json service(const api::KafkaProxy& proxy, const std::vector<Port>& ports) {
  const api::Service& wanted = proxy.spec.service;
  Json out = new_object(kube::service, proxy, proxy.name.name);
  Json labels = wanted.labels;
  labels.update(out["metadata"]["labels"]);
  out["metadata"]["labels"] = std::move(labels);
  if (!wanted.annotations.empty()) out["metadata"]["annotations"] = wanted.annotations;
  Json spec{{"selector", selector_labels(proxy.name.name)}, {"ports", Json::array()}};
  switch (wanted.type) {
    case api::ServiceType::ClusterIp:
      spec["type"] = "ClusterIP";
      break;
    case api::ServiceType::NodePort:
      spec["type"] = "NodePort";
      break;
    case api::ServiceType::LoadBalancer:
      spec["type"] = "LoadBalancer";
      break;
  }
  for (const Port& port : ports) {
    Json entry{{"name", port.name}, {"protocol", "TCP"}, {"port", port.advertised}, {"targetPort", port.bound}};
    if (wanted.type == api::ServiceType::NodePort && is_node_port(port.advertised)) entry["nodePort"] = port.advertised;
    spec["ports"].push_back(std::move(entry));
  }
  if (!wanted.load_balancer_class.empty()) spec["loadBalancerClass"] = wanted.load_balancer_class;
  if (!wanted.source_ranges.empty()) spec["loadBalancerSourceRanges"] = wanted.source_ranges;
  if (!wanted.external_traffic_policy.empty()) spec["externalTrafficPolicy"] = wanted.external_traffic_policy;
  out["spec"] = std::move(spec);
  return out;
}

Json disruption_budget(const api::KafkaProxy& proxy) {
  Json out = new_object(kube::disruption_budget, proxy, proxy.name.name);
  out["spec"] = {{"maxUnavailable", 1},
                 {"selector", {{"matchLabels", selector_labels(proxy.name.name)}}},
                 {"unhealthyPodEvictionPolicy", "AlwaysAllow"}};
  return out;
}

Json network_policy(const api::KafkaProxy& proxy, const std::vector<Port>& ports) {
  Json out = new_object(kube::network_policy, proxy, proxy.name.name);
  Json clients{{"ports", Json::array()}};
  for (const Port& port : ports) clients["ports"].push_back({{"port", port.bound}, {"protocol", "TCP"}});
  if (proxy.spec.network_policy && !proxy.spec.network_policy->from.empty())
    clients["from"] = proxy.spec.network_policy->from;
  const Json admin{{"ports", Json::array({{{"port", admin_port}, {"protocol", "TCP"}}})}};
  out["spec"] = {{"podSelector", {{"matchLabels", selector_labels(proxy.name.name)}}},
                 {"policyTypes", {"Ingress"}},
                 {"ingress", {std::move(clients), admin}}};
  return out;
}

std::vector<Json> front_objects(const api::KafkaProxy& proxy, const config::Config& config,
                                const std::vector<api::BrokerStatus>& brokers) {
  const std::vector<Port> ports = client_ports(config, brokers);
  std::vector<Json> out{service(proxy, ports)};
  if (proxy.spec.network_policy) out.push_back(network_policy(proxy, ports));
  return out;
}

Json metrics_service(const api::KafkaProxy& proxy) {
  Json out = new_object(kube::service, proxy, metrics_name(proxy.name.name));
  out["metadata"]["labels"][component] = "metrics";
  const Json port{{"name", "metrics"}, {"protocol", "TCP"}, {"port", admin_port}, {"targetPort", admin_port}};
  out["spec"] = {{"type", "ClusterIP"},
                 {"clusterIP", "None"},
                 {"publishNotReadyAddresses", true},
                 {"selector", selector_labels(proxy.name.name)},
                 {"ports", Json::array({port})}};
  return out;
}

Json service_monitor(const api::KafkaProxy& proxy) {
  Json out = new_object(kube::service_monitor, proxy, proxy.name.name);
  Json labels = proxy.spec.service_monitor->labels;
  labels.update(out["metadata"]["labels"]);
  out["metadata"]["labels"] = std::move(labels);
  Json endpoint{{"port", "metrics"}, {"path", "/metrics"}};
  if (!proxy.spec.service_monitor->interval.empty()) endpoint["interval"] = proxy.spec.service_monitor->interval;
  Json selected = selector_labels(proxy.name.name);
  selected[component] = "metrics";
  out["spec"] = {{"selector", {{"matchLabels", std::move(selected)}}}, {"endpoints", Json::array({endpoint})}};
  return out;
}

Json self_signed_secret(const api::KafkaProxy& proxy, const SecretData& data) {
  Json out = new_object(kube::secret, proxy, self_signed_name(proxy.name.name));
  out["type"] = "kubernetes.io/tls";
  out["data"] = Json::object();
  for (const auto& [key, bytes] : data) out["data"][key] = to_base64(bytes);
  return out;
}

Json authority_config_map(const api::KafkaProxy& proxy, const SecretData& data) {
  Json out = new_object(kube::config_map, proxy, authority_name(proxy.name.name));
  out["data"] = {{"ca.crt", data.at("ca.crt")}};
  return out;
}

}  // namespace kp::plan
