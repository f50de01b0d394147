#include "kube/object.h"

#include <algorithm>

namespace kp::kube {

std::string api_version(const Kind& kind) {
  return kind.group.empty() ? std::string(kind.version) : std::string(kind.group) + "/" + std::string(kind.version);
}

const Kind* kind_of(const Json& object) {
  const std::string version = object.value("apiVersion", "");
  const std::string kind = object.value("kind", "");
  const auto found =
      std::ranges::find_if(kinds, [&](const Kind& k) { return k.kind == kind && api_version(k) == version; });
  return found == kinds.end() ? nullptr : &*found;
}

Name name_of(const Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  return {metadata->value("namespace", ""), metadata->value("name", "")};
}

std::string text_at(const Json& object, std::initializer_list<const char*> path) {
  const Json* at = &object;
  for (const char* const key : path) {
    if (!at->is_object()) return {};
    const auto found = at->find(key);
    if (found == at->end()) return {};
    at = &*found;
  }
  return at->is_string() ? at->get<std::string>() : std::string();
}

bool holds(const Json& live, const Json& wanted) {
  if (wanted.is_object()) {
    if (!live.is_object()) return false;
    for (const auto& [key, value] : wanted.items()) {
      const auto found = live.find(key);
      // What is empty is not stored.
      const bool empty = value.is_null() || (value.is_structured() && value.empty());
      if (found == live.end() ? !empty : !holds(*found, value)) return false;
    }
    return true;
  }
  if (!wanted.is_array()) return live == wanted;
  return live.is_array() && std::ranges::equal(live, wanted, holds);
}

std::string to_string(const Name& name) { return name.space.empty() ? name.name : name.space + "/" + name.name; }

}  // namespace kp::kube
