#include "cli/secrets.h"

#include <algorithm>

#include "config/values.h"

namespace kp::cli {
namespace {

using config::Credential;

class Filler {
 public:
  explicit Filler(Unmasked& out) : out_(out) {}

  void text(const std::string& key, std::string& masked, const std::string& local) {
    if (masked.empty()) return;
    filled(key, !local.empty());
    if (!local.empty()) masked = local;
  }

  /// A user may have a verifier for each mechanism; a mask tells which it was.
  void credentials(const std::string& key, std::vector<Credential>& masked, const std::vector<Credential>& local) {
    for (Credential& each : masked) {
      const auto same = std::ranges::find_if(local, [&](const Credential& other) {
        return other.user == each.user &&
               config::verifier_mechanism(other.secret) == config::verifier_mechanism(each.secret);
      });
      filled(key, same != local.end());
      if (same != local.end()) each.secret = same->secret;
    }
  }

 private:
  void filled(const std::string& key, bool worked) {
    if (!worked) out_.complete = false;
    if (worked && std::ranges::find(out_.filled, key) == out_.filled.end()) out_.filled.push_back(key);
  }

  Unmasked& out_;
};

void fill_http(Filler& fill, config::HttpProduce& made, const config::HttpProduce& local) {
  const std::string block = "http_produce.";
  fill.text(block + "kafka.password", made.kafka.password, local.kafka.password);
  fill.credentials(block + "http.bearer_tokens", made.http.bearer_tokens, local.http.bearer_tokens);
  if (made.http.tls)
    fill.text(block + "http.tls.key_password", made.http.tls->key_password,
              local.http.tls ? local.http.tls->key_password : std::string());
  if (made.kafka.tls)
    fill.text(block + "kafka.tls.key_password", made.kafka.tls->key_password,
              local.kafka.tls ? local.kafka.tls->key_password : std::string());
}

}  // namespace

Unmasked unmask(const config::Config& masked, const config::Config& local) {
  Unmasked out{masked, {}, true};
  Filler fill(out);
  config::Config& made = out.config;
  if (made.upstream)
    fill.text("upstream.tls.key_password", made.upstream->tls.key_password,
              local.upstream ? local.upstream->tls.key_password : std::string());
  fill.text("downstream.tls.key_password", made.downstream.tls.key_password, local.downstream.tls.key_password);
  if (made.auth_swap) {
    const config::AuthSwap swap = local.auth_swap.value_or(config::AuthSwap{});
    fill.credentials("auth_swap.downstream_credentials", made.auth_swap->downstream_credentials,
                     swap.downstream_credentials);
    fill.credentials("auth_swap.upstream_credentials", made.auth_swap->upstream_credentials, swap.upstream_credentials);
  }
  if (made.http_produce) fill_http(fill, *made.http_produce, local.http_produce.value_or(config::HttpProduce{}));
  return out;
}

}  // namespace kp::cli
