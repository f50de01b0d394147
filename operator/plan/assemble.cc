#include "plan/assemble.h"

#include <charconv>
#include <iterator>

#include "api/conditions.h"
#include "config/partition_changes.h"
#include "config/validate.h"
#include "plan/content.h"
#include "plan/names.h"
#include "plan/objects.h"
#include "plan/secret_reader.h"

namespace kp::plan {
namespace {

/// The name of `file` in the pods.
std::string mounted(const char* file) { return std::string(mount_path) + file; }

/// Fills one Assembled from one spec.
class Assembler {
 public:
  Assembler(const Inputs& inputs, const SecretData& made, Findings& findings)
      : inputs_(inputs), spec_(inputs.resource.proxy.spec), made_(made), secrets_(inputs, findings) {}

  /// `to_check`: the same configuration with the logins in it, for the rules about them. Stays in memory.
  Assembled assemble(config::Config& to_check) {
    config::Config& config = out_.config;
    config.bind_address = "::";  // a pod may have addresses of either family, or of one alone
    config.admin_address = HostPort{"::", admin_port};
    config.upstream = upstream();
    config.downstream = downstream();
    config.broker_mapping = mapping();
    config.resolve = spec_.resolve;
    config.limits = spec_.limits;
    config.logging = spec_.logging;
    config.partition_mapping = spec_.partition_mapping;
    if (spec_.http_produce) config.http_produce = http_produce(*spec_.http_produce);
    if (spec_.auth_swap) config.auth_swap.emplace().enabled = true;
    to_check = config;
    if (spec_.auth_swap) add_logins(*config.auth_swap, *to_check.auth_swap);
    return std::move(out_);
  }

 private:
  /// A file of the value that is referred to; what the configuration calls it.
  std::string file(const char* name, const std::string& path, const api::SecretRef& ref, const std::string& key) {
    if (auto value = secrets_.value(path, ref, key)) out_.files[name] = std::move(*value);
    return mounted(name);
  }

  config::Upstream upstream() {
    const api::Upstream& from = spec_.upstream;
    config::Upstream out{from.bootstrap_servers, from.security_protocol, from.sasl_mechanism, {}};
    out.tls.trust_server_certs = from.tls.trust_server_certs;
    out.tls.rules = from.tls.rules;
    if (from.tls.ca)
      out.tls.ca_certs = file("upstream-ca.crt", "spec.upstream.tls.caSecretRef", *from.tls.ca, from.tls.ca->key);
    if (from.tls.client_cert) {
      const std::string path = "spec.upstream.tls.clientCertSecretRef";
      out.tls.cert = file("upstream.crt", path, *from.tls.client_cert, "tls.crt");
      out.tls.key = file("upstream.key", path, *from.tls.client_cert, "tls.key");
    }
    return out;
  }

  config::Downstream downstream() {
    const api::Downstream& from = spec_.downstream;
    config::Downstream out;
    out.security_protocol = from.security_protocol;
    out.sasl_mechanisms = from.sasl_mechanisms;
    out.sasl_session_lifetime = from.sasl_session_lifetime;
    if (config::uses_tls(from.security_protocol)) out.tls = downstream_tls(from.tls);
    return out;
  }

  config::DownstreamTls downstream_tls(const api::DownstreamTls& from) {
    config::DownstreamTls out;
    out.rules = from.rules;
    out.cert = mounted("downstream.crt");
    out.key = mounted("downstream.key");
    if (from.cert) {
      const std::string path = "spec.downstream.tls.certSecretRef";
      file("downstream.crt", path, *from.cert, "tls.crt");
      file("downstream.key", path, *from.cert, "tls.key");
    } else if (!made_.empty()) {
      out_.files["downstream.crt"] = made_.at("tls.crt");
      out_.files["downstream.key"] = made_.at("tls.key");
    }
    if (!from.mtls) return out;
    out.mtls_enabled = true;
    out.client_auth = from.client_auth;
    out.principal_mapping_rules = from.principal_mapping_rules;
    const std::string tls = "spec.downstream.tls.";
    if (from.client_ca)
      out.ca_certs = file("downstream-ca.crt", tls + "clientCaSecretRef", *from.client_ca, from.client_ca->key);
    if (from.crl) out.crl = file("downstream.crl", tls + "crlSecretRef", *from.crl, from.crl->key);
    return out;
  }

