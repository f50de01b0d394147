#include "plan/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/conditions.h"
#include "plan/certificates.h"
#include "plan/names.h"

namespace kp::plan {
namespace {

/// "2026-12-01T00:00:00Z, in 10 days"
std::string when(api::Time at, api::Time now) {
  const auto days = std::chrono::floor<std::chrono::days>(at - now).count();
  return fmt::format("{}, {}", api::to_string(at),
                     days < 0 ? fmt::format("{} days ago", -days) : fmt::format("in {} days", days));
}

/// The checks of the certificates of one content.
class Certificates {
 public:
  Certificates(const Inputs& inputs, const Assembled& assembled, Findings& findings)
      : inputs_(inputs), assembled_(assembled), findings_(findings) {}

  /// A certificate that the proxy shows, with its key. Nothing when it can't be read.
  std::optional<Leaf> own(const std::string& file, const std::string& path, const std::string& secret) {
    const std::string* const pem = content(file + ".crt");
    if (pem == nullptr) return std::nullopt;
    Result<Leaf> leaf = Leaf::read(*pem);
    if (!leaf) {
      complain(api::reason::invalid_certificate, path, secret, "tls.crt " + leaf.error().message);
      return std::nullopt;
    }
    if (const std::string* const key = content(file + ".key"))
      if (const Status fits = leaf->fits(*key); !fits)
        complain(api::reason::key_mismatch, path, secret, "tls.key " + fits.error().message);
    check_end(*leaf, file + ".crt", path, secret);
    return std::move(*leaf);
  }

  void covers(const Leaf& leaf, const std::string& path, const std::string& secret) {
    const api::Spec& spec = inputs_.resource.proxy.spec;
    std::vector<std::string> missing;
    for (const std::string& name : names())
      if (!leaf.covers(name)) missing.push_back(name);
    const auto* const sni = std::get_if<api::SniRouting>(&spec.routing);
    if (sni != nullptr && inputs_.learned.brokers.empty()) {
      const std::string glob = glob_of(sni->downstream);
      if (std::ranges::none_of(leaf.names(), [&](const std::string& name) { return overlap(glob, name); }))
        missing.push_back(sni->downstream);
    }
    if (missing.empty()) return;
    complain(api::reason::name_not_covered, path, secret,
             fmt::format("the certificate is for {}, not for {}, which clients are told{}",
                         fmt::join(leaf.names(), ", "), fmt::join(missing, ", "),
                         sni == nullptr ? ": set spec.routing.portOffset.hostname to one of its names" : ""));
  }

  void authorities(const std::string& file, const std::string& path, const std::optional<api::SecretRef>& ref) {
    const std::string* const pem = content(file);
    if (pem == nullptr || !ref) return;
    if (const Result<Leaf> first = Leaf::read(*pem); !first)
      complain(api::reason::invalid_certificate, path, ref->name, ref->key + " " + first.error().message);
  }

  void revocation_list(const std::string& path, const std::optional<api::SecretRef>& ref) {
    const std::string* const pem = content("downstream.crl");
    if (pem == nullptr || !ref) return;
    if (const Status is = is_revocation_list(*pem); !is)
      complain(api::reason::invalid_certificate, path, ref->name, ref->key + " " + is.error().message);
  }

  std::optional<api::Time> look_again() const { return look_again_; }

 private:
  const std::string* content(const std::string& file) const {
    const auto found = assembled_.files.find(file);
    return found == assembled_.files.end() ? nullptr : &found->second;
  }

  /// Beside a wildcard: what is known to be told to clients.
  std::vector<std::string> names() const {
    const api::Spec& spec = inputs_.resource.proxy.spec;
    const auto* const sni = std::get_if<api::SniRouting>(&spec.routing);
    if (sni == nullptr) return {hostname_of(inputs_)};
    std::vector<std::string> out = broker_names(spec, inputs_.learned.brokers);
    if (!sni->bootstrap.empty()) out.push_back(bootstrap_name(*sni));
    return out;
  }

  enum class Weight : std::uint8_t { Blocks, Fails, Warns };

