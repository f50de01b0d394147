#include "runtime/cache.h"

#include <mutex>

namespace kp::runtime {

using kube::Json;
using kube::Name;

std::string resource_version(const Json& object) {
  const auto metadata = object.find("metadata");
  return metadata != object.end() && metadata->is_object() ? metadata->value("resourceVersion", "") : "";
}

Cache::Packed Cache::pack(const Json& object) {
  std::string bytes;
  Json::to_cbor(object, bytes);
  bytes.shrink_to_fit();
  return {resource_version(object), std::make_shared<const std::string>(std::move(bytes))};
}

Object Cache::unpack(const std::string& bytes) { return std::make_shared<const Json>(Json::from_cbor(bytes)); }

Object Cache::find(const Name& name) const {
  std::shared_ptr<const std::string> bytes;
  {
    const std::shared_lock lock(mutex_);
    const auto found = objects_.find(name);
    if (found == objects_.end()) return nullptr;
    bytes = found->second.bytes;
  }
  return unpack(*bytes);
}

std::vector<Object> Cache::with(const std::string& index, const std::string& key) const {
  std::vector<std::shared_ptr<const std::string>> found;
  {
    const std::shared_lock lock(mutex_);
    const auto by = indexes_.find(index);
    if (by == indexes_.end()) return {};
    const auto names = by->second.names.find(key);
    if (names == by->second.names.end()) return {};
    for (const Name& name : names->second) found.push_back(objects_.at(name).bytes);
  }
  std::vector<Object> out;
  out.reserve(found.size());
  for (const auto& bytes : found) out.push_back(unpack(*bytes));
  return out;
}

std::size_t Cache::size() const {
  const std::shared_lock lock(mutex_);
  return objects_.size();
}

void Cache::reindex(const Name& name, const Json* before, const Json* now) {
  for (auto& [_, index] : indexes_) {
    if (before != nullptr) {
      for (const std::string& key : index.keys_of(*before)) {
        const auto names = index.names.find(key);
        if (names == index.names.end()) continue;
        names->second.erase(name);
        if (names->second.empty()) index.names.erase(names);
      }
    }
    if (now == nullptr) continue;
    for (std::string& key : index.keys_of(*now)) index.names[std::move(key)].insert(name);
  }
}

void Cache::put(const Object& object) {
  const Name name = kube::name_of(*object);
  Packed packed = pack(*object);
  Object before;
  {
    const std::unique_lock lock(mutex_);
    const auto [slot, fresh] = objects_.try_emplace(name);
    if (!fresh) {
      if (slot->second.version == packed.version) return;  // a list told what a watch had told
      before = unpack(*slot->second.bytes);
    }
    slot->second = std::move(packed);
    reindex(name, before.get(), object.get());
  }
  tell(before, object);
}

void Cache::tell(const Object& before, const Object& now) const {
  for (const Handlers& each : handlers_) {
    if (before && each.updated) each.updated(before, now);
    if (!before && each.added) each.added(now);
  }
}

bool Cache::exchange(const Object& seen, const Object& now) {
  const Packed expected = pack(*seen);
  Packed packed = pack(*now);
  const bool news = expected.version != packed.version;
  {
    const std::unique_lock lock(mutex_);
    const auto found = objects_.find(kube::name_of(*seen));
    if (found == objects_.end() || *found->second.bytes != *expected.bytes) return false;
    found->second = std::move(packed);
    reindex(found->first, seen.get(), now.get());
  }
  if (news) tell(seen, now);
  return true;
}

void Cache::remove(const Name& name) {
  Object before;
  {
    const std::unique_lock lock(mutex_);
    const auto found = objects_.find(name);
    if (found == objects_.end()) return;
    before = unpack(*found->second.bytes);
    objects_.erase(found);
    reindex(name, before.get(), nullptr);
  }
  for (const Handlers& each : handlers_)
    if (each.removed) each.removed(before);
}

void Cache::retain(std::string_view space, const std::set<Name>& there) {
  std::vector<Name> gone;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, object] : objects_)
      if ((space.empty() || name.space == space) && !there.contains(name)) gone.push_back(name);
  }
  for (const Name& name : gone) remove(name);
}

}  // namespace kp::runtime
