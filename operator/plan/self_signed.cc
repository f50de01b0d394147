#include "plan/self_signed.h"

#include <algorithm>

#include "certs/authority.h"
#include "config/values.h"
#include "plan/certificates.h"
#include "plan/names.h"

namespace kp::plan {
namespace {

constexpr std::size_t longest_common_name = 64;  // X.509's limit

std::string value_of(const SecretData& data, const char* key) {
  const auto found = data.find(key);
  return found == data.end() ? std::string() : found->second;
}

bool is_address(const std::string& name) { return config::is_ipv4(name) || config::is_ipv6(name); }

api::Time two_thirds(const Leaf& leaf) { return leaf.not_before() + (leaf.not_after() - leaf.not_before()) * 2 / 3; }

bool is_for(const Leaf& leaf, const std::vector<std::string>& names) {
  const std::vector<std::string> has = leaf.names();
  return std::ranges::all_of(names, [&](const std::string& name) {
    return is_address(name) ? leaf.covers(name) : std::ranges::find(has, name) != has.end();
  });
}

/// Nothing: the authority can't be used for another certificate.
std::optional<certs::Authority> authority_of(const SecretData& data, api::Time now) {
  const certs::Pair pair{value_of(data, "ca.crt"), value_of(data, "ca.key")};
  const Result<Leaf> certificate = Leaf::read(pair.certificate);
  if (!certificate || certificate->not_after() < now + std::chrono::days(self_signed_days)) return std::nullopt;
  Result<certs::Authority> opened = certs::Authority::open(pair);
  if (!opened) return std::nullopt;
  return std::move(*opened);
}

bool still_serves(const SecretData& data, const std::vector<std::string>& names, api::Time now) {
  const Result<Leaf> authority = Leaf::read(value_of(data, "ca.crt"));
  const Result<Leaf> leaf = Leaf::read(value_of(data, "tls.crt"));
  return authority && leaf && leaf->signed_by(*authority) && leaf->fits(value_of(data, "tls.key")) &&
         is_for(*leaf, names) && now < two_thirds(*leaf) && authority->not_after() > now;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += (out.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  return out;
}

Result<SecretData> issue(const certs::Authority& authority, const std::vector<std::string>& names, api::Time now) {
  const Result<certs::Pair> own = authority.pair();
  if (!own) return own.error();
  const auto fits = std::ranges::find_if(names, [](const std::string& n) { return n.size() <= longest_common_name; });
  const Result<certs::Pair> made = authority.issue({.common_name = fits == names.end() ? "kafkaproxy" : *fits,
                                                    .alternative_names = alternative_names(names),
                                                    .use = certs::Use::Server,
                                                    .days = self_signed_days,
                                                    .at = now});
  if (!made) return made.error();
  return SecretData{
      {"ca.crt", own->certificate}, {"ca.key", own->key}, {"tls.crt", made->certificate}, {"tls.key", made->key}};
}

}  // namespace

Result<SelfSigned> self_signed(const std::optional<SecretData>& existing, const std::vector<std::string>& names,
                               api::Time now) {
  SelfSigned out;
  if (existing && still_serves(*existing, names, now)) {
    for (const char* const key : {"ca.crt", "ca.key", "tls.crt", "tls.key"}) out.data[key] = value_of(*existing, key);
  } else {
    std::optional<certs::Authority> authority = existing ? authority_of(*existing, now) : std::nullopt;
    if (!authority) {
      Result<certs::Authority> made = certs::Authority::make(certs::KeyAlgorithm::Ec, certs::authority_days, now);
      if (!made) return std::move(made).error();
      authority = std::move(*made);
    }
    Result<SecretData> data = issue(*authority, names, now);
    if (!data) return std::move(data).error();
    out.data = std::move(*data);
    out.made = true;
  }
  const Result<Leaf> leaf = Leaf::read(out.data["tls.crt"]);
  if (!leaf) return leaf.error();
  out.renew_at = two_thirds(*leaf);
  return out;
}

std::vector<std::string> certificate_names(const api::KafkaProxy& proxy, const std::string& hostname,
                                           const std::vector<std::string>& brokers) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(out, name) == out.end()) out.push_back(name);
  };
  if (const auto* sni = std::get_if<api::SniRouting>(&proxy.spec.routing)) {
    const std::string wildcard = wildcard_of(sni->downstream);
    add(wildcard);
    add(bootstrap_name(*sni));
    for (const std::string& broker : brokers)
      if (wildcard.empty()) add(broker);
  } else {
    add(hostname);
  }
  for (const std::string& name : service_names(proxy.name)) add(name);
  if (proxy.spec.downstream.tls.self_signed)
    for (const std::string& name : proxy.spec.downstream.tls.self_signed->dns_names) add(name);
  return out;
}

}  // namespace kp::plan
