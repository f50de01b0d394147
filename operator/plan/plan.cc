#include "plan/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/emit.h"
#include "plan/assemble.h"
#include "plan/certificates.h"
#include "plan/names.h"
#include "plan/objects.h"
#include "plan/preflight.h"
#include "plan/self_signed.h"

namespace kp::plan {
namespace {

/// One condition out of what was found: the first thing that fails it names it, else the first that doesn't.
api::Condition condition_of(std::string_view type, std::string_view good, const Findings& findings,
                            const Inputs& inputs) {
  api::Condition out{std::string(type), api::Truth::True, std::string(good)};
  out.observed_generation = inputs.resource.proxy.generation;
  out.last_transition = inputs.now;
  const auto add = [&](const Finding& finding) {
    if (out.message.empty()) out.reason = finding.reason;
    out.message += (out.message.empty() ? "" : "; ") + finding.message;
  };
  for (const bool failing : {true, false})
    for (const Finding& finding : findings)
      if (finding.condition == type && finding.fails == failing) {
        if (failing) out.status = api::Truth::False;
        add(finding);
      }
  return out;
}

/// While no pod says anything, what was known last counts: ports of a Service must not come and go with the pods.
Learned learned_of(const Inputs& inputs) {
  if (!inputs.learned.brokers.empty()) return inputs.learned;
  const api::Status& last = inputs.resource.proxy.status;
  return {last.brokers, last.learned_from};
}

/// Where clients will find the brokers, by the spec.
std::vector<api::BrokerStatus> placed(const Inputs& inputs, const Learned& learned) {
  const api::Spec& spec = inputs.resource.proxy.spec;
  std::vector<api::BrokerStatus> out = learned.brokers;
  std::ranges::sort(out, {}, &api::BrokerStatus::id);
  if (const auto* offset = std::get_if<api::PortOffsetRouting>(&spec.routing)) {
    for (api::BrokerStatus& broker : out) {
      const int port = offset->base + config::PortOffsetMapping::bootstrap_slots + broker.id;
      broker.address = broker.id > offset->max_broker_id
                           ? std::string()
                           : to_string(HostPort{hostname_of(inputs), static_cast<std::uint16_t>(port)});
    }
    return out;
  }
  const auto& sni = std::get<api::SniRouting>(spec.routing);
  const BrokerNames names(sni);
  for (api::BrokerStatus& broker : out) {
    const auto upstream = parse_host_port(broker.upstream);
    if (!upstream) continue;  // only the pods know
    const auto name = names.name(broker.id, upstream->host);
    broker.address = name ? to_string(HostPort{*name, sni.advertised_port}) : std::string();
  }
  return out;
}

/// A bootstrap name that was not asked for is told to clients only if the certificate is for it.
bool may_tell(const std::string& name, const Inputs& inputs, const Assembled& assembled) {
  const auto certificate = assembled.files.find("downstream.crt");
  if (!inputs.resource.proxy.spec.downstream.tls.cert || certificate == assembled.files.end()) return true;
  const Result<Leaf> leaf = Leaf::read(certificate->second);
  return !leaf || leaf->covers(name);
}

std::string bootstrap_servers(const Inputs& inputs, const Assembled& assembled,
                              const std::vector<api::BrokerStatus>& brokers) {
  constexpr std::size_t enough = 3;
  const api::KafkaProxy& proxy = inputs.resource.proxy;
  std::vector<std::string> out;
  if (const auto* sni = std::get_if<api::SniRouting>(&proxy.spec.routing)) {
    const std::string name = bootstrap_name(*sni);
    if (!name.empty() && (!sni->bootstrap.empty() || may_tell(name, inputs, assembled)))
      return to_string(HostPort{name, sni->advertised_port});
    for (const api::BrokerStatus& broker : brokers)
      if (out.size() < enough && !broker.address.empty()) out.push_back(broker.address);
    if (out.empty()) out.push_back(to_string(HostPort{service_name(proxy.name), sni->advertised_port}));
  } else {
    const auto& offset = std::get<api::PortOffsetRouting>(proxy.spec.routing);
    for (std::size_t i = 0; i < proxy.spec.upstream.bootstrap_servers.size(); ++i)
      out.push_back(to_string(HostPort{hostname_of(inputs), static_cast<std::uint16_t>(offset.base + i)}));
  }
  return fmt::format("{}", fmt::join(out, ","));
}

/// One plan in the making.
class Planner {
 public:
  explicit Planner(const Inputs& inputs)
      : inputs_(inputs), proxy_(inputs.resource.proxy), learned_(learned_of(inputs)) {}

