#include "api/conditions.h"

#include <algorithm>

namespace kp::api {
namespace {

using kube::text_at;

Truth truth_of(std::string_view text) {
  for (const Truth truth : {Truth::True, Truth::False})
    if (name_of(truth) == text) return truth;
  return Truth::Unknown;
}

}  // namespace

std::string_view name_of(Truth truth) {
  switch (truth) {
    case Truth::True:
      return "True";
    case Truth::False:
      return "False";
    case Truth::Unknown:
      break;
  }
  return "Unknown";
}

void set(std::vector<Condition>& conditions, Condition next, Time now) {
  const auto found = std::ranges::find(conditions, next.type, &Condition::type);
  next.last_transition = found != conditions.end() && found->status == next.status ? found->last_transition : now;
  if (found == conditions.end()) {
    conditions.push_back(std::move(next));
  } else {
    *found = std::move(next);
  }
}

const Condition* find(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

kube::Json to_json(const Condition& condition) {
  return {{"type", condition.type},
          {"status", name_of(condition.status)},
          {"reason", condition.reason},
          {"message", condition.message},
          {"observedGeneration", condition.observed_generation},
          {"lastTransitionTime", to_string(condition.last_transition)}};
}

std::vector<Condition> read_conditions(const kube::Json& list) {
  std::vector<Condition> out;
  if (!list.is_array()) return out;
  for (const kube::Json& item : list) {
    if (!item.is_object()) continue;
    Condition condition{text_at(item, "type"), truth_of(text_at(item, "status")), text_at(item, "reason")};
    condition.message = text_at(item, "message");
    if (const auto seen = item.find("observedGeneration"); seen != item.end() && seen->is_number_integer())
      condition.observed_generation = seen->get<std::int64_t>();
    condition.last_transition = parse_time(text_at(item, "lastTransitionTime")).value_or(Time{});
    // Another's stays another's: what is read is what will be applied.
    if (std::ranges::find(condition::all, condition.type) != condition::all.end()) out.push_back(std::move(condition));
  }
  return out;
}

}  // namespace kp::api
