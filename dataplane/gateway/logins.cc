#include "gateway/logins.h"

#include <algorithm>

#include "config/credentials.h"
#include "config/values.h"

namespace kp::gateway {
namespace {

constexpr auth::Mechanism sha = auth::Mechanism::ScramSha256;

/// The configuration as if all its clients came with passwords, and the brokers wanted a login where they do.
config::Config shadow_of(const config::Config& config, bool basic) {
  config::Config shadow = config;
  shadow.downstream.security_protocol = basic ? config::SecurityProtocol::SaslSsl : config::SecurityProtocol::Ssl;
  shadow.downstream.sasl_mechanisms = {auth::Mechanism::Plain};
  return shadow;
}

Result<std::vector<config::Credential>> tokens_of(const config::HttpDoor& http) {
  std::vector<config::Credential> all = http.bearer_tokens;
  if (http.bearer_tokens_file.empty()) return all;
  auto read = config::read_credentials_file(http.bearer_tokens_file);
  if (!read) return std::move(read).error();
  all.insert(all.end(), read->begin(), read->end());
  return all;
}

}  // namespace

Result<std::shared_ptr<const Logins>> Logins::make(const config::Config& config) {
  const config::HttpProduce& gateway = *config.http_produce;
  auto made = std::make_shared<Logins>();
  made->basic_ = std::ranges::count(gateway.http.logins, config::HttpLogin::Basic) > 0;
  made->bearer_ = std::ranges::count(gateway.http.logins, config::HttpLogin::Bearer) > 0;
  auto swap = auth::Swap::make(shadow_of(config, made->basic_));
  if (!swap) return std::move(swap).error();
  made->swap_ = std::move(*swap);
  made->own_ = {gateway.kafka.user, gateway.kafka.password};
  made->mapped_ = gateway.kafka.user.empty() && gateway.kafka.brokers.empty() && made->swap_->makes_logins();
  auto rules = config::PrincipalRules::parse(gateway.http.tls ? gateway.http.tls->principal_mapping_rules : "");
  if (!rules) return std::move(rules).error().within("http_produce.http.tls.principal_mapping_rules");
  made->rules_ = std::make_shared<const config::PrincipalRules>(std::move(*rules));
  auto tokens = tokens_of(gateway.http);
  if (!tokens) return std::move(tokens).error().within("http_produce.http.bearer_tokens_file");
  made->salt_ = auth::random_bytes(32);
  for (const config::Credential& each : *tokens) {
    if (config::is_reserved_identity(each.user))
      return Error{Errc::Invalid, "http_produce.http.bearer_tokens: " + each.user + " can't be a client's user"};
    made->tokens_.emplace_back(each.user, auth::hmac(sha, made->salt_, auth::as_bytes(each.secret)));
  }
  return std::shared_ptr<const Logins>(std::move(made));
}

std::string Logins::challenge() const {
  const std::string basic = basic_ ? R"(Basic realm="kafkaproxy", charset="UTF-8")" : "";
  const std::string bearer = bearer_ ? R"(Bearer realm="kafkaproxy")" : "";
  return basic + (basic.empty() || bearer.empty() ? "" : ", ") + bearer;
}

std::optional<Logins::Claim> Logins::claim_of(std::string_view header) const {
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = header.substr(0, space);
  std::string_view rest = header.substr(space);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (bearer_ && config::equal_ignoring_case(scheme, "bearer")) return Claim{true, {}, std::string(rest)};
  if (!basic_ || !config::equal_ignoring_case(scheme, "basic")) return std::nullopt;
  const auto decoded = auth::from_base64(rest);
  if (!decoded) return std::nullopt;
  const std::string_view text = auth::as_text(*decoded);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Claim{false, std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::optional<std::string> Logins::check(const Claim& claim) const {
  if (!claim.bearer) {
    if (!swap_->users()->check_password(claim.user, claim.secret)) return std::nullopt;
    return claim.user;
  }
  const auth::Key shown = auth::hmac(sha, salt_, auth::as_bytes(claim.secret));
  std::optional<std::string> who;
  for (const auto& [user, token] : tokens_)  // all of them, whoever it is
    if (auth::same_secret(token.view(), shown.view())) who = user;
  return who;
}

Result<std::string> Logins::identity_of(std::string_view distinguished_name) const {
  Result<std::string> name = rules_->apply(distinguished_name);
  if (name && config::is_reserved_identity(*name))
    return Error{Errc::Unauthorized, *name + " is not a name that a client may have"};
  return name;
}

Result<config::Credential> Logins::upstream_of(const std::string& identity) const {
  if (!mapped_) return own_;
  auto credential = swap_->upstream_of(identity);
  if (!credential) return std::move(credential).error();
  return **credential;
}

config::Credential Logins::first() const { return mapped_ ? swap_->own() : own_; }

}  // namespace kp::gateway
