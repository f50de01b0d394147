#include "plan/merge.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace kp::plan {
namespace {

using kube::Json;

/// list → what names its entries; as in the API's patchMergeKey.
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> merge_keys{{
    {"containers", "name"},
    {"initContainers", "name"},
    {"ephemeralContainers", "name"},
    {"volumes", "name"},
    {"env", "name"},
    {"imagePullSecrets", "name"},
    {"volumeMounts", "mountPath"},
    {"volumeDevices", "devicePath"},
    {"ports", "containerPort"},
    {"hostAliases", "ip"},
}};

void merge(Json& ours, const Json& theirs);

void merge_list(Json& ours, const Json& theirs, const std::string& key) {
  for (const Json& entry : theirs) {
    const auto same = std::find_if(ours.begin(), ours.end(), [&](const Json& one) {
      return one.is_object() && entry.is_object() && one.contains(key) && entry.contains(key) && one[key] == entry[key];
    });
    if (same == ours.end()) {
      ours.push_back(entry);
    } else {
      merge(*same, entry);
    }
  }
}

void merge(Json& ours, const Json& theirs) {
  for (const auto& [key, value] : theirs.items()) {
    const auto* const named = std::ranges::find(merge_keys, key, [](const auto& entry) { return entry.first; });
    if (value.is_null()) {
      ours.erase(key);
    } else if (!ours.contains(key)) {
      ours[key] = value;
    } else if (value.is_object() && ours[key].is_object()) {
      merge(ours[key], value);
    } else if (value.is_array() && ours[key].is_array() && named != merge_keys.end()) {
      merge_list(ours[key], value, std::string(named->second));
    } else {
      ours[key] = value;
    }
  }
}

}  // namespace

Json merge_pod_template(Json ours, const Json& theirs) {
  if (theirs.is_object()) merge(ours, theirs);
  return ours;
}

}  // namespace kp::plan
