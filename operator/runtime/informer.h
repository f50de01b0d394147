#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "kube/client.h"
#include "runtime/backoff.h"
#include "runtime/cache.h"
#include "runtime/clock.h"

namespace kp::runtime {

/// Keeps a cache equal to what the API server has of one kind, in one scope: lists once, then watches. Several may fill
/// one cache, each with a namespace of its own.
class Informer {
 public:
  struct Options {
    kube::Kind kind;
    kube::Scope scope = {};
    /// Takes out what nobody reads, before it is kept. managedFields are gone already.
    std::function<void(kube::Json&)> transform = {};
    /// Lists only when these are synced: `transform` asks their caches. They outlive it.
    std::vector<const Informer*> after = {};
    Backoff backoff{std::chrono::milliseconds(200), std::chrono::milliseconds(30'000)};
  };

  /// The arguments outlive it.
  Informer(kube::Client& client, Clock& clock, Cache& cache, Options options);

  /// Until stopped, or the client is shut down.
  void run(const std::stop_token& stop);

  bool synced() const;  ///< the first list is in the cache
  /// False: stopped before.
  bool wait_synced(const std::stop_token& stop) const;

  const kube::Kind& kind() const { return options_.kind; }
  std::uint64_t watch_restarts() const { return restarts_; }
  /// Why nothing is heard of the server at the moment.
  std::optional<std::string> trouble() const;
  /// For how long; 0: there is none.
  Clock::Duration troubled_for() const;

 private:
  using Why = kube::WatchEnd::Why;

  Result<std::string> list();
  kube::WatchEnd watch(std::string& version, const std::stop_token& stop);
  Object keep(kube::Json&& object) const;
  void heard();
  void report(const Error& trouble);
  bool pause(const std::stop_token& stop);

  kube::Client& client_;
  Clock& clock_;
  Cache& cache_;
  const Options options_;
  unsigned failures_ = 0;                            ///< in a row; of the thread in run
  std::minstd_rand random_{std::random_device{}()};  ///< likewise
  std::atomic<std::uint64_t> restarts_ = 0;
  mutable std::mutex mutex_;  ///< of all below
  mutable std::condition_variable_any changed_;
  bool synced_ = false;
  std::optional<std::string> trouble_;
  Clock::Time troubled_since_{};  ///< with trouble_
};

}  // namespace kp::runtime
