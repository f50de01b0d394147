#include "app/render.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "app/yaml.h"
#include "plan/content.h"
#include "plan/objects.h"
#include "plan/plan.h"

namespace kp::app {
namespace {

using kube::Json;

/// As kubectl does: what names no namespace is in default, and a v1 List is what it lists.
std::vector<Json> normalised(const std::vector<Json>& documents) {
  std::vector<Json> out;
  for (const Json& document : documents) {
    if (!document.is_object()) continue;
    if (const auto items = document.find("items"); items != document.end() && items->is_array()) {
      for (const Json& item : normalised(items->get<std::vector<Json>>())) out.push_back(item);
      continue;
    }
    Json object = document;
    Json& metadata = object["metadata"];
    if (!metadata.is_object()) metadata = Json::object();
    if (!metadata.contains("namespace")) metadata["namespace"] = "default";
    if (!metadata.contains("generation")) metadata["generation"] = 1;
    out.push_back(std::move(object));
  }
  return out;
}

const Json* find(const std::vector<Json>& documents, const kube::Kind& kind, const kube::Name& name) {
  const auto found = std::ranges::find_if(documents, [&](const Json& document) {
    const kube::Kind* const is = kube::kind_of(document);
    return is != nullptr && *is == kind && kube::name_of(document) == name;
  });
  return found == documents.end() ? nullptr : &*found;
}

/// What the operator would know of `object`, one of `documents`.
plan::Inputs inputs_of(const Json& object, const std::vector<Json>& documents, const RenderOptions& options,
                       api::Time now) {
  plan::Inputs inputs{.resource = api::parse(object)};
  const kube::Name& name = inputs.resource.proxy.name;
  for (const std::string& wanted : api::referenced_secrets(inputs.resource.proxy.spec))
    if (const Json* const secret = find(documents, kube::secret, {name.space, wanted}))
      inputs.secrets[wanted] = plan::secret_data(*secret);
  if (const Json* const own = find(documents, kube::secret, {name.space, plan::self_signed_name(name.name)}))
    inputs.self_signed = plan::secret_data(*own);
  if (const Json* const service = find(documents, kube::service, name))
    inputs.load_balancer = plan::load_balancer_addresses(*service);
  if (const Json* const good = find(documents, kube::config_map, {name.space, plan::last_good_name(name.name)}))
    inputs.partitions_in_force = plan::partitions_in(*good);
  inputs.in_force = find(documents, kube::config_map, {name.space, plan::config_name(name.name)}) != nullptr;
  for (const Json& other : documents) {
    const kube::Kind* const kind = kube::kind_of(other);
    if (kind == nullptr || *kind != kube::kafka_proxy || kube::name_of(other) == name) continue;
    const api::Parsed parsed = api::parse(other);
    if (!parsed.errors.empty()) continue;
    for (plan::Claim& claim : plan::claims_of(parsed.proxy)) inputs.others.push_back(std::move(claim));
  }
  inputs.options = options.plan;
  inputs.now = now;
  return inputs;
}

/// The resource with the status that it would get, as far as a plan knows it.
Json with_status(Json object, const plan::Plan& plan) {
  api::Status status;
  status.observed_generation = object["metadata"].value("generation", std::int64_t{0});
  status.conditions = plan.conditions;
  status.mode = plan.mode;
  status.selector = plan.selector;
  status.config_hash = plan.config_hash;
  status.generation = plan.content ? plan.content->generation : std::string();
  status.bootstrap_servers = plan.bootstrap_servers;
  status.addresses = plan.addresses;
  status.brokers = plan.brokers;
  status.learned_from = plan.learned_from;
  object["status"] = api::to_json(status);
  object.erase("spec");
  return object;
}

/// In the order in which the operator applies them.
void add(const plan::Plan& plan, const plan::Inputs& inputs, Rendered& out) {
  const api::KafkaProxy& proxy = inputs.resource.proxy;
  auto rest = plan.objects.begin();
  while (rest != plan.objects.end() && *kube::kind_of(*rest) == kube::secret) out.objects.push_back(*rest++);
  if (plan.content)
    for (Json& object : plan::content_objects(proxy, *plan.content)) out.objects.push_back(std::move(object));
  out.objects.insert(out.objects.end(), plan.front.begin(), plan.front.end());
  out.objects.insert(out.objects.end(), rest, plan.objects.end());
  for (const plan::Event& event : plan.events)
    out.notes.push_back(to_string(proxy.name) + ": " + event.reason + ": " + event.message);
}

}  // namespace

Result<Rendered> render(const std::vector<Json>& documents, const RenderOptions& options, api::Time now) {
  const std::vector<Json> all = normalised(documents);
  Rendered out;
  bool any = false;
  for (const Json& object : all) {
    const kube::Kind* const kind = kube::kind_of(object);
    if (kind == nullptr || *kind != kube::kafka_proxy) continue;
    any = true;
    const plan::Inputs inputs = inputs_of(object, all, options, now);
    const plan::Plan plan = plan::plan(inputs);
    add(plan, inputs, out);
    out.refused = out.refused || !plan.content;
    out.statuses.push_back(with_status(object, plan));
  }
  if (any) return out;
  return Error{Errc::Invalid, "no KafkaProxy (" + kube::api_version(kube::kafka_proxy) + ") is there"};
}

Result<std::vector<Json>> read_documents(const std::vector<std::string>& files) {
  std::vector<Json> out;
  for (const std::string& file : files) {
    std::ostringstream text;
    if (file == "-") {
      text << std::cin.rdbuf();
    } else {
      const std::ifstream in(file);
      if (!in) return Error{Errc::NotFound, file + ": can't be read"};
      text << in.rdbuf();
    }
    Result<std::vector<Json>> documents = read_yaml(text.str());
    if (!documents) return std::move(documents).error().within(file);
    out.insert(out.end(), documents->begin(), documents->end());
  }
  return out;
}

std::string to_text(const std::vector<Json>& objects) {
  std::string out;
  for (const Json& object : objects) out += "---\n" + write_yaml(object);
  return out;
}

}  // namespace kp::app
