#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/counters.h"
#include "kube/object.h"
#include "kube/transport.h"

namespace kp::kube {

/// Which objects of a kind.
struct Scope {
  std::string space = {};           ///< empty: all namespaces
  std::string label_selector = {};  ///< "app.kubernetes.io/name=kafkaproxy"; empty: all
  /// Objects in the first chunk of a list; later ones grow while they are small. 0: as ClientOptions::page. For objects
  /// that may be large.
  unsigned first_page = 0;
};

struct Listed {
  std::vector<Json> items;
  std::string resource_version;  ///< to watch from
};

enum class WatchEvent : std::uint8_t { Added, Modified, Deleted, Bookmark };

/// Why a watch is over.
struct WatchEnd {
  enum class Why : std::uint8_t {
    Stopped,  ///< by the stop token, or the client's end
    Ended,    ///< the server ended it, as it does now and then: go on from the last version
    Expired,  ///< the version is no longer remembered: list again
    Failed    ///< anything else: go on from the last version, after a while
  };
  Why why = Why::Ended;
  Error error = {};  ///< of Expired and Failed
};

/// The API server. Blocks; any thread. Every object goes and comes with its apiVersion and kind, which must be in
/// object.h. Errors, by the server's reason: NotFound, Conflict (changed by another, or a field that another owns),
/// Exists, Invalid, Unauthorized, Expired, Busy (still, after all the waiting that the deadline allows), Internal; by
/// the way there: Io, Timeout, Draining (shut_down was called). The message holds the server's, with its causes.
class Client {
 public:
  virtual ~Client() = default;

  virtual Result<Json> get(const Kind& kind, const Name& name) = 0;

  /// Calls `each` for every object, chunk by chunk, so that not all are in memory at once; all are of one moment. A
  /// chunk that is larger than the transport takes is asked for again, by half as many objects. Returns the version to
  /// watch from.
  virtual Result<std::string> list_each(const Kind& kind, const Scope& scope,
                                        const std::function<void(Json&&)>& each) = 0;
  Result<Listed> list(const Kind& kind, const Scope& scope = {});

  /// Exists only if what is there differs from `object`: a request may reach the server twice.
  virtual Result<Json> create(const Json& object) = 0;
  /// Server-side apply, which takes over fields of others.
  virtual Result<Json> apply(const Json& object) = 0;
  virtual Result<Json> apply_status(const Json& object) = 0;
  /// Replaces; Conflict when the object is no longer at its metadata.resourceVersion.
  virtual Result<Json> update(const Json& object) = 0;
  virtual Result<Json> merge_patch(const Kind& kind, const Name& name, const Json& patch) = 0;
  /// What is not there, or has another uid by now, is fine. `uid` empty: whichever. Dependents follow in background.
  virtual Status remove(const Kind& kind, const Name& name, const std::string& uid = {}) = 0;

  /// Calls `on_event` on this thread, until the watch ends; a bookmark has nothing but a resourceVersion.
  virtual WatchEnd watch(const Kind& kind, const Scope& scope, const std::string& resource_version,
                         const std::function<void(WatchEvent, Json&&)>& on_event, std::stop_token stop) = 0;

  /// Ends what is under way; all else fails with Draining from now on.
  virtual void shut_down() = 0;
};

struct ClientOptions {
  std::string field_manager = "kafkaproxy-operator";
  std::chrono::milliseconds deadline{30'000};  ///< of a call, waiting for its turn and for a busy server included
  double requests_per_second = 200;            ///< without watches; 0: no limit
  double burst = 400;
  unsigned page = 100;                   ///< objects per chunk of a list, at most
  std::function<bool()> may_write = {};  ///< asked before each request that isn't reading; no: Draining
  /// Asked of the server, up to twice as much: not all end at once. Short, so that a watch which falls silent is told
  /// from one on which nothing happens.
  std::chrono::seconds watch_lifetime{20};
};

/// `counters` outlives the client.
std::unique_ptr<Client> make_client(std::unique_ptr<Transport> transport, RequestCounters& counters,
                                    ClientOptions options = {});

}  // namespace kp::kube
