#include <set>

#include "api/read_spec.h"
#include "config/principal_rules.h"

namespace kp::api {
namespace {

using kube::Json;

constexpr std::string_view no_login = "needs a login: write securityProtocol SASL_SSL or SASL_PLAINTEXT, or remove ";

void read_bootstrap_servers(Fields& fields, Findings& findings, std::vector<HostPort>& out) {
  std::set<HostPort> seen;
  fields.each("bootstrapServers", Need::Required, [&](const Json& item, const std::string& path) {
    if (!item.is_string()) return findings.error(path, "must be host:port");
    const auto address = config::parse_address(item.get<std::string>());
    if (!address) return findings.error(path, address.error().message);
    if (!seen.insert(*address).second) return findings.error(path, "names a broker twice");
    out.push_back(*address);
  });
  if (out.empty() && fields.has("bootstrapServers") && findings.errors.empty())
    fields.error("bootstrapServers", "must name at least one broker, as host:port");
  if (out.size() > config::PortOffsetMapping::bootstrap_slots)
    fields.error("bootstrapServers", "may name 20 brokers at most");
}

void read_upstream_tls(const Json& node, Findings& findings, UpstreamTls& out) {
  Fields tls(node, "spec.upstream.tls", findings);
  out.ca = read_secret_ref(tls, "caSecretRef", findings, "ca.crt");
  out.client_cert = read_secret_ref(tls, "clientCertSecretRef", findings, std::nullopt);
  tls.flag("trustServerCerts", out.trust_server_certs);
  read_tls_rules(tls, out.rules);
  if (out.trust_server_certs && out.ca)
    tls.error("caSecretRef", "has no meaning beside trustServerCerts, which accepts any certificate");
}

void read_mtls(Fields& tls, Findings& findings, DownstreamTls& out) {
  tls.flag("mtls", out.mtls);
  tls.choice("clientAuth", out.client_auth, config::client_auths);
  out.client_ca = read_secret_ref(tls, "clientCaSecretRef", findings, "ca.crt");
  out.crl = read_secret_ref(tls, "crlSecretRef", findings, "ca.crl");
  tls.value("principalMappingRules", out.principal_mapping_rules, Need::Optional,
            [](std::string_view text) -> Result<std::string> {
              if (auto rules = config::PrincipalRules::parse(text); !rules) return std::move(rules).error();
              return std::string(text);
            });
  if (out.mtls && !tls.has("clientCaSecretRef"))
    tls.error("mtls", "needs clientCaSecretRef: who may sign the clients' certificates");
  for (const char* const key : {"clientAuth", "clientCaSecretRef", "crlSecretRef", "principalMappingRules"})
    if (!out.mtls && tls.has(key)) tls.error(key, "needs mtls: true");
}

void read_downstream_tls(const Json& node, Findings& findings, DownstreamTls& out) {
  Fields tls(node, "spec.downstream.tls", findings);
  out.cert = read_secret_ref(tls, "certSecretRef", findings, std::nullopt);
  if (const Json* const made = tls.object("selfSigned")) {
    Fields self_signed(*made, tls.path_of("selfSigned"), findings);
    self_signed.texts("dnsNames", out.self_signed.emplace().dns_names);
    for (const std::string& name : out.self_signed->dns_names)
      if (!config::is_host(name.starts_with("*.") ? name.substr(2) : name))
        self_signed.error("dnsNames", "'" + name + "' is no host name or address");
  }
  read_mtls(tls, findings, out);
  read_tls_rules(tls, out.rules);
}

void check_has_certificate(Fields& side, const Json* tls, config::SecurityProtocol protocol) {
  const bool wanted = config::uses_tls(protocol);
  if (tls != nullptr && !wanted) side.error("tls", "needs TLS: write securityProtocol SSL or SASL_SSL, or remove tls");
  const bool named = tls != nullptr && tls->contains("certSecretRef");
  const bool made = tls != nullptr && tls->contains("selfSigned");
  if (wanted && named == made)
    side.error(
        "tls",
        "TLS needs a certificate: write tls.certSecretRef, or tls.selfSigned: {} and the operator makes one; one "
        "of the two");
}

}  // namespace

void read_tls_rules(Fields& tls, config::TlsRules& out) {
  tls.choice("minVersion", out.min_version, config::tls_versions);
  tls.text("ciphers", out.ciphers);
  tls.text("cipherSuites", out.cipher_suites);
}

void read_upstream(const Json& upstream, Findings& findings, Upstream& out) {
  Fields fields(upstream, "spec.upstream", findings);
  read_bootstrap_servers(fields, findings, out.bootstrap_servers);
  const bool known =
      fields.choice("securityProtocol", out.security_protocol, config::security_protocols, Need::Required);
  config::SaslMechanism mechanism{};
  if (fields.choice("saslMechanism", mechanism, config::sasl_mechanisms)) out.sasl_mechanism = mechanism;
  if (known && out.sasl_mechanism && !config::uses_sasl(out.security_protocol))
    fields.error("saslMechanism", std::string(no_login) + "saslMechanism");
  const Json* const tls = fields.object("tls");
  if (tls != nullptr) read_upstream_tls(*tls, findings, out.tls);
  if (known && tls != nullptr && !config::uses_tls(out.security_protocol))
    fields.error("tls", "needs TLS: write securityProtocol SSL or SASL_SSL, or remove tls");
}

void read_downstream(const Json& downstream, Findings& findings, Downstream& out) {
  Fields fields(downstream, "spec.downstream", findings);
  const bool known =
      fields.choice("securityProtocol", out.security_protocol, config::security_protocols, Need::Required);
  std::set<config::SaslMechanism> seen;
  fields.each("saslMechanisms", Need::Optional, [&](const Json& item, const std::string& path) {
    const auto mechanism =
        config::parse_choice(item.is_string() ? item.get<std::string>() : "", config::sasl_mechanisms);
    if (!mechanism) return findings.error(path, mechanism.error().message);
    if (!seen.insert(*mechanism).second) return findings.error(path, "stands twice");
    out.sasl_mechanisms.push_back(*mechanism);
  });
  if (known && fields.has("saslMechanisms") && !config::uses_sasl(out.security_protocol))
    fields.error("saslMechanisms", std::string(no_login) + "saslMechanisms");
  read_duration(fields, "saslSessionLifetime", out.sasl_session_lifetime, std::chrono::hours(24 * 30));
  const Json* const tls = fields.object("tls");
  if (tls != nullptr) read_downstream_tls(*tls, findings, out.tls);
  if (known) check_has_certificate(fields, tls, out.security_protocol);
}

}  // namespace kp::api
