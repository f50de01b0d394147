#include <algorithm>

#include "config/credentials.h"
#include "config/scram_verifier.h"
#include "config/validate.h"
#include "config/values.h"

namespace kp::config {
namespace {

const std::string anonymous(anonymous_identity);

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
  UserSet seen;
  for (std::size_t i = 0; i < credentials.size(); ++i)
    if (!seen.add(credentials[i]))
      complain(report, path + "[" + std::to_string(i) + "]", "the user " + credentials[i].user + " stands twice");
}

/// Somebody who logs in by such a name would be taken for what it stands for.
void check_no_reserved_user(const std::vector<Credential>& credentials, const std::string& path, Report& report) {
  for (std::size_t i = 0; i < credentials.size() && report.sound(path); ++i)
    if (is_reserved_identity(credentials[i].user))
      complain(report, path + "[" + std::to_string(i) + "]",
               credentials[i].user + " can't be a client's user: it has a meaning of its own in auth_swap.mapping");
}

void check_are_passwords(const std::vector<Credential>& credentials, const std::string& path, Report& report) {
  for (std::size_t i = 0; i < credentials.size() && report.sound(path); ++i)
    if (verifier_mechanism(credentials[i].secret))
      complain(report, path + "[" + std::to_string(i) + "]",
               "is a verifier, which can only check a login: to make one, the password of " + credentials[i].user +
                   " is needed");
}

/// A damaged one would be refused by the running proxy, and nobody would look for it among the passwords.
void check_verifiers(const Downstream& downstream, const std::vector<Credential>& credentials, const std::string& path,
                     Report& report) {
  const auto offered = [&](SaslMechanism mechanism) {
    return std::ranges::find(downstream.sasl_mechanisms, mechanism) != downstream.sasl_mechanisms.end();
  };
  if (!report.sound(path)) return;
  for (std::size_t i = 0; i < credentials.size(); ++i) {
    const Credential& login = credentials[i];
    const std::string item = path + "[" + std::to_string(i) + "]";
    if (!looks_like_verifier(login.secret) || login.secret == masked(login.secret)) continue;
    const Result<ScramVerifier> verifier = parse_verifier(login.secret);
    if (!verifier) {
      complain(report, item, "the secret of " + login.user + " is no whole " + verifier.error().message);
    } else if (!offered(SaslMechanism::Plain) && !offered(verifier->mechanism)) {
      advise(report, item,
             login.user + " can't log in by this verifier: downstream.sasl_mechanisms doesn't have " +
                 std::string(name_of(verifier->mechanism, sasl_mechanisms)));
    }
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
  check_verifiers(downstream, swap.downstream_credentials, "auth_swap.downstream_credentials", report);
  if (has_credentials || !report.sound("auth_swap.downstream_credentials")) return;
  complain(report, "auth_swap.downstream_credentials",
           "is missing: no client could log in; write user=password, or user=verifier as `kafkaproxy credentials hash` "
           "prints it");
}

void validate_mapping_sources(const Config& config, const AuthSwap& swap, Report& report) {
  const bool sasl = uses_sasl(config.downstream.security_protocol);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < swap.mapping.size(); ++i) {
    const std::string path = "auth_swap.mapping[" + std::to_string(i) + "]";
    const std::string& client = swap.mapping[i].first;
    if (!seen.insert(client).second) advise(report, path, client + " stands twice; this one, the later, counts");
    const bool known = client == anonymous || client == any_identity || swap.downstream_credentials.empty() ||
                       !swap.downstream_credentials_file.empty() || lists(swap.downstream_credentials, client);
    if (sasl && !known) advise(report, path, client + " is no user of downstream_credentials");
  }
  for (std::size_t i = 0; sasl && i < swap.downstream_credentials.size(); ++i)
    if (const std::string& user = swap.downstream_credentials[i].user;
        !maps(swap, user) && !maps(swap, std::string(any_identity)))
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
    if (swap.mapping[i].second != same_user && !lists(swap.upstream_credentials, swap.mapping[i].second))
      complain(report, "auth_swap.mapping[" + std::to_string(i) + "]",
               swap.mapping[i].second + " is no user of upstream_credentials");
  const bool anonymous_mapped = maps(swap, anonymous) || lists(swap.upstream_credentials, anonymous);
  const bool named = uses_sasl(config.downstream.security_protocol) ||
                     (uses_tls(config.downstream.security_protocol) && config.downstream.tls.mtls_enabled);
  if (!anonymous_mapped && (swap.mapping.empty() || !named))
    complain(report, "auth_swap.mapping",
             std::string(swap.mapping.empty() ? "is missing"
                                              : "has no entry for $anonymous, and clients have no other name") +
                 ": no client would get a login for the brokers; write client=upstream_user, or "
                 "$anonymous=upstream_user for those without a name");
}

/// Without auth_swap a client's login is meant for the brokers.
void validate_pass_through(const Config& config, Report& report) {
  if (!config.upstream || !report.sound("upstream") || !report.sound("downstream")) return;
  const Upstream& upstream = *config.upstream;
  const Downstream& downstream = config.downstream;
  const bool brokers_ask = uses_sasl(upstream.security_protocol);
  if (brokers_ask != uses_sasl(downstream.security_protocol))
    return advise(report, "downstream.security_protocol",
                  std::string(brokers_ask ? "has no SASL, but the brokers want a login"
                                          : "has SASL, but the brokers take no login") +
                      ": without auth_swap clients log in to the brokers; make both sides the same, or set auth_swap");
  if (upstream.sasl_mechanism && !downstream.sasl_mechanisms.empty() &&
      std::ranges::find(downstream.sasl_mechanisms, *upstream.sasl_mechanism) == downstream.sasl_mechanisms.end())
    advise(report, "upstream.sasl_mechanism",
           "is none of downstream.sasl_mechanisms: without auth_swap clients log in to the brokers, by the brokers' "
           "mechanisms; make both sides the same, or set auth_swap");
}

}  // namespace

void validate_auth_swap(const Config& config, Report& report) {
  if (!config.auth_swap || !config.auth_swap->enabled) return validate_pass_through(config, report);
  const AuthSwap& swap = *config.auth_swap;
  if (!wants_proxy(config)) {  // the users of HTTP alone
    check_users_differ(swap.downstream_credentials, "auth_swap.downstream_credentials", report);
    return check_no_reserved_user(swap.downstream_credentials, "auth_swap.downstream_credentials", report);
  }
  if (!report.sound("upstream.security_protocol") || !report.sound("downstream.security_protocol")) return;
  const bool upstream_sasl = config.upstream && uses_sasl(config.upstream->security_protocol);
  if (!upstream_sasl && !uses_sasl(config.downstream.security_protocol))
    return complain(report, "auth_swap.enabled",
                    "contradicts the rest: neither upstream nor downstream has a security_protocol with SASL");
  // Where an item couldn't be read the lists are not what the file means.
  const bool readable = report.sound("auth_swap");
  check_users_differ(swap.downstream_credentials, "auth_swap.downstream_credentials", report);
  check_users_differ(swap.upstream_credentials, "auth_swap.upstream_credentials", report);
  check_no_reserved_user(swap.downstream_credentials, "auth_swap.downstream_credentials", report);
  check_are_passwords(swap.upstream_credentials, "auth_swap.upstream_credentials", report);
  validate_downstream_logins(config, swap, report);
  if (!upstream_sasl)
    return advise(report, "auth_swap", "the proxy takes the logins but makes none: upstream has no SASL");
  if (readable) validate_mapping_sources(config, swap, report);
  validate_upstream_logins(config, swap, readable, report);
}

}  // namespace kp::config
