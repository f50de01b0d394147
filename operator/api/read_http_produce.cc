#include <algorithm>

#include "api/read_spec.h"

namespace kp::api {
namespace {

using kube::Json;

constexpr std::int64_t admin_port = 9404;
constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::array<config::Choice<std::int64_t>, 3> acknowledgements{{{"all", -1}, {"leader", 1}, {"none", 0}}};
constexpr std::array<config::Choice<bool>, 5> compressions{
    {{"none", true}, {"gzip", true}, {"snappy", true}, {"lz4", true}, {"zstd", true}}};

void read_tls(const Json& node, Findings& findings, HttpTls& out) {
  Fields tls(node, "spec.httpProduce.tls", findings);
  out.cert = read_secret_ref(tls, "certSecretRef", findings, std::nullopt);
  tls.flag("mtls", out.mtls);
  tls.choice("clientAuth", out.client_auth, config::client_auths);
  out.client_ca = read_secret_ref(tls, "clientCaSecretRef", findings, "ca.crt");
  read_tls_rules(tls, out.rules);
  if (out.mtls && !tls.has("clientCaSecretRef"))
    tls.error("mtls", "needs clientCaSecretRef: who may sign the clients' certificates");
  for (const char* const key : {"clientAuth", "clientCaSecretRef"})
    if (!out.mtls && tls.has(key)) tls.error(key, "needs mtls: true");
}

void read_kafka(const Json& node, Findings& findings, config::HttpKafka& out) {
  Fields kafka(node, "spec.httpProduce.kafka", findings);
  bool known = false;
  if (kafka.choice("compression", known, compressions)) kafka.text("compression", out.compression);
  std::int64_t number = 0;
  if (kafka.choice("acks", number, acknowledgements)) out.settings.emplace_back("request_required_acks", number);
  if (kafka.integer("maxRecordBytes", number, 1000, 1'000'000'000))
    out.settings.emplace_back("message_max_bytes", number);
  if (kafka.integer("maxQueuedRecords", number, 1, int32_max))
    out.settings.emplace_back("queue_buffering_max_messages", number);
  if (kafka.integer("lingerMs", number, 0, 900'000)) out.settings.emplace_back("queue_buffering_max_ms", number);
  std::chrono::milliseconds timeout{0};
  read_duration(kafka, "recordTimeout", timeout, std::chrono::hours(24));
  if (timeout.count() > 0) out.settings.emplace_back("message_timeout_ms", timeout.count());
}

void read_door(Fields& http, Findings& findings, config::HttpDoor& out) {
  http.integer("port", out.port, 1024, 65535);
  if (out.port == admin_port) http.error("port", "9404 is the pods' port for metrics and health; take another one");
  http.integer("maxConnections", out.max_connections, 1, 10'000'000);
  http.integer("maxBodyBytes", out.max_body_bytes, 1024, 1 << 30);
  http.integer("maxBufferedBytes", out.max_buffered_bytes, 64 * 1024, int32_max);
  read_duration(http, "requestTimeout", out.request_timeout, std::chrono::hours(1));
  read_duration(http, "idleTimeout", out.idle_timeout, std::chrono::hours(24));
  read_duration(http, "idempotencyWindow", out.idempotency_window, std::chrono::hours(24));
  http.each("authentication", Need::Optional, [&](const Json& item, const std::string& path) {
    const auto login = config::parse_choice(item.is_string() ? item.get<std::string>() : "", config::http_logins);
    if (!login) return findings.error(path, login.error().message);
    out.logins.push_back(*login);
  });
  http.texts("corsOrigins", out.cors_origins);
}

}  // namespace

void read_http_produce(const Json& node, Findings& findings, HttpProduce& out) {
  Fields http(node, "spec.httpProduce", findings);
  read_door(http, findings, out.door);
  if (const Json* const tls = http.object("tls")) read_tls(*tls, findings, out.tls.emplace());
  out.bearer_tokens = read_secret_ref(http, "bearerTokensSecretRef", findings, "");
  const bool bearer = std::ranges::find(out.door.logins, config::HttpLogin::Bearer) != out.door.logins.end();
  if (bearer != out.bearer_tokens.has_value())
    http.error("bearerTokensSecretRef", "stands with bearer in authentication, and only then");
  if (const Json* const kafka = http.object("kafka")) read_kafka(*kafka, findings, out.kafka);
  http.each("rateLimits", Need::Optional, [&](const Json& item, const std::string& path) {
    if (!item.is_object()) return findings.error(path, "must be an object");
    config::RateLimitRule rule;
    Fields fields(item, path, findings);
    fields.text("topic", rule.topic_name, Need::Required);
    fields.integer("recordsPerMinute", rule.max_requests_per_minute, 1, int32_max, Need::Required);
    out.rate_limits.push_back(std::move(rule));
  });
}

void check_http_produce(const Spec& spec, Findings& findings) {
  const HttpProduce& http = *spec.http_produce;
  const bool basic = std::ranges::find(http.door.logins, config::HttpLogin::Basic) != http.door.logins.end();
  if (basic && !(spec.auth_swap && spec.auth_swap->downstream_credentials))
    findings.error("spec.httpProduce.authentication", "basic needs authSwap.downstreamCredentialsSecretRef: its users");
  if (http.tls && !http.tls->cert && !config::uses_tls(spec.downstream.security_protocol))
    findings.error("spec.httpProduce.tls",
                   "needs certSecretRef: downstream has no TLS, and so no certificate that HTTP could show");
  const auto* const sni = std::get_if<SniRouting>(&spec.routing);
  if (sni != nullptr && sni->advertised_port == http.door.port)
    findings.error("spec.httpProduce.port", "is routing.sni.advertisedPort too: the Service can't have it twice");
  if (config::uses_sasl(spec.upstream.security_protocol) && !spec.auth_swap)
    findings.error("spec.httpProduce", "needs authSwap: it says as whom records go to brokers that want a login");
}

}  // namespace kp::api
