#include "proxy/runtime.h"

namespace kp::proxy {
namespace {

net::TlsVersion version(config::TlsVersion version) {
  return version == config::TlsVersion::Tls13 ? net::TlsVersion::Tls13 : net::TlsVersion::Tls12;
}

Result<std::string> named(const config::PrincipalRules& rules, const net::PeerCertificate& certificate) {
  Result<std::string> name = rules.apply(certificate.subject);
  if (name && config::is_reserved_identity(*name))
    return Error{Errc::Unauthorized, *name + " is not a name that a client may have"};
  return name;
}

Status add_downstream_tls(Runtime& made, const config::Config& config) {
  if (!config::uses_tls(config.downstream.security_protocol)) return Done{};
  const config::DownstreamTls& tls = config.downstream.tls;
  net::TlsServerOptions options;
  options.cert = tls.cert;
  options.key = tls.key;
  options.key_password = tls.key_password;
  options.client_ca = tls.ca_certs;
  if (tls.mtls_enabled) {
    const bool required = tls.client_auth == config::ClientAuth::Required;
    options.client_certificates = required ? net::ClientCertificates::Required : net::ClientCertificates::Optional;
    options.crl = tls.crl;
    // Who has no login to come, and nobody to be at the brokers, hears it in the handshake: later there is no form for
    // it.
    if (made.swap->makes_logins() && !made.swap->takes_logins())
      options.admits = [swap = made.swap, rules = made.principal_rules](const net::PeerCertificate& certificate) {
        const Result<std::string> identity = named(*rules, certificate);
        return identity && swap->upstream_of(*identity);
      };
  }
  options.min_version = version(tls.rules.min_version);
  options.ciphers = tls.rules.ciphers;
  options.cipher_suites = tls.rules.cipher_suites;
  options.require_name = config.broker_mapping && std::holds_alternative<config::SniMapping>(*config.broker_mapping);
  auto context = net::TlsContext::server(options);
  if (!context) return std::move(context).error().within("downstream.tls");
  made.downstream_tls = std::move(*context);
  return Done{};
}

Status add_upstream_tls(Runtime& made, const config::Config& config) {
  if (!config.upstream || !config::uses_tls(config.upstream->security_protocol)) return Done{};
  const config::UpstreamTls& tls = config.upstream->tls;
  net::TlsClientOptions options;
  options.ca = tls.ca_certs;
  options.trust_all = tls.trust_server_certs;
  options.cert = tls.cert;
  options.key = tls.key;
  options.key_password = tls.key_password;
  options.min_version = version(tls.rules.min_version);
  options.ciphers = tls.rules.ciphers;
  options.cipher_suites = tls.rules.cipher_suites;
  auto context = net::TlsContext::client(options);
  if (!context) return std::move(context).error().within("upstream.tls");
  made.upstream_tls = std::move(*context);
  return Done{};
}

}  // namespace

Result<std::string> Runtime::identity_of(const net::PeerCertificate& certificate) const {
  return named(*principal_rules, certificate);
}

Result<std::shared_ptr<Runtime>> Runtime::build(std::shared_ptr<const config::Config> config) {
  auto made = std::make_shared<Runtime>();
  auto rules = config::PrincipalRules::parse(config->downstream.tls.principal_mapping_rules);
  if (!rules) return std::move(rules).error().within("downstream.tls.principal_mapping_rules");
  made->principal_rules = std::make_shared<const config::PrincipalRules>(std::move(*rules));
  auto swap = auth::Swap::make(*config);
  if (!swap) return std::move(swap).error();
  made->swap = std::move(*swap);
  if (Status ok = add_downstream_tls(*made, *config); !ok) return std::move(ok).error();
  if (Status ok = add_upstream_tls(*made, *config); !ok) return std::move(ok).error();
  made->dialer =
      std::make_shared<const broker::Dialer>(config->resolve, made->upstream_tls, config->limits.connect_timeout);
  if (config->upstream) made->bootstrap = config->upstream->bootstrap_servers;
  if (const auto* dynamic =
          config->broker_mapping ? std::get_if<config::DynamicMapping>(&*config->broker_mapping) : nullptr) {
    made->bootstrap.clear();  // here the mappings say it, slot by slot
    for (const config::BootstrapMapping& mapping : dynamic->bootstrap) made->bootstrap.push_back(mapping.upstream);
  }
  made->config = std::move(config);
  return made;
}

}  // namespace kp::proxy
