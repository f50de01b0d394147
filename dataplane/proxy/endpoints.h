#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/cluster.h"
#include "proxy/placement.h"
#include "rewrite/address_book.h"

namespace kp::proxy {

/// A broker that clients can reach.
struct Endpoint {
  BrokerId id = -1;
  HostPort upstream;
  HostPort downstream;
  bool fenced = false;       ///< the cluster says that it doesn't serve now
  bool dial_failed = false;  ///< our last dial got no connection
  std::uint64_t door = 0;    ///< its own listener's; 0: it has none

  bool reachable() const { return !fenced && !dial_failed; }
};

/// The learned brokers: for each its upstream address, its downstream address, and its listener where the mode has one.
/// Any thread; the rewriting path reads a snapshot and takes the lock only for a broker that is new or has moved.
class Endpoints : public rewrite::AddressBook {
 public:
  /// Something bound: where, and a handle whose end closes it.
  struct Bound {
    std::uint16_t port = 0;
    std::shared_ptr<void> listener;
    std::uint64_t door = 0;  ///< Listener::door
  };
  /// Binds `listen` for broker `id`. Called under the lock, so it must not call back.
  using Open = std::function<Result<Bound>(const HostPort& listen, BrokerId id)>;
  /// How long a broker stays that a source which hides broken brokers no longer names.
  static constexpr std::chrono::minutes forget_after{10};
  /// How long a refused broker isn't tried again: every response may name it, and a try may bind ports.
  static constexpr std::chrono::seconds refusal_holds{2};
  static constexpr std::size_t max_brokers = 10'000;  ///< a hostile answer must not make us listen without end

  Endpoints(const config::Config& config, Open open);

  /// The brokers that are known here, where `config` has their places. Who has the same place has the same port, other
  /// ports are opened; nothing here changes. Errors: Conflict or Io: a port can't be bound, two brokers would have one
  /// address. A broker that has no place any more is left out.
  /// `taken`: doors that are others' by `config`.
  Result<std::shared_ptr<Endpoints>> successor(const config::Config& config, Open open,
                                               const std::set<std::uint64_t>& taken = {}) const;

  void count_on_from(const Endpoints& before);  ///< what was refused there counts here too

  Result<HostPort> downstream(BrokerId id, const HostPort& upstream) override;

  /// What the cluster said when asked at `asked_at`: new brokers get a place, those that have left lose it.
  void learned(const broker::Cluster& cluster, std::chrono::steady_clock::time_point asked_at);
  void set_dialled(BrokerId id, bool connected);

  std::optional<Endpoint> find(BrokerId id) const;
  std::optional<HostPort> upstream_of(BrokerId id) const;
  std::optional<BrokerId> named(const std::string& server_name) const;  ///< lower case, SNI mode
  std::vector<Endpoint> list() const;
  std::size_t listeners() const;
  std::map<std::string, std::uint64_t, std::less<>> unmapped() const;  ///< refused brokers so far, by reason
  /// Ends all listeners. What is known stays, for connections that drain; new brokers get no place.
  void close();

 private:
  struct Entry {
    Endpoint endpoint;
    Place place;
    std::shared_ptr<void> listener;
    std::uint16_t port = 0;  ///< the listener's
    std::chrono::steady_clock::time_point last_seen;
  };
  struct Table {
    std::map<BrokerId, Entry> brokers;
    std::map<std::string, BrokerId> names;
  };

  std::shared_ptr<const Table> table() const { return table_.load(); }
  Result<HostPort> map_locked(BrokerId id, const HostPort& upstream);
  Result<Entry> make_locked(const Table& now, const Entry* known, BrokerId id, const HostPort& upstream) const;
  static bool has_door(const Table& now, BrokerId id, std::uint64_t door);
  Result<Bound> bind_locked(const Table& now, const Place& place, BrokerId id) const;
  Error refuse_locked(BrokerId id, const HostPort& upstream, Error why);

  const Placement placement_;
  const Open open_;
  std::atomic<std::shared_ptr<const Table>> table_{std::make_shared<const Table>()};
  mutable std::mutex mutex_;  ///< guards changes of table_ and what follows
  std::map<std::string, std::uint64_t, std::less<>> unmapped_;
  struct Refusal {
    HostPort upstream;
    Error why;
    std::chrono::steady_clock::time_point until;
  };
  std::map<BrokerId, Refusal> refused_;              ///< at most max_brokers
  std::set<std::pair<BrokerId, std::string>> told_;  ///< refusals that were logged: once each
  bool closed_ = false;
};

}  // namespace kp::proxy
