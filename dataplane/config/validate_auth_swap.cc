#include <algorithm>

#include "config/validate.h"

namespace kp::config {
namespace {

const std::string anonymous = "$anonymous";

void complain(Report& report, const std::string& path, std::string message) {
  report.error(path, report.line(path), std::move(message));
}

void advise(Report& report, const std::string& path, std::string message) {
  report.warning(path, report.line(path), std::move(message));
}

bool lists(const std::vector<Credential>& credentials, const std::string& user) {
  return std::ranges::any_of(credentials, [&](const Credential& credential) { return credential.user == user; });
}

bool maps(const AuthSwap& swap, const std::string& client) {
  return std::ranges::any_of(swap.mapping, [&](const auto& entry) { return entry.first == client; });
}

void check_users_differ(const std::vector<Credential>& credentials, const std::string& path, Report& report) {
  if (!report.sound(path)) return;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < credentials.size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    if (!seen.insert(credentials[i].user).second)
      complain(report, item, "the user " + credentials[i].user + " stands twice");
  }
}

void validate_downstream_logins(const Config& config, const AuthSwap& swap, Report& report) {
  const Downstream& downstream = config.downstream;
  const bool has_credentials = !swap.downstream_credentials.empty() || !swap.downstream_credentials_file.empty();
  if (!uses_sasl(downstream.security_protocol)) {
    if (has_credentials)
      advise(report, "auth_swap.downstream_credentials",
             "nobody can log in with these: downstream.security_protocol has no SASL");
    return;
  }
  if (downstream.sasl_mechanisms.empty())
    return complain(report, "downstream.sasl_mechanism", "is missing: auth_swap makes the proxy take the logins");
  if (has_credentials || !report.sound("auth_swap.downstream_credentials")) return;
  const bool only_plain = std::ranges::all_of(
      downstream.sasl_mechanisms, [](SaslMechanism mechanism) { return mechanism == SaslMechanism::Plain; });
  if (only_plain)
    advise(report, "auth_swap", "without downstream_credentials any PLAIN login is accepted, as $anonymous");
  else
    complain(report, "auth_swap.downstream_credentials", "is missing: SCRAM can't be checked without it");
}

void validate_mapping_sources(const Config& config, const AuthSwap& swap, Report& report) {
  const bool sasl = uses_sasl(config.downstream.security_protocol);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < swap.mapping.size(); ++i) {
    const std::string path = "auth_swap.mapping[" + std::to_string(i) + "]";
    const std::string& client = swap.mapping[i].first;
    if (!seen.insert(client).second) advise(report, path, client + " stands twice; this one, the later, counts");
    const bool known = client == anonymous || swap.downstream_credentials.empty() ||
                       !swap.downstream_credentials_file.empty() || lists(swap.downstream_credentials, client);
    if (sasl && !known) advise(report, path, client + " is no user of downstream_credentials");
  }
  for (std::size_t i = 0; sasl && i < swap.downstream_credentials.size(); ++i)
    if (const std::string& user = swap.downstream_credentials[i].user; !maps(swap, user))
      advise(report, "auth_swap.downstream_credentials[" + std::to_string(i) + "]",
             user + " has no entry in mapping and will be refused");
}

void validate_upstream_logins(const Config& config, const AuthSwap& swap, bool readable, Report& report) {
  if (config.upstream && !config.upstream->sasl_mechanism && report.sound("upstream.sasl_mechanism"))
    complain(report, "upstream.sasl_mechanism", "is missing: auth_swap makes the proxy log in to the brokers");
  if (!readable) return;
  if (swap.upstream_credentials.empty() && swap.upstream_credentials_file.empty())
    return complain(report, "auth_swap.upstream_credentials",
                    "is missing: auth_swap needs a login for the brokers, user=secret");
  if (!swap.upstream_credentials_file.empty()) return;  // its users are not known here
  for (std::size_t i = 0; i < swap.mapping.size(); ++i)
    if (!lists(swap.upstream_credentials, swap.mapping[i].second))
      complain(report, "auth_swap.mapping[" + std::to_string(i) + "]",
               swap.mapping[i].second + " is no user of upstream_credentials");
  const bool nobody = swap.mapping.empty() && !lists(swap.upstream_credentials, anonymous);
  if (nobody)
    complain(report, "auth_swap.mapping",
             "is missing: no client would get a login for the brokers; write client=upstream_user, or "
             "$anonymous=upstream_user for those without a name");
}

}  // namespace

void validate_auth_swap(const Config& config, Report& report) {
  if (!config.auth_swap || !config.auth_swap->enabled) return;
  const AuthSwap& swap = *config.auth_swap;
  if (!report.sound("upstream.security_protocol") || !report.sound("downstream.security_protocol")) return;
  const bool upstream_sasl = config.upstream && uses_sasl(config.upstream->security_protocol);
  if (!upstream_sasl && !uses_sasl(config.downstream.security_protocol))
    return complain(report, "auth_swap.enabled",
                    "contradicts the rest: neither upstream nor downstream has a security_protocol with SASL");
  // Where an item couldn't be read the lists are not what the file means.
  const bool readable = report.sound("auth_swap");
  check_users_differ(swap.downstream_credentials, "auth_swap.downstream_credentials", report);
  check_users_differ(swap.upstream_credentials, "auth_swap.upstream_credentials", report);
  validate_downstream_logins(config, swap, report);
  if (!upstream_sasl)
    return advise(report, "auth_swap", "the proxy takes the logins but makes none: upstream has no SASL");
  if (readable) validate_mapping_sources(config, swap, report);
  validate_upstream_logins(config, swap, readable, report);
}

}  // namespace kp::config
