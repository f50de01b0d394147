#include <algorithm>
#include <set>

#include "config/validate.h"
#include "config/values.h"

namespace kp::config {
namespace {

const std::string kafka = "http_produce.kafka";
const std::string http = "http_produce.http";

void complain(Report& report, const std::string& path, std::string message) {
  report.error(path, report.line(path), std::move(message));
}

void check_brokers_login(const Config& config, const HttpKafka& own, Report& report) {
  const SecurityProtocol protocol = producer_protocol(config);
  if (own.user.empty() != own.password.empty())
    return complain(report, kafka,
                    std::string("a login needs both user and password; ") + (own.user.empty() ? "user" : "password") +
                        " is missing");
  const bool swapped = own.brokers.empty() && config.auth_swap && config.auth_swap->enabled;
  if (uses_sasl(protocol) && own.user.empty() && !swapped)
    complain(report, kafka + ".user",
             "is missing: security_protocol " + std::string(name_of(protocol, security_protocols)) + " wants a login");
  if (uses_sasl(protocol) && !producer_mechanism(config))
    complain(report, kafka + ".sasl_mechanism", "is missing: write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
  if (!uses_sasl(protocol) && own.sasl_mechanism)
    complain(report, kafka + ".sasl_mechanism",
             "contradicts security_protocol " + std::string(name_of(protocol, security_protocols)));
  if (own.tls && own.tls->cert.empty() != own.tls->key.empty())
    complain(report, kafka + ".tls", "a client certificate needs both cert and key");
  if (own.tls && !uses_tls(protocol))
    report.warning(kafka + ".tls", report.line(kafka + ".tls"), "is ignored: security_protocol has no TLS");
}

void check_logins(const Config& config, const HttpDoor& door, Report& report) {
  const auto takes = [&](HttpLogin login) { return std::ranges::find(door.logins, login) != door.logins.end(); };
  const bool tokens = !door.bearer_tokens.empty() || !door.bearer_tokens_file.empty();
  if (takes(HttpLogin::Bearer) && !tokens)
    complain(report, http + ".bearer_tokens", "is missing: nobody could log in; write user=token");
  if (!takes(HttpLogin::Bearer) && tokens)
    complain(report, http + ".bearer_tokens", "serves nobody: authentication doesn't list bearer");
  const bool users =
      config.auth_swap && config.auth_swap->enabled &&
      (!config.auth_swap->downstream_credentials.empty() || !config.auth_swap->downstream_credentials_file.empty());
  if (takes(HttpLogin::Basic) && !users)
    complain(report, http + ".authentication",
             "basic needs the users of auth_swap.downstream_credentials, and auth_swap.enabled: true");
  if (!door.logins.empty() && !door.tls)
    report.warning(http + ".authentication", report.line(http + ".authentication"),
                   "sends secrets in the clear: http_produce.http.tls is missing");
  if (door.tls && (door.tls->cert.empty() || door.tls->key.empty()))
    complain(report, http + ".tls", "must name cert and key");
}

}  // namespace

SecurityProtocol producer_protocol(const Config& config) {
  const HttpKafka& own = config.http_produce->kafka;
  if (own.security_protocol) return *own.security_protocol;
  if (own.brokers.empty() && config.upstream) return config.upstream->security_protocol;
  return own.user.empty() ? SecurityProtocol::Plaintext : SecurityProtocol::SaslPlaintext;
}

std::optional<SaslMechanism> producer_mechanism(const Config& config) {
  const HttpKafka& own = config.http_produce->kafka;
  if (own.sasl_mechanism) return own.sasl_mechanism;
  if (own.brokers.empty() && config.upstream) return config.upstream->sasl_mechanism;
  return own.user.empty() ? std::nullopt : std::optional(SaslMechanism::Plain);
}

void validate_http_produce(const Config& config, const HttpProduce& gateway, Report& report) {
  const std::string path = "http_produce";
  const bool has_upstream = config.upstream && !config.upstream->bootstrap_servers.empty();
  if (gateway.kafka.brokers.empty() && !has_upstream && report.sound(path))
    complain(report, kafka + ".brokers", "is missing, and there is no upstream to take them from");
  if (report.sound(kafka) && report.sound("upstream")) check_brokers_login(config, gateway.kafka, report);
  if (report.sound(http)) check_logins(config, gateway.http, report);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < gateway.ratelimit.size(); ++i) {
    const std::string item = path + ".ratelimit.rules[" + std::to_string(i) + "]";
    if (report.sound(item) && !seen.insert(gateway.ratelimit[i].topic_name).second)
      complain(report, item, "the topic " + gateway.ratelimit[i].topic_name + " stands twice");
  }
  if (gateway.http.max_body_bytes > gateway.http.max_buffered_bytes && report.sound(http))
    complain(report, http + ".max_body_bytes", "is more than max_buffered_bytes");
  if (gateway.wal && gateway.wal->segment_bytes > gateway.wal->max_bytes && report.sound(path + ".wal"))
    complain(report, path + ".wal.segment_bytes", "is more than max_bytes");
}

}  // namespace kp::config