  Plan make() {
    for (const std::string& path : inputs_.resource.unknown)
      findings_.push_back(
          {"", api::reason::config_warning, path + " is not known to this operator and ignored", false});
    for (const api::Problem& problem : inputs_.resource.errors)
      findings_.push_back({api::condition::accepted, api::reason::invalid, problem.path + " " + problem.message});
    if (inputs_.resource.errors.empty()) plan_spec();
    out_.conditions = {condition_of(api::condition::accepted, api::reason::accepted, findings_, inputs_),
                       condition_of(api::condition::resolved_refs, api::reason::resolved, findings_, inputs_)};
    for (const Finding& finding : findings_)
      out_.events.push_back({true, std::string(finding.reason), finding.message});
    return std::move(out_);
  }

 private:
  void plan_spec() {
    Inputs known = inputs_;
    known.learned = learned_;
    const SecretData made = plan_certificate();
    const Assembled assembled = assemble(known, made, findings_);
    look_again(check_certificates(known, assembled, findings_));
    check_claims(known, findings_);
    check_pods(known, findings_);
    check_brokers(known, learned_, findings_);
    describe(assembled);
    const bool blocked = std::ranges::any_of(findings_, &Finding::blocks);
    if (!blocked) fill_content(assembled);
    if (blocked && !inputs_.in_force) return;  // pods would wait for a ConfigMap that isn't there
    if (std::ranges::find(findings_, api::reason::forbidden, &Finding::reason) != findings_.end()) return;
    plan_objects();
  }

  SecretData plan_certificate() {
    const api::Spec& spec = proxy_.spec;
    if (!config::uses_tls(spec.downstream.security_protocol) || !spec.downstream.tls.self_signed) return {};
    const auto names = certificate_names(proxy_, hostname_of(inputs_), broker_names(spec, learned_.brokers));
    Result<SelfSigned> certificate = self_signed(inputs_.self_signed, names, inputs_.now);
    if (!certificate) {
      findings_.push_back({api::condition::resolved_refs, api::reason::invalid_certificate,
                           "spec.downstream.tls.selfSigned: " + certificate.error().message});
      return {};
    }
    if (certificate->made)
      out_.events.push_back({false, std::string(api::reason::certificate_made),
                             fmt::format("a certificate for {}, to be renewed at {}", fmt::join(names, ", "),
                                         api::to_string(certificate->renew_at))});
    out_.certificate_made = certificate->made;
    look_again(certificate->renew_at);
    out_.objects.push_back(self_signed_secret(proxy_, certificate->data));
    out_.objects.push_back(authority_config_map(proxy_, certificate->data));
    return certificate->data;
  }

  void look_again(std::optional<api::Time> at) {
    if (at) out_.look_again = std::min(out_.look_again.value_or(*at), *at);
  }

  void describe(const Assembled& assembled) {
    out_.mode = api::mode_of(proxy_.spec.routing);
    out_.selector = selector_text(proxy_.name.name);
    out_.addresses = inputs_.load_balancer;
    out_.brokers = placed(inputs_, learned_);
    out_.learned_from = learned_.from;
    out_.bootstrap_servers = bootstrap_servers(inputs_, assembled, out_.brokers);
  }

  void fill_content(const Assembled& assembled) {
    config::Config config = assembled.config;
    // No secret stands in it: nothing needs to be masked, and nothing may be.
    const std::string text = config::emit(config, config::Secrets::Show);
    config.generation = generation_of(proxy_.generation, text, assembled.files);
    // Its number is that of the spec which first made it: scaling, or a label, is no news to pods.
    const std::string& last = proxy_.status.generation;
    if (digest_of(last) == digest_of(config.generation)) config.generation = last;
    out_.config_hash = config::hash(config);
    out_.content = Content{config.generation, config::emit(config, config::Secrets::Show), assembled.files};
    out_.front = front_objects(proxy_, config, out_.brokers);
    if (!proxy_.spec.network_policy) out_.absent.push_back({kube::network_policy, proxy_.name.name});
  }

  void plan_objects() {
    out_.objects.push_back(deployment(proxy_, inputs_.options));
    want(proxy_.spec.replicas > 1, kube::disruption_budget, proxy_.name.name,
         [&] { return disruption_budget(proxy_); });
    const bool monitored = proxy_.spec.service_monitor.has_value();
    want(monitored, kube::service, metrics_name(proxy_.name.name), [&] { return metrics_service(proxy_); });
    if (inputs_.options.service_monitors) {
      want(monitored, kube::service_monitor, proxy_.name.name, [&] { return service_monitor(proxy_); });
    } else if (monitored) {
      findings_.push_back({"", api::reason::no_service_monitors,
                           "spec.serviceMonitor: this cluster has no ServiceMonitors; install the Prometheus operator",
                           false});
    }
  }

  template <class Make>
  void want(bool wanted, const kube::Kind& kind, const std::string& name, const Make& make) {
    if (wanted) {
      out_.objects.push_back(make());
    } else {
      out_.absent.push_back({kind, name});
    }
  }

  const Inputs& inputs_;
  const api::KafkaProxy& proxy_;
  Learned learned_;
  Findings findings_;
  Plan out_;
};

}  // namespace

Plan plan(const Inputs& inputs) { return Planner(inputs).make(); }

}  // namespace kp::plan