  void complain(std::string_view reason, const std::string& path, const std::string& secret, const std::string& what,
                Weight weight = Weight::Blocks) {
    findings_.push_back({api::condition::resolved_refs, reason, path + ": Secret " + secret + ": " + what,
                         weight == Weight::Blocks, weight != Weight::Warns});
  }

  /// One that is in force and ends there does no harm by standing in the way of other changes, but by its end.
  bool in_force(const std::string& file) const {
    const auto now = inputs_.files_in_force.find(file);
    const std::string* const wanted = content(file);
    return wanted != nullptr && now != inputs_.files_in_force.end() && now->second == *wanted;
  }

  void check_end(const Leaf& leaf, const std::string& file, const std::string& path, const std::string& secret) {
    const api::Time end = leaf.not_after();
    const api::Time now = inputs_.now;
    if (end <= now)
      return complain(api::reason::certificate_expired, path, secret, "the certificate ended " + when(end, now),
                      in_force(file) ? Weight::Fails : Weight::Blocks);
    if (leaf.not_before() > now) {
      look_again_ = std::min(look_again_.value_or(leaf.not_before()), leaf.not_before());
      return complain(api::reason::invalid_certificate, path, secret,
                      "the certificate begins " + when(leaf.not_before(), now));
    }
    const bool soon = end - expiry_warning <= now;
    if (soon)
      complain(api::reason::certificate_expiring, path, secret, "the certificate ends " + when(end, now),
               Weight::Warns);
    const api::Time next = soon ? end : end - expiry_warning;
    look_again_ = std::min(look_again_.value_or(next), next);
  }

