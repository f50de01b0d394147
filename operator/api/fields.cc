#include "api/fields.h"

namespace kp::api {

Fields::Fields(const Json& object, std::string path, Findings& findings)
    : object_(object), path_(std::move(path)), findings_(findings) {}

Fields::~Fields() {
  for (const auto& [key, value] : object_.items())
    if (!known_.contains(key)) findings_.unknown.push_back(path_of(key));
}

const kube::Json* Fields::find(std::string_view key, Need need) {
  known_.emplace(key);
  const auto found = object_.find(std::string(key));
  if (found != object_.end() && !found->is_null()) return &*found;
  if (need == Need::Required) error(key, "is missing");
  return nullptr;
}

void Fields::wrong_kind(std::string_view key, const Json& found, std::string_view wanted) {
  error(key, "must be " + std::string(wanted) + ", not " + found.type_name());
}

bool Fields::text(std::string_view key, std::string& out, Need need) {
  const Json* const found = find(key, need);
  if (found == nullptr) return false;
  if (!found->is_string()) {
    wrong_kind(key, *found, "text");
    return false;
  }
  out = found->get<std::string>();
  if (!out.empty()) return true;
  error(key, "is empty");
  return false;
}

bool Fields::flag(std::string_view key, bool& out) {
  const Json* const found = find(key, Need::Optional);
  if (found == nullptr) return false;
  if (!found->is_boolean()) {
    wrong_kind(key, *found, "true or false");
    return false;
  }
  out = found->get<bool>();
  return true;
}

bool Fields::bounded(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most, Need need) {
  const Json* const found = find(key, need);
  if (found == nullptr) return false;
  if (!found->is_number_integer()) {
    wrong_kind(key, *found, "a whole number");
    return false;
  }
  out = found->get<std::int64_t>();
  if (out >= least && out <= most) return true;
  error(key, "must be from " + std::to_string(least) + " to " + std::to_string(most));
  return false;
}

const kube::Json* Fields::object(std::string_view key, Need need) {
  const Json* const found = find(key, need);
  if (found == nullptr || found->is_object()) return found;
  wrong_kind(key, *found, "an object");
  return nullptr;
}

bool Fields::map(std::string_view key, std::map<std::string, std::string>& out) {
  const Json* const found = object(key);
  if (found == nullptr) return false;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) {
      out[name] = value.get<std::string>();
    } else {
      error(std::string(key) + "." + name, std::string("must be text, not ") + value.type_name());
    }
  }
  return true;
}

bool Fields::each(std::string_view key, Need need, const std::function<void(const Json&, const std::string&)>& read) {
  const Json* const found = find(key, need);
  if (found == nullptr) return false;
  if (!found->is_array()) {
    wrong_kind(key, *found, "a list");
    return false;
  }
  for (std::size_t i = 0; i < found->size(); ++i) read((*found)[i], path_of(key) + "[" + std::to_string(i) + "]");
  return true;
}

bool Fields::texts(std::string_view key, std::vector<std::string>& out) {
  return each(key, Need::Optional, [&](const Json& item, const std::string& path) {
    if (item.is_string()) {
      out.push_back(item.get<std::string>());
    } else {
      findings_.error(path, std::string("must be text, not ") + item.type_name());
    }
  });
}

}  // namespace kp::api