  config::HttpProduce http_produce(const api::HttpProduce& from) {
    config::HttpProduce out;
    out.http = from.door;
    out.kafka = from.kafka;
    out.ratelimit_enabled = !from.rate_limits.empty();
    out.ratelimit = from.rate_limits;
    if (from.tls) out.http.tls = http_tls(*from.tls);
    if (!from.bearer_tokens) return out;
    out.http.bearer_tokens_file = mounted("http-tokens");
    if (const auto tokens = secrets_.credentials("spec.httpProduce.bearerTokensSecretRef", *from.bearer_tokens))
      for (const config::Credential& token : *tokens)
        out_.files["http-tokens"] += token.user + "=" + token.secret + "\n";
    return out;
  }

  config::DownstreamTls http_tls(const api::HttpTls& from) {
    const std::string tls = "spec.httpProduce.tls.";
    config::DownstreamTls out;
    out.rules = from.rules;
    out.cert = mounted("downstream.crt");
    out.key = mounted("downstream.key");
    if (from.cert) {
      out.cert = file("http.crt", tls + "certSecretRef", *from.cert, "tls.crt");
      out.key = file("http.key", tls + "certSecretRef", *from.cert, "tls.key");
    }
    if (!from.mtls) return out;
    out.mtls_enabled = true;
    out.client_auth = from.client_auth;
    out.principal_mapping_rules = spec_.downstream.tls.principal_mapping_rules;  // one name for whoever it is
    if (from.client_ca)
      out.ca_certs = file("http-ca.crt", tls + "clientCaSecretRef", *from.client_ca, from.client_ca->key);
    return out;
  }

  config::BrokerMapping mapping() const {
    if (const auto* sni = std::get_if<api::SniRouting>(&spec_.routing))
      return config::SniMapping{sni->port, sni->advertised_port, sni->upstream, sni->downstream};
    const auto& offset = std::get<api::PortOffsetRouting>(spec_.routing);
    return config::PortOffsetMapping{hostname_of(inputs_), offset.base, offset.max_broker_id};
  }

  void add_logins(config::AuthSwap& swap, config::AuthSwap& to_check) {
    const api::AuthSwap& from = *spec_.auth_swap;
    swap.mapping.assign(from.mapping.begin(), from.mapping.end());
    to_check.mapping = swap.mapping;
    const auto add = [&](const char* name, const char* key, const std::optional<api::SecretRef>& ref,
                         std::string config::AuthSwap::* as_file,
                         std::vector<config::Credential> config::AuthSwap::* as_list) {
      if (!ref) return;
      swap.*as_file = mounted(name);
      auto logins = secrets_.credentials(std::string("spec.authSwap.") + key, *ref);
      if (!logins) {
        to_check.*as_file = swap.*as_file;
        return;
      }
      for (const config::Credential& login : *logins) out_.files[name] += login.user + "=" + login.secret + "\n";
      to_check.*as_list = std::move(*logins);
    };
    add("downstream-credentials", "downstreamCredentialsSecretRef", from.downstream_credentials,
        &config::AuthSwap::downstream_credentials_file, &config::AuthSwap::downstream_credentials);
    add("upstream-credentials", "upstreamCredentialsSecretRef", from.upstream_credentials,
        &config::AuthSwap::upstream_credentials_file, &config::AuthSwap::upstream_credentials);
  }

