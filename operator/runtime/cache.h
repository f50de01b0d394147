#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kube/object.h"

namespace kp::runtime {

using Object = std::shared_ptr<const kube::Json>;

/// What is known of one kind's objects. Readers get what never changes under them. Any thread. Objects are held packed,
/// in a tenth of the memory that they take unpacked: with a thousand KafkaProxies that is most of the process.
class Cache {
 public:
  /// The keys under which an index finds an object.
  using KeysOf = std::function<std::vector<std::string>(const kube::Json&)>;

  /// Called on the thread of the informer that learned of it, after the cache has changed. They only note what is to
  /// be done, and return. Empty: not called.
  struct Handlers {
    std::function<void(const Object& now)> added = {};
    std::function<void(const Object& before, const Object& now)> updated = {};
    std::function<void(const Object& before)> removed = {};

    /// For whom it is all one what happened: `look` gets the newest that is known.
    static Handlers any(const std::function<void(const Object&)>& look) {
      return {.added = look, .updated = [look](const Object&, const Object& now) { look(now); }, .removed = look};
    }
  };

  /// Both before the first object.
  void add_index(const std::string& name, KeysOf keys_of) { indexes_[name].keys_of = std::move(keys_of); }
  void add_handlers(Handlers handlers) { handlers_.push_back(std::move(handlers)); }

  Object find(const kube::Name& name) const;  ///< nullptr: there is none
  std::vector<Object> with(const std::string& index, const std::string& key) const;
  std::size_t size() const;

  /// Puts `now` in the place of `seen`; false, and nothing is done: that is no longer what is there. Any thread. With
  /// the same version it is no news, and handlers aren't called.
  bool exchange(const Object& seen, const Object& now);

  // For the informers. Each namespace has one writer.
  void put(const Object& object);
  void remove(const kube::Name& name);
  /// `there` is all that there is in `space` (empty: everywhere).
  void retain(std::string_view space, const std::set<kube::Name>& there);

 private:
  struct Packed {
    std::string version;
    std::shared_ptr<const std::string> bytes;  ///< never nullptr
  };
  static Packed pack(const kube::Json& object);
  static Object unpack(const std::string& bytes);

  struct Index {
    KeysOf keys_of;
    std::map<std::string, std::set<kube::Name>> names;
  };
  void tell(const Object& before, const Object& now) const;
  void reindex(const kube::Name& name, const kube::Json* before, const kube::Json* now);

  mutable std::shared_mutex mutex_;  ///< of objects_ and of what indexes_ hold
  std::map<kube::Name, Packed> objects_;
  std::map<std::string, Index> indexes_;
  std::vector<Handlers> handlers_;
};

/// "" where it is missing.
std::string resource_version(const kube::Json& object);

}  // namespace kp::runtime
