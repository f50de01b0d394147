#include "proxy/runtime.h"

#include "auth/crypto.h"
#include "config/digest.h"
#include "virtual/translate.h"

namespace kp::proxy {
namespace {

/// What a part is made of, as one text: values, and the contents of the files whose keys begin with `prefix`.
class Made {
 public:
  explicit Made(const std::vector<config::FileContent>& files) : files_(files) {}
  Made& of(std::string_view value) {
    all_.append(std::to_string(value.size())).append(":").append(value);
    return *this;
  }
  Made& of(const config::TlsRules& rules) {
    return of(rules.min_version == config::TlsVersion::Tls13 ? "1.3" : "1.2").of(rules.ciphers).of(rules.cipher_suites);
  }
  Made& of_files(std::string_view prefix) {
    for (const config::FileContent& file : files_)
      if (file.file.key.starts_with(prefix)) of(file.file.key).of(file.file.path).of(file.content);
    return *this;
  }
  std::string digest() {
    std::string sum = config::sha256(all_);
    auth::wipe(all_);
    return sum;
  }

 private:
  const std::vector<config::FileContent>& files_;
  std::string all_;
};

bool by_server_name(const config::Config& config) {
  return config.broker_mapping && std::holds_alternative<config::SniMapping>(*config.broker_mapping);
}

std::string digest_of_swap(const config::Config& config, const std::vector<config::FileContent>& files) {
  if (!config.auth_swap || !config.auth_swap->enabled) return {};
  const config::AuthSwap& swap = *config.auth_swap;
  Made all(files);
  all.of(config::uses_sasl(config.downstream.security_protocol) ? "clients log in" : "");
  for (const config::SaslMechanism mechanism : config.downstream.sasl_mechanisms) all.of(auth::wire_name(mechanism));
  if (config.upstream && config::uses_sasl(config.upstream->security_protocol) && config.upstream->sasl_mechanism)
    all.of("we log in").of(auth::wire_name(*config.upstream->sasl_mechanism));
  for (const auto* credentials : {&swap.downstream_credentials, &swap.upstream_credentials}) {
    all.of("credentials");
    for (const config::Credential& one : *credentials) all.of(one.user).of(one.secret);
  }
  for (const auto& [client, user] : swap.mapping) all.of(client).of(user);
  return all.of_files("auth_swap.").digest();
}

Runtime::Digests digests_of(const config::Config& config, const std::vector<config::FileContent>& files) {
  Runtime::Digests made;
  const config::DownstreamTls& down = config.downstream.tls;
  if (config::uses_tls(config.downstream.security_protocol)) {
    if (down.mtls_enabled)
      made.client_trust = Made(files)
                              .of(down.client_auth == config::ClientAuth::Required ? "required" : "optional")
                              .of_files("downstream.tls.ca_certs")
                              .of_files("downstream.tls.crl")
                              .digest();
    made.downstream_tls = Made(files)
                              .of_files("downstream.tls.")
                              .of(down.key_password)
                              .of(down.rules)
                              .of(made.client_trust)
                              .of(by_server_name(config) ? "name" : "")
                              .digest();
  }
  if (config.upstream && config::uses_tls(config.upstream->security_protocol)) {
    const config::UpstreamTls& up = config.upstream->tls;
    made.upstream_tls = Made(files)
                            .of_files("upstream.tls.")
                            .of(up.trust_server_certs ? "all" : "")
                            .of(up.key_password)
                            .of(up.rules)
                            .digest();
  }
  made.swap = digest_of_swap(config, files);
  return made;
}

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
  options.require_name = by_server_name(config);
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

bool Runtime::passive() const {
  return config->upstream && config::uses_sasl(config->upstream->security_protocol) && !swap->makes_logins();
}

rewrite::Withheld Runtime::withheld() const {
  return {swap->withheld(), mapping == nullptr ? std::span<const kafka::ApiRange>() : virt::translated_apis()};
}

bool Runtime::looks_at_certificates() const { return downstream_tls != nullptr && config->downstream.tls.mtls_enabled; }

Result<std::shared_ptr<Runtime>> Runtime::build(std::shared_ptr<const config::Config> config,
                                                std::vector<config::FileContent> files, const Runtime* before) {
  for (const config::FileContent& file : files)
    if (file.error && file.error->code == Errc::Invalid)
      return Error(*file.error).within(file.file.key);  // its changes would go unseen
  auto made = std::make_shared<Runtime>();
  // The files are opened again below: one that changes in between is another one to the next reload, not missed.
  made->digests = digests_of(*config, files);
  made->files = std::move(files);
  const std::string& rules_text = config->downstream.tls.principal_mapping_rules;
  const bool same_rules = before != nullptr && before->config->downstream.tls.principal_mapping_rules == rules_text;
  if (same_rules) {
    made->principal_rules = before->principal_rules;
  } else {
    auto rules = config::PrincipalRules::parse(rules_text);
    if (!rules) return std::move(rules).error().within("downstream.tls.principal_mapping_rules");
    made->principal_rules = std::make_shared<const config::PrincipalRules>(std::move(*rules));
  }
  const bool same_swap = before != nullptr && before->digests.swap == made->digests.swap;
  if (same_swap) {
    made->swap = before->swap;
  } else {
    auto swap = auth::Swap::make(*config, before == nullptr ? nullptr : before->swap.get());
    if (!swap) return std::move(swap).error();
    made->swap = std::move(*swap);
  }
  // Whom the handshake admits depends on all three.
  if (same_rules && same_swap && before->digests.downstream_tls == made->digests.downstream_tls) {
    made->downstream_tls = before->downstream_tls;
  } else if (Status ok = add_downstream_tls(*made, *config); !ok) {
    return std::move(ok).error();
  }
  if (before != nullptr && before->digests.upstream_tls == made->digests.upstream_tls) {
    made->upstream_tls = before->upstream_tls;
  } else if (Status ok = add_upstream_tls(*made, *config); !ok) {
    return std::move(ok).error();
  }
  if (before != nullptr && before->upstream_tls == made->upstream_tls && before->config->resolve == config->resolve &&
      before->config->limits.connect_timeout == config->limits.connect_timeout)
    made->dialer = before->dialer;
  else
    made->dialer =
        std::make_shared<const broker::Dialer>(config->resolve, made->upstream_tls, config->limits.connect_timeout);
  if (config->partition_mapping && !config->partition_mapping->topics.empty()) {
    const bool same = before != nullptr && before->config->partition_mapping == config->partition_mapping;
    made->mapping = same ? before->mapping : std::make_shared<const virt::Mapping>(*config->partition_mapping);
  }
  if (config->upstream) made->bootstrap = config->upstream->bootstrap_servers;
  if (const auto* dynamic =
          config->broker_mapping ? std::get_if<config::DynamicMapping>(&*config->broker_mapping) : nullptr) {
    made->bootstrap.clear();  // here the mappings say it, slot by slot
    for (const config::BootstrapMapping& mapping : dynamic->bootstrap) made->bootstrap.push_back(mapping.upstream);
  }
  made->serial = before == nullptr ? 1 : before->serial + 1;
  made->cluster = before == nullptr ? 1 : before->cluster;
  made->unfit = before == nullptr ? std::make_shared<UnfitTopics>() : before->unfit;
  made->config = std::move(config);
  return made;
}

}  // namespace kp::proxy