  const Inputs& inputs_;
  const api::Spec& spec_;
  const SecretData& made_;
  SecretReader secrets_;
  Assembled out_;
};

/// "a_b.virtual_partitions", of the topic a_b, → "spec.partitionMapping.topics[name="a_b"].virtualPartitions".
std::string topic_path(std::string_view topic) {
  std::string key;
  for (const auto& [from, to] : {std::pair{".virtual_partitions", ".virtualPartitions"},
                                 std::pair{".physical_partitions", ".physicalPartitions"}}) {
    if (!topic.ends_with(from)) continue;
    topic.remove_suffix(std::string_view(from).size());
    key = to;
  }
  return "spec.partitionMapping.topics[name=\"" + std::string(topic) + "\"]" + key;
}

/// "broker_mapping.port_offset.max_broker_id" → "spec.routing.portOffset.maxBrokerId".
std::string spec_path(std::string path) {
  constexpr std::string_view topics = "partition_mapping.topics.";
  if (path.starts_with(topics)) return topic_path(std::string_view(path).substr(topics.size()));
  const auto replace_front = [&](std::string_view from, std::string_view to) {
    if (path.starts_with(from)) path.replace(0, from.size(), to);
  };
  replace_front("broker_mapping", "routing");
  replace_front("http_produce.http.bearer_tokens", "http_produce.bearerTokensSecretRef");
  replace_front("http_produce.http.", "http_produce.");
  replace_front("http_produce.ratelimit.rules", "http_produce.rateLimits");
  replace_front("auth_swap.downstream_credentials", "auth_swap.downstreamCredentialsSecretRef");
  replace_front("auth_swap.upstream_credentials", "auth_swap.upstreamCredentialsSecretRef");
  std::string out = "spec.";
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool hump = path[i] == '_' && i + 1 < path.size() && path[i + 1] >= 'a' && path[i + 1] <= 'z';
    out += hump ? static_cast<char>(path[++i] - 'a' + 'A') : path[i];
  }
  return out;
}

/// "authSwap.mapping[1]" is of a list; the spec has names.
std::string named_entry(std::string path, const api::Spec& spec) {
  constexpr std::string_view list = "spec.authSwap.mapping[";
  std::size_t at = 0;
  const auto end = path.find(']');
  if (!spec.auth_swap || !path.starts_with(list) || end == std::string::npos) return path;
  std::from_chars(path.data() + list.size(), path.data() + end, at);
  if (at >= spec.auth_swap->mapping.size()) return path;
  return "spec.authSwap.mapping." + std::next(spec.auth_swap->mapping.begin(), static_cast<std::ptrdiff_t>(at))->first;
}

/// As the spec calls it.
std::string spec_words(std::string message) {
  for (const auto& [from, to] :
       {std::pair{"downstream_credentials", "authSwap.downstreamCredentialsSecretRef"},
        std::pair{"upstream_credentials", "authSwap.upstreamCredentialsSecretRef"},
        std::pair{"virtual_partitions", "virtualPartitions"}, std::pair{"physical_partitions", "physicalPartitions"}})
    if (const auto at = message.find(from); at != std::string::npos)
      message.replace(at, std::string_view(from).size(), to);
  return message;
}

config::Problem told(const config::Problem& problem, const api::Spec& spec) {
  return {named_entry(spec_path(problem.path), spec), 0, spec_words(problem.message)};
}

}  // namespace

std::string hostname_of(const Inputs& inputs) {
  const api::KafkaProxy& proxy = inputs.resource.proxy;
  const auto* const offset = std::get_if<api::PortOffsetRouting>(&proxy.spec.routing);
  if (offset != nullptr && !offset->hostname.empty()) return offset->hostname;
  if (proxy.spec.service.type == api::ServiceType::LoadBalancer && !inputs.load_balancer.empty())
    return inputs.load_balancer.front();
  return service_name(proxy.name);
}

Assembled assemble(const Inputs& inputs, const SecretData& made, Findings& findings) {
  config::Config to_check;
  Assembled out = Assembler(inputs, made, findings).assemble(to_check);
  config::Report report;
  config::validate(to_check, report);
  const api::Spec& spec = inputs.resource.proxy.spec;
  for (const auto& each : config::partition_refusals(inputs.partitions_in_force, to_check.partition_mapping))
    report.errors.push_back({each.path, 0, each.why});
  for (const config::Problem& each : report.errors) {
    const config::Problem problem = told(each, spec);
    findings.push_back({api::condition::accepted, api::reason::invalid, problem.path + " " + problem.message});
  }
  for (const config::Problem& each : report.warnings) {
    const config::Problem problem = told(each, spec);
    findings.push_back({"", api::reason::config_warning, problem.path + " " + problem.message, false});
  }
  return out;
}

}  // namespace kp::plan
