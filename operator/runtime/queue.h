#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "kube/object.h"
#include "runtime/backoff.h"
#include "runtime/clock.h"

namespace kp::runtime {

/// Names of objects that need work. A name is in it once, however often it is added; one that is added while it is
/// worked on comes once more after `done`; two workers never have the same. Any thread.
class WorkQueue {
 public:
  explicit WorkQueue(Clock& clock, Backoff backoff = {}) : clock_(clock), backoff_(backoff) {}

  void add(const kube::Name& key);
  /// Of several times that are waited for, the first counts.
  void add_after(const kube::Name& key, Clock::Duration span);
  /// Adds it later, the later the more often it has failed since `forget`.
  void retry(const kube::Name& key);
  void forget(const kube::Name& key);

  /// Waits for work; nullopt after shut_down, whatever is left. Whoever gets a name says `done`.
  std::optional<kube::Name> get();
  void done(const kube::Name& key);

  std::size_t depth() const;      ///< ready to be worked on
  std::uint64_t retries() const;  ///< so far
  void shut_down();

 private:
  void put(const kube::Name& key);
  void release_due();

  Clock& clock_;
  const Backoff backoff_;
  mutable std::mutex mutex_;  ///< of all below
  std::condition_variable changed_;
  std::deque<kube::Name> ready_;
  std::set<kube::Name> wanted_;  ///< those in ready_, and those to come again after done
  std::set<kube::Name> working_;
  std::set<std::pair<Clock::Time, kube::Name>> later_;
  std::map<kube::Name, Clock::Time> due_;  ///< the same by name
  std::map<kube::Name, unsigned> failures_;
  std::uint64_t retries_ = 0;
  bool ended_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace kp::runtime
