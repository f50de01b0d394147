#include "config/principal_rules.h"
#include "config/readers.h"

namespace kp::config {
namespace {

void read_bootstrap_servers(Section& section, Report& report, Need need, std::vector<HostPort>& out) {
  const bool there = section.each("bootstrap_servers", need, [&](const YamlNode& node, const std::string& path) {
    const std::string* const text = scalar_at(report, node, path);
    if (text == nullptr) return;
    const auto address = parse_address(*text);
    if (!address) return report.error(path, node.line, address.error().message);
    out.push_back(*address);
  });
  const std::string path = section.path_of("bootstrap_servers");
  if (there && out.empty() && report.sound(path))
    report.error(path, report.line(path), "must name at least one broker, as host:port");
}

/// `sasl_mechanism: X` or `sasl_mechanisms: [X, Y]`.
void read_mechanisms(Section& section, Report& report, std::vector<SaslMechanism>& out) {
  SaslMechanism one{};
  if (section.choice("sasl_mechanism", one, sasl_mechanisms)) out.push_back(one);
  const std::string path = section.path_of("sasl_mechanisms");
  if (section.has("sasl_mechanism") && section.has("sasl_mechanisms"))
    report.error(path, report.line(path), "stands beside sasl_mechanism; write only one of the two");
  section.each("sasl_mechanisms", Need::Optional, [&](const YamlNode& node, const std::string& item) {
    const std::string* const text = scalar_at(report, node, item);
    if (text == nullptr) return;
    const auto mechanism = parse_choice(*text, sasl_mechanisms);
    if (!mechanism) return report.error(item, node.line, mechanism.error().message);
    out.push_back(*mechanism);
  });
}

void read_tls_rules(Section& tls, TlsRules& out) {
  tls.choice("min_version", out.min_version, tls_versions);
  tls.text("ciphers", out.ciphers);
  tls.text("cipher_suites", out.cipher_suites);
}

}  // namespace

void read_upstream_tls(Section& tls, UpstreamTls& out) {
  tls.text("ca_certs", out.ca_certs);
  tls.flag("trust_server_certs", out.trust_server_certs);
  tls.text("cert", out.cert);
  tls.text("key", out.key);
  tls.text("key_password", out.key_password);
  read_tls_rules(tls, out.rules);
}

void read_downstream_tls(Section& tls, Report& report, DownstreamTls& out) {
  tls.text("cert", out.cert);
  tls.text("key", out.key);
  tls.text("key_password", out.key_password);
  tls.flag("mtls_enabled", out.mtls_enabled);
  tls.choice("client_auth", out.client_auth, client_auths);
  tls.text("ca_certs", out.ca_certs);
  tls.text("crl", out.crl);
  tls.value("principal_mapping_rules", out.principal_mapping_rules, Need::Optional,
            [](std::string_view text) -> Result<std::string> {
              if (auto rules = PrincipalRules::parse(text); !rules) return std::move(rules).error();
              return std::string(text);
            });
  read_tls_rules(tls, out.rules);
  for (const std::string key : {"client_auth", "crl", "principal_mapping_rules"})
    if (!out.mtls_enabled && tls.has(key) && report.sound(tls.path_of(key)))
      report.error(tls.path_of(key), report.line(tls.path_of(key)), "needs mtls_enabled: true");
  if (out.mtls_enabled && out.ca_certs.empty()) out.ca_certs = "ca.pem";
}

void read_upstream(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("upstream");
  if (node == nullptr) return;
  Upstream& upstream = config.upstream.emplace();
  Section section(report, *node, "upstream");
  // In dynamic mode the bootstrap mappings say where the cluster is.
  const bool dynamic = config.broker_mapping && std::holds_alternative<DynamicMapping>(*config.broker_mapping);
  read_bootstrap_servers(section, report, dynamic ? Need::Optional : Need::Required, upstream.bootstrap_servers);
  section.choice("security_protocol", upstream.security_protocol, security_protocols);
  SaslMechanism mechanism{};
  if (section.choice("sasl_mechanism", mechanism, sasl_mechanisms)) upstream.sasl_mechanism = mechanism;
  if (const YamlNode* const found = section.find("tls")) {
    Section tls(report, *found, "upstream.tls");
    read_upstream_tls(tls, upstream.tls);
  }
}

void read_downstream(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("downstream");
  if (node == nullptr) return;
  Section section(report, *node, "downstream");
  Downstream& downstream = config.downstream;
  section.choice("security_protocol", downstream.security_protocol, security_protocols);
  read_mechanisms(section, report, downstream.sasl_mechanisms);
  read_duration(section, "sasl_session_lifetime", downstream.sasl_session_lifetime, std::chrono::hours(24 * 30));
  if (const YamlNode* const found = section.find("tls")) {
    Section tls(report, *found, "downstream.tls");
    read_downstream_tls(tls, report, downstream.tls);
  }
}

}  // namespace kp::config