  const Inputs& inputs_;
  const Assembled& assembled_;
  Findings& findings_;
  std::optional<api::Time> look_again_;
};

}  // namespace

std::optional<api::Time> check_certificates(const Inputs& inputs, const Assembled& assembled, Findings& findings) {
  Certificates check(inputs, assembled, findings);
  const api::DownstreamTls& downstream = inputs.resource.proxy.spec.downstream.tls;
  const api::UpstreamTls& upstream = inputs.resource.proxy.spec.upstream.tls;
  if (downstream.cert) {
    const std::string path = "spec.downstream.tls.certSecretRef";
    if (const auto leaf = check.own("downstream", path, downstream.cert->name))
      check.covers(*leaf, path, downstream.cert->name);
  }
  if (upstream.client_cert) check.own("upstream", "spec.upstream.tls.clientCertSecretRef", upstream.client_cert->name);
  check.authorities("upstream-ca.crt", "spec.upstream.tls.caSecretRef", upstream.ca);
  check.authorities("downstream-ca.crt", "spec.downstream.tls.clientCaSecretRef", downstream.client_ca);
  check.revocation_list("spec.downstream.tls.crlSecretRef", downstream.crl);
  const auto& http = inputs.resource.proxy.spec.http_produce;
  if (http && http->tls) {
    if (http->tls->cert) check.own("http", "spec.httpProduce.tls.certSecretRef", http->tls->cert->name);
    check.authorities("http-ca.crt", "spec.httpProduce.tls.clientCaSecretRef", http->tls->client_ca);
  }
  return check.look_again();
}

void check_claims(const Inputs& inputs, Findings& findings) {
  const api::KafkaProxy& proxy = inputs.resource.proxy;
  for (const Claim& ours : claims_of(proxy)) {
    for (const Claim& other : inputs.others) {
      const bool older = std::tie(other.created, other.owner) < std::tie(proxy.created, proxy.name);
      if (!older || other.owner == proxy.name || ours.first > other.last || other.first > ours.last) continue;
      if (!overlap(ours.hosts, other.hosts)) continue;
      const int first = std::max(ours.first, other.first);
      const int last = std::min(ours.last, other.last);
      const std::string where = first == last ? std::to_string(first) : fmt::format("{}…{}", first, last);
      // Each has a Service of its own: only DNS can lead a name to one of them. Who shares a namespace is told whose;
      // a stranger may neither stand in the way nor be named.
      if (other.owner.space == proxy.name.space) {
        findings.push_back(
            {api::condition::accepted, api::reason::conflict,
             fmt::format(
                 "spec.routing: {} at port {} is also KafkaProxy {}'s, which is older: choose other names or ports",
                 ours.hosts, where, other.owner.name)});
      } else {
        findings.push_back({"", api::reason::config_warning,
                            fmt::format("spec.routing: {} at port {} is also claimed by a KafkaProxy of another "
                                        "namespace: see where DNS leads",
                                        ours.hosts, where),
                            false});
      }
      break;
    }
  }
}

void check_pods(const Inputs& inputs, Findings& findings) {
  static constexpr std::array harmless{
      "affinity",      "nodeSelector", "priorityClassName", "resources",
      "schedulerName", "tolerations",  "runtimeClassName",  "topologySpreadConstraints"};
  if (!inputs.options.restrict_pods) return;
  const api::Spec& spec = inputs.resource.proxy.spec;
  const auto refuse = [&](const std::string& path) {
    findings.push_back({api::condition::accepted, api::reason::forbidden,
                        path + " is not allowed here: the operator runs with --restrict-pods"});
  };
  if (!spec.image.empty()) refuse("spec.image");
  if (const auto pod = spec.pod_template.find("spec"); pod != spec.pod_template.end() && pod->is_object())
    for (const auto& [key, value] : pod->items())
      if (std::ranges::find(harmless, key) == harmless.end()) refuse("spec.podTemplate.spec." + key);
}

void check_brokers(const Inputs& inputs, const Learned& learned, Findings& findings) {
  const api::Spec& spec = inputs.resource.proxy.spec;
  const auto* const sni = std::get_if<api::SniRouting>(&spec.routing);
  if (const auto* offset = std::get_if<api::PortOffsetRouting>(&spec.routing)) {
    constexpr std::uint16_t first_node_port = 30000;
    if (spec.service.type == api::ServiceType::NodePort && (offset->hostname.empty() || offset->base < first_node_port))
      findings.push_back(
          {"", api::reason::config_warning,
           fmt::format("spec.routing.portOffset: under NodePort clients are told {}:{}, which they reach "
                       "only from inside: set hostname to a node's name, and base to a node port",
                       hostname_of(inputs), offset->base),
           false});
    for (const api::BrokerStatus& broker : learned.brokers)
      if (broker.id > offset->max_broker_id)
        findings.push_back(
            {"", api::reason::port_not_served,
             fmt::format("spec.routing.portOffset.maxBrokerId: broker {} is hidden from clients: raise it", broker.id),
             false});
    return;
  }
  // Of another cluster's brokers nothing follows.
  if (learned.from.empty() || learned.from != bootstrap_text(spec.upstream.bootstrap_servers)) return;
  const BrokerNames names(*sni);
  std::vector<std::string> hidden;
  std::size_t known = 0;
  for (const api::BrokerStatus& broker : learned.brokers) {
    const auto address = parse_host_port(broker.upstream);
    if (!address) continue;
    ++known;
    if (!names.name(broker.id, address->host)) hidden.push_back(fmt::format("{} ({})", broker.id, address->host));
  }
  if (hidden.empty()) return;
  findings.push_back(
      {api::condition::accepted, api::reason::pattern_matches_no_broker,
       fmt::format("spec.routing.sni.upstream: '{}' does not match broker {}, which clients could not see",
                   sni->upstream, fmt::join(hidden, ", ")),
       hidden.size() == known});
}

std::vector<std::string> broker_names(const api::Spec& spec, const std::vector<api::BrokerStatus>& brokers) {
  std::vector<std::string> out;
  const auto* const sni = std::get_if<api::SniRouting>(&spec.routing);
  if (sni == nullptr) return out;
  const BrokerNames names(*sni);
  for (const api::BrokerStatus& broker : brokers) {
    const auto address = parse_host_port(broker.upstream);
    if (!address) continue;
    if (auto name = names.name(broker.id, address->host)) out.push_back(std::move(*name));
  }
  return out;
}

}  // namespace kp::plan
