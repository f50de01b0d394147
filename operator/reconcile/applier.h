#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "kube/client.h"
#include "runtime/cache.h"
#include "runtime/clock.h"

namespace kp::reconcile {

/// The caches of the kinds that the operator makes, by plural. They hold what carries our label.
using Caches = std::map<std::string_view, runtime::Cache*>;

/// Makes objects what they should be, and writes nothing where they are. Any thread; never one object by two.
class Applier {
 public:
  Applier(kube::Client& client, const Caches& caches, runtime::Clock& clock)
      : client_(client), caches_(caches), clock_(clock) {}

  struct Ensured {
    bool written = false;
    bool contested = false;             ///< not written, since somebody undoes it again and again
    std::chrono::milliseconds wait{0};  ///< look again after this long; 0: no need
  };
  /// Errors: of the API server; Conflict where the name is taken by an object that isn't ours.
  Result<Ensured> ensure(const kube::Json& wanted);

  /// Only what `owner` (a uid) controls.
  Status remove(const kube::Kind& kind, const kube::Name& name, const std::string& owner);
  /// The cache has lost an object: what was written of it says nothing any more.
  void gone(const kube::Json& object);
  /// All that was made for `owner` is gone, or going.
  void forget(const std::string& owner);

 private:
  struct Written {
    std::string owner;   ///< a uid
    std::string hash;    ///< of what was wanted
    std::string before;  ///< versions of the object: the cache may still have this one,
    std::string after;   ///< or has seen our write
    int again = 0;       ///< times that the same was written once more
    runtime::Clock::Time at{};
  };
  using Key = std::pair<std::string_view, kube::Name>;

  Status may_take(const kube::Json& wanted, const kube::Json& live) const;
  std::chrono::milliseconds pause_of(const Written& written) const;

  kube::Client& client_;
  const Caches& caches_;
  runtime::Clock& clock_;
  std::mutex mutex_;  ///< of written_
  std::map<Key, Written> written_;
};

/// Says, on an object, what it was made from: so that after a restart it is known what need not be written.
inline constexpr const char* applied_annotation = "kafkaproxy.dev/applied";

/// The ownerReference of what controls `object`; nullptr: nothing does.
const kube::Json* controller_of(const kube::Json& object);

}  // namespace kp::reconcile
