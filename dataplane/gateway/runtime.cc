#include "gateway/runtime.h"

#include <algorithm>

#include "config/digest.h"

namespace kp::gateway {
namespace {

std::string digest_of(const std::vector<config::FileContent>& files, std::string_view prefix) {
  std::string all;
  for (const config::FileContent& each : files)
    if (each.file.key.starts_with(prefix)) all += each.file.key + '\0' + config::sha256(each.content);
  return config::sha256(all);
}

Result<std::shared_ptr<const net::TlsContext>> tls_of(const config::DownstreamTls& tls) {
  net::TlsServerOptions options;
  options.cert = tls.cert;
  options.key = tls.key;
  options.key_password = tls.key_password;
  options.client_ca = tls.ca_certs;
  if (tls.mtls_enabled) {
    const bool required = tls.client_auth == config::ClientAuth::Required;
    options.client_certificates = required ? net::ClientCertificates::Required : net::ClientCertificates::Optional;
    options.crl = tls.crl;
  }
  const bool newest = tls.rules.min_version == config::TlsVersion::Tls13;
  options.min_version = newest ? net::TlsVersion::Tls13 : net::TlsVersion::Tls12;
  options.ciphers = tls.rules.ciphers;
  options.cipher_suites = tls.rules.cipher_suites;
  auto context = net::TlsContext::server(options);
  if (!context) return std::move(context).error().within("http_produce.http.tls");
  return context;
}

Status add_log(Runtime& made, const Runtime* before, bool same_files) {
  const auto& wanted = made.config->http_produce->wal;
  if (!wanted) return Done{};
  const bool same = before != nullptr && before->wal != nullptr && before->wal->directory() == wanted->directory;
  if (same) {
    made.wal = before->wal;
  } else {
    auto opened = Wal::open(*wanted);
    if (!opened) return std::move(opened).error();
    made.wal = std::move(*opened);
  }
  if (same && same_files && before->logged->serves(*made.config)) {
    made.logged = before->logged;
    return Done{};
  }
  auto producers = Producers::make(*made.config, Producers::Kind::Logged, made.logins->first(), made.wal->settled());
  if (!producers) return std::move(producers).error();
  made.logged = std::move(*producers);
  return Done{};
}

}  // namespace

std::size_t Runtime::most_records() const {
  constexpr std::size_t most = 100'000;
  for (const auto& [key, value] : config->http_produce->kafka.settings)
    if (key == "queue_buffering_max_messages" && value > 0) return std::min(most, static_cast<std::size_t>(value));
  return most;
}

Result<std::shared_ptr<const Runtime>> Runtime::build(const config::Config& config,
                                                      const std::vector<config::FileContent>& files,
                                                      const Runtime* before) {
  auto made = std::make_shared<Runtime>();
  made->config = std::make_shared<const config::Config>(config);
  made->files = digest_of(files, "");
  const bool same_files = before != nullptr && before->files == made->files;
  const config::HttpProduce& gateway = *config.http_produce;
  auto logins = Logins::make(config);
  if (!logins) return std::move(logins).error();
  made->logins = std::move(*logins);
  if (same_files && before->http().tls == gateway.http.tls) {
    made->tls = before->tls;
  } else if (gateway.http.tls) {
    auto tls = tls_of(*gateway.http.tls);
    if (!tls) return std::move(tls).error();
    made->tls = std::move(*tls);
  }
  if (same_files && before->producers->serves(config)) {
    made->producers = before->producers;
  } else {
    auto producers = Producers::make(config, Producers::Kind::Direct, made->logins->first());
    if (!producers) return std::move(producers).error();
    made->producers = std::move(*producers);
  }
  made->limits = std::make_shared<RateLimits>(gateway, before == nullptr ? nullptr : before->limits.get());
  const bool same_window = before != nullptr && before->http().idempotency_window == gateway.http.idempotency_window;
  made->answered = same_window ? before->answered : std::make_shared<Idempotency>(gateway.http.idempotency_window);
  if (Status ok = add_log(*made, before, same_files); !ok) return std::move(ok).error().within("http_produce.wal");
  return std::shared_ptr<const Runtime>(std::move(made));
}

}  // namespace kp::gateway
