#include "api/status.h"

namespace kp::api {
namespace {

using kube::Json;
using kube::text_at;

void put(Json& into, const char* key, const std::string& text) {
  if (!text.empty()) into[key] = text;
}

std::int64_t number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

const Json& list_at(const Json& object, const char* key) {
  static const Json none = Json::array();
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : none;
}

}  // namespace

Json to_json(const Status& status) {
  Json out{{"observedGeneration", status.observed_generation},
           {"replicas", status.replicas},
           {"readyReplicas", status.ready_replicas},
           {"conditions", Json::array()}};
  for (const Condition& condition : status.conditions) out["conditions"].push_back(to_json(condition));
  put(out, "mode", status.mode);
  put(out, "generation", status.generation);
  put(out, "configHash", status.config_hash);
  put(out, "programmed", status.programmed);
  put(out, "selector", status.selector);
  put(out, "bootstrapServers", status.bootstrap_servers);
  put(out, "learnedFrom", status.learned_from);
  if (!status.addresses.empty()) out["addresses"] = status.addresses;
  for (const BrokerStatus& broker : status.brokers) {
    Json item{{"id", broker.id}};
    put(item, "address", broker.address);
    put(item, "upstream", broker.upstream);
    out["brokers"].push_back(std::move(item));
  }
  if (status.refused) {
    Json& refused = out["refused"] = Json::object();
    put(refused, "generation", status.refused->generation);
    put(refused, "pod", status.refused->pod);
    put(refused, "message", status.refused->message);
    refused["at"] = to_string(status.refused->at);
    refused["specGeneration"] = status.refused->spec_generation;
  }
  return out;
}

Status read_status(const Json& status) {
  Status out;
  if (!status.is_object()) return out;
  out.observed_generation = number_at(status, "observedGeneration");
  out.conditions = read_conditions(list_at(status, "conditions"));
  out.mode = text_at(status, "mode");
  out.generation = text_at(status, "generation");
  out.config_hash = text_at(status, "configHash");
  out.programmed = text_at(status, "programmed");
  out.replicas = static_cast<int>(number_at(status, "replicas"));
  out.ready_replicas = static_cast<int>(number_at(status, "readyReplicas"));
  out.selector = text_at(status, "selector");
  out.bootstrap_servers = text_at(status, "bootstrapServers");
  out.learned_from = text_at(status, "learnedFrom");
  for (const Json& item : list_at(status, "addresses"))
    if (item.is_string()) out.addresses.push_back(item.get<std::string>());
  for (const Json& item : list_at(status, "brokers"))
    if (item.is_object())
      out.brokers.push_back(
          {static_cast<BrokerId>(number_at(item, "id")), text_at(item, "address"), text_at(item, "upstream")});
  if (const auto refused = status.find("refused"); refused != status.end() && refused->is_object())
    out.refused = Refused{text_at(*refused, "generation"), text_at(*refused, "pod"), text_at(*refused, "message"),
                          parse_time(text_at(*refused, "at")).value_or(Time{}), number_at(*refused, "specGeneration")};
  return out;
}

}  // namespace kp::api
