#include "api/read_spec.h"

namespace kp::api {
namespace {

using kube::Json;

constexpr std::int64_t admin_port = 9404;
constexpr std::array<config::Choice<ServiceType>, 3> service_types{{{"ClusterIP", ServiceType::ClusterIp},
                                                                    {"NodePort", ServiceType::NodePort},
                                                                    {"LoadBalancer", ServiceType::LoadBalancer}}};

SniRouting read_sni(const Json& node, Findings& findings) {
  SniRouting out;
  Fields sni(node, "spec.routing.sni", findings);
  sni.integer("port", out.port, 1024, 65535, Need::Required);
  out.advertised_port = out.port;
  sni.integer("advertisedPort", out.advertised_port, 1, 65535);
  sni.text("upstream", out.upstream, Need::Required);
  sni.text("downstream", out.downstream, Need::Required);
  if (sni.text("bootstrap", out.bootstrap) && !config::is_host(out.bootstrap))
    sni.error("bootstrap", "must be a host name, without a port");
  if (out.port == admin_port) sni.error("port", "9404 is the pods' port for metrics and health; take another one");
  return out;
}

PortOffsetRouting read_port_offset(const Json& node, Findings& findings) {
  PortOffsetRouting out;
  Fields offset(node, "spec.routing.portOffset", findings);
  offset.text("hostname", out.hostname);
  const bool known = offset.integer("base", out.base, 1024, 65515, Need::Required);
  offset.integer("maxBrokerId", out.max_broker_id, 0, 64491);
  const std::int64_t last = std::int64_t{out.base} + config::PortOffsetMapping::bootstrap_slots + out.max_broker_id;
  if (known && last > 65535)
    offset.error("maxBrokerId", "broker " + std::to_string(out.max_broker_id) + " would need port " +
                                    std::to_string(last) + ", which is beyond 65535");
  if (known && out.base <= admin_port && last >= admin_port)
    offset.error("base",
                 "base…base+20+maxBrokerId holds 9404, the pods' port for metrics and health; take another base "
                 "or a smaller maxBrokerId");
  return out;
}

void read_routing(const Json& node, Findings& findings, Routing& out) {
  Fields routing(node, "spec.routing", findings);
  const Json* const sni = routing.object("sni");
  const Json* const offset = routing.object("portOffset");
  if ((sni != nullptr) == (offset != nullptr))
    return findings.error("spec.routing", "must have exactly one of sni and portOffset");
  if (sni != nullptr) {
    out = read_sni(*sni, findings);
  } else {
    out = read_port_offset(*offset, findings);
  }
}

void read_auth_swap(const Json& node, Findings& findings, AuthSwap& out) {
  Fields swap(node, "spec.authSwap", findings);
  out.downstream_credentials = read_secret_ref(swap, "downstreamCredentialsSecretRef", findings, "");
  out.upstream_credentials = read_secret_ref(swap, "upstreamCredentialsSecretRef", findings, "");
  swap.map("mapping", out.mapping);
}

/// As the CRD's rules have it. What else a login needs, config::validate says, by what is in the Secrets.
void check_auth_swap(const Spec& spec, Findings& findings) {
  const bool upstream = config::uses_sasl(spec.upstream.security_protocol);
  const bool downstream = config::uses_sasl(spec.downstream.security_protocol);
  const AuthSwap& swap = *spec.auth_swap;
  if (!upstream && !downstream)
    findings.error("spec.authSwap",
                   "swaps nothing: neither upstream nor downstream has a login; write securityProtocol SASL_SSL or "
                   "SASL_PLAINTEXT on the side that has one, or remove authSwap");
  if (upstream && (!spec.upstream.sasl_mechanism || !swap.upstream_credentials || swap.mapping.empty()))
    findings.error("spec.authSwap",
                   "makes the proxy log in to the brokers: that needs upstream.saslMechanism, "
                   "authSwap.upstreamCredentialsSecretRef and authSwap.mapping");
  if (downstream && (spec.downstream.sasl_mechanisms.empty() || !swap.downstream_credentials))
    findings.error("spec.authSwap",
                   "makes the proxy take the clients' logins: that needs downstream.saslMechanisms and "
                   "authSwap.downstreamCredentialsSecretRef");
}

void read_resolve(Fields& spec, Findings& findings, std::vector<config::ResolveRule>& out) {
  spec.each("resolve", Need::Optional, [&](const Json& item, const std::string& path) {
    if (!item.is_object()) return findings.error(path, "must be an object");
    config::ResolveRule rule;
    Fields fields(item, path, findings);
    fields.text("host", rule.host, Need::Required);
    fields.text("ipv4", rule.ipv4);
    fields.text("ipv6", rule.ipv6);
    if (!fields.has("ipv4") && !fields.has("ipv6")) findings.error(path, "has no address; write ipv4, ipv6 or both");
    out.push_back(std::move(rule));
  });
}

void read_limits(const Json& node, Findings& findings, config::Limits& out) {
  Fields limits(node, "spec.limits", findings);
  limits.integer("maxConnections", out.max_connections, 1, 10'000'000);
  limits.integer("maxFrameBytes", out.max_frame_bytes, 16 * 1024, std::numeric_limits<std::int32_t>::max());
  limits.integer("maxInFlight", out.max_in_flight, 1, 1'000'000);
  read_duration(limits, "handshakeTimeout", out.handshake_timeout, std::chrono::hours(1));
  read_duration(limits, "idleTimeout", out.idle_timeout, std::chrono::hours(24 * 30));
  read_duration(limits, "connectTimeout", out.connect_timeout, std::chrono::hours(1));
  read_duration(limits, "drainTimeout", out.drain_timeout, std::chrono::hours(1));
  if (out.drain_timeout > max_drain_timeout)
    limits.error("drainTimeout", "must be at most 10m, which is what pods are given to stop");
}

void read_service(const Json& node, Findings& findings, Service& out) {
  Fields service(node, "spec.service", findings);
  service.choice("type", out.type, service_types);
  service.map("annotations", out.annotations);
  service.map("labels", out.labels);
  service.text("loadBalancerClass", out.load_balancer_class);
  service.texts("loadBalancerSourceRanges", out.source_ranges);
  service.text("externalTrafficPolicy", out.external_traffic_policy);
  for (const char* const key : {"loadBalancerClass", "loadBalancerSourceRanges"})
    if (service.has(key) && out.type != ServiceType::LoadBalancer) service.error(key, "needs type LoadBalancer");
  if (service.has("externalTrafficPolicy") && out.type == ServiceType::ClusterIp)
    service.error("externalTrafficPolicy", "needs type LoadBalancer or NodePort");
}

/// What is merged must be of the shape that ours has; all else is the API server's to judge.
void read_pod_template(const Json& node, Findings& findings, Json& out) {
  Fields pods(node, "spec.podTemplate", findings);
  if (const Json* const metadata = pods.object("metadata")) {
    out["metadata"] = *metadata;
    for (const char* const key : {"labels", "annotations"})
      if (metadata->contains(key) && !metadata->at(key).is_object())
        pods.error(std::string("metadata.") + key, "must be an object");
  }
  if (const Json* const spec = pods.object("spec")) {
    out["spec"] = *spec;
    for (const char* const key : {"containers", "initContainers", "volumes"})
      if (spec->contains(key) && !spec->at(key).is_array()) pods.error(std::string("spec.") + key, "must be a list");
  }
}

void read_extras(Fields& spec, Findings& findings, Spec& out) {
  if (const Json* const node = spec.object("podTemplate")) read_pod_template(*node, findings, out.pod_template);
  if (const Json* const node = spec.object("networkPolicy")) {
    Fields policy(*node, "spec.networkPolicy", findings);
    out.network_policy.emplace();
    policy.each("from", Need::Optional,
                [&](const Json& item, const std::string&) { out.network_policy->from.push_back(item); });
  }
  if (const Json* const node = spec.object("serviceMonitor")) {
    Fields monitor(*node, "spec.serviceMonitor", findings);
    out.service_monitor.emplace();
    monitor.map("labels", out.service_monitor->labels);
    monitor.text("interval", out.service_monitor->interval);
  }
}

}  // namespace

std::optional<SecretRef> read_secret_ref(Fields& fields, std::string_view key, Findings& findings,
                                         std::optional<std::string> fallback) {
  const Json* const node = fields.object(key);
  if (node == nullptr) return std::nullopt;
  SecretRef out;
  Fields ref(*node, fields.path_of(key), findings);
  ref.text("name", out.name, Need::Required);
  if (fallback) {
    out.key = *fallback;
    ref.text("key", out.key);
  }
  return out;
}

void read_duration(Fields& fields, std::string_view key, std::chrono::milliseconds& out, std::chrono::hours most) {
  fields.value(key, out, Need::Optional, [&](std::string_view text) -> Result<std::chrono::milliseconds> {
    const auto duration = config::parse_duration(text);
    if (duration && (*duration <= std::chrono::milliseconds(0) || *duration > most))
      return Error{Errc::Invalid, "must be from 1ms to " + config::format_duration(most)};
    return duration;
  });
}

void read_spec(const Json& node, Findings& findings, Spec& out) {
  Fields spec(node, "spec", findings);
  spec.integer("replicas", out.replicas, 0, 1000);
  spec.text("image", out.image);
  if (const Json* const upstream = spec.object("upstream", Need::Required))
    read_upstream(*upstream, findings, out.upstream);
  if (const Json* const downstream = spec.object("downstream", Need::Required))
    read_downstream(*downstream, findings, out.downstream);
  if (const Json* const routing = spec.object("routing", Need::Required)) read_routing(*routing, findings, out.routing);
  if (const Json* const swap = spec.object("authSwap")) read_auth_swap(*swap, findings, out.auth_swap.emplace());
  if (const Json* const http = spec.object("httpProduce"))
    read_http_produce(*http, findings, out.http_produce.emplace());
  if (const Json* const mapping = spec.object("partitionMapping"))
    read_partition_mapping(*mapping, findings, out.partition_mapping.emplace());
  read_resolve(spec, findings, out.resolve);
  if (const Json* const limits = spec.object("limits")) read_limits(*limits, findings, out.limits);
  if (const Json* const logging = spec.object("logging")) {
    Fields fields(*logging, "spec.logging", findings);
    fields.choice("level", out.logging.level, config::log_levels);
    fields.choice("format", out.logging.format, config::log_formats);
  }
  if (const Json* const service = spec.object("service")) read_service(*service, findings, out.service);
  read_extras(spec, findings, out);
  if (!findings.errors.empty()) return;  // what follows would only mislead
  if (out.auth_swap) check_auth_swap(out, findings);
  if (out.http_produce) check_http_produce(out, findings);
  if (out.partition_mapping) check_partition_mapping(out, findings);
  if (std::holds_alternative<SniRouting>(out.routing) && !config::uses_tls(out.downstream.security_protocol))
    findings.error("spec.routing.sni",
                   "needs TLS on the clients' side, which carries the name: write downstream.securityProtocol SSL or "
                   "SASL_SSL, or use routing.portOffset");
}

}  // namespace kp::api
