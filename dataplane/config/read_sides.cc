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

}  // namespace

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
    tls.text("ca_certs", upstream.tls.ca_certs);
    tls.flag("trust_server_certs", upstream.tls.trust_server_certs);
    tls.text("cert", upstream.tls.cert);
    tls.text("key", upstream.tls.key);
  }
}

void read_downstream(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("downstream");
  if (node == nullptr) return;
  Section section(report, *node, "downstream");
  Downstream& downstream = config.downstream;
  section.choice("security_protocol", downstream.security_protocol, security_protocols);
  read_mechanisms(section, report, downstream.sasl_mechanisms);
  if (const YamlNode* const found = section.find("tls")) {
    Section tls(report, *found, "downstream.tls");
    tls.text("cert", downstream.tls.cert);
    tls.text("key", downstream.tls.key);
    tls.flag("mtls_enabled", downstream.tls.mtls_enabled);
    tls.text("ca_certs", downstream.tls.ca_certs);
  }
  if (downstream.tls.mtls_enabled && downstream.tls.ca_certs.empty()) downstream.tls.ca_certs = "ca.pem";
}

}  // namespace kp::config
