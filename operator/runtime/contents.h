#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "kube/client.h"
#include "runtime/cache.h"

namespace kp::runtime {

/// Keeps what is in Secrets out of a cache until somebody needs it: they may be many and large, and few are anybody's
/// business here. A Secret that is not needed is kept hollow, without content; `use` gets the content from the server.
///
/// What a reconcile reads is never older than the event that brought it about:
/// - An event puts what is new into the cache, whole or hollow by what is needed at that moment, and then queues all
/// who
///   need it. So whoever comes to need it later is queued by his own event, and finds it.
/// - What was got by `use` goes only into the place of the very hollow object that was seen before it was asked for. If
///   an event comes between it is thrown away, since it may be older, and the next look decides.
/// - Otherwise it is as new as that event or newer: the server answers a GET with the newest. The event that says the
/// same
///   version is no news to the cache; one of a version between the two puts its own, and queues again: the last event
///   has the newest content, or leads to it.
class Contents {
 public:
  using Needed = std::function<bool(const kube::Name&)>;

  /// `needed` is asked on any thread. The arguments outlive it.
  Contents(kube::Client& client, Cache& secrets, Needed needed)
      : client_(client), secrets_(secrets), needed_(std::move(needed)) {}

  /// For an informer: what of a Secret goes into the cache.
  void transform(kube::Json& secret) const;

  /// While it lives, what it names stays in the cache.
  class Use {
   public:
    Use(Contents& of, std::set<kube::Name> names) : of_(&of), names_(std::move(names)) { of_->hold(names_); }
    ~Use() { of_->let_go(names_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    /// The content of all that exist is in the cache now. Errors: of the API server.
    Status fetch() const;

   private:
    Contents* of_;
    std::set<kube::Name> names_;
  };

  /// Is perhaps no longer needed.
  void release(const kube::Name& name);

 private:
  Status fetch(const kube::Name& name);
  void hold(const std::set<kube::Name>& names);
  void let_go(const std::set<kube::Name>& names);

  kube::Client& client_;
  Cache& secrets_;
  const Needed needed_;
  std::mutex mutex_;  ///< of used_; and held while one is hollowed out
  std::map<kube::Name, unsigned> used_;
};

}  // namespace kp::runtime
