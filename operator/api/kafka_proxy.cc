#include "api/kafka_proxy.h"

#include <algorithm>

#include "api/read_spec.h"

namespace kp::api {
namespace {

using kube::Json;

/// It becomes a Service's: RFC 1035.
bool is_service_name(const std::string& name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto alphanumeric = [&](char c) { return lower(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 63 && lower(name.front()) && name.back() != '-' &&
         std::ranges::all_of(name, [&](char c) { return alphanumeric(c) || c == '-'; });
}

void read_metadata(const Json& object, KafkaProxy& out) {
  out.name = kube::name_of(object);
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  const auto text = [&](const char* key) {
    const auto found = metadata->find(key);
    return found != metadata->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  out.uid = text("uid");
  out.created = text("creationTimestamp");
  if (const auto found = metadata->find("generation"); found != metadata->end() && found->is_number_integer())
    out.generation = found->get<std::int64_t>();
}

}  // namespace

Parsed parse(const Json& object) {
  Parsed out;
  Findings findings;
  if (!object.is_object()) {
    out.errors.push_back({"", 0, "is no object"});
    return out;
  }
  read_metadata(object, out.proxy);
  if (!is_service_name(out.proxy.name.name))
    findings.error("metadata.name",
                   "becomes a Service's name: at most 63 lower-case letters, digits and '-', a letter first and no '-' "
                   "last");
  if (const auto status = object.find("status"); status != object.end()) out.proxy.status = read_status(*status);
  if (const auto spec = object.find("spec"); spec != object.end() && spec->is_object()) {
    read_spec(*spec, findings, out.proxy.spec);
  } else {
    findings.error("spec", "is missing");
  }
  out.errors = std::move(findings.errors);
  out.unknown = std::move(findings.unknown);
  return out;
}

std::set<std::string> referenced_secrets(const Spec& spec) {
  std::set<std::string> out;
  const auto add = [&](const std::optional<SecretRef>& ref) {
    if (ref) out.insert(ref->name);
  };
  for (const auto* ref : {&spec.upstream.tls.ca, &spec.upstream.tls.client_cert, &spec.downstream.tls.cert,
                          &spec.downstream.tls.client_ca, &spec.downstream.tls.crl})
    add(*ref);
  if (spec.auth_swap) {
    add(spec.auth_swap->downstream_credentials);
    add(spec.auth_swap->upstream_credentials);
  }
  if (spec.http_produce) {
    add(spec.http_produce->bearer_tokens);
    if (spec.http_produce->tls) {
      add(spec.http_produce->tls->cert);
      add(spec.http_produce->tls->client_ca);
    }
  }
  return out;
}

}  // namespace kp::api
