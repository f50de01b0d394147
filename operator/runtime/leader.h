#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "kube/client.h"
#include "runtime/clock.h"

namespace kp::runtime {

/// At most one of several processes acts: the one whose name is in a Lease, and which renews it in time.
class LeaderElector {
 public:
  struct Options {
    kube::Name lease;
    std::string identity;                     ///< of this process and no other: the pod's name and something random
    std::chrono::seconds duration{15};        ///< without a renewal another may take it
    std::chrono::milliseconds renew{10'000};  ///< without a renewal the leader stops acting; below `duration`
    std::chrono::milliseconds retry{2'000};   ///< between two tries
    /// The lease is lost: what is under way must be cut off now, not only end soon. May be empty.
    std::function<void()> on_lost = {};
  };

  /// `client` has a deadline of its own for a call, well below `renew`, and doesn't wait behind other requests.
  LeaderElector(kube::Client& client, Clock& clock, Options options);

  /// Waits for the lease, then calls `lead` on a thread of its own, with a token that says when to stop. Returns after
  /// `lead` has: Done when stopped, or when `lead` returned by itself; the lease is free again then. An Error: the
  /// lease was lost.
  Status run(const std::stop_token& stop, const std::function<void(std::stop_token)>& lead);

  bool leading() const { return leading_; }
  /// Nobody else can have the lease at this moment. A process that was suspended learns it here before `run` does.
  bool may_act() const;

 private:
  enum class Held : std::uint8_t { Ours, Theirs, Unknown };

  Held try_hold();
  Held take(kube::Json lease);
  Held write(Result<kube::Json> written, Clock::Time asked);
  bool others_hold(const kube::Json& spec);
  kube::Json desired(kube::Json lease) const;
  bool acquire(const std::stop_token& stop);
  void renew(const std::stop_token& stop);
  bool wait_while_leading(const std::stop_token& stop);
  void release();

  kube::Client& client_;
  Clock& clock_;
  const Options options_;
  std::atomic<bool> leading_ = false;
  // Of the thread that tries: the one in `run`, then the one that renews.
  std::optional<kube::Json> last_;  ///< the lease as we wrote it
  std::string observed_;            ///< its holder and last renewal
  Clock::Time observed_at_{};       ///< by our own clock: those of others may be wrong
  mutable std::mutex mutex_;        ///< of all below
  std::condition_variable changed_;
  Clock::Time renewed_{};  ///< when the last renewal that worked was asked for
  bool taken_ = false;     ///< by another
  bool finished_ = false;  ///< `lead` has returned
};

}  // namespace kp::runtime
