#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>
#include <utility>

#include "telemetry/metrics.h"

namespace kp::proxy {

/// What the translated requests of a loop and their answers take in memory while they are gathered. Above `budget` who
/// wants more waits, and the peers feel it as a connection that isn't read. So that there is always one who can go on,
/// and end, the oldest never waits, though it alone may be larger than the budget; and so that commits and heartbeats
/// don't wait for the Fetches of others, the first bytes of each are not counted.
class Gathering {
 public:
  static constexpr std::size_t usual_budget = 32 << 20;
  static constexpr std::size_t free_each = 65536;

  explicit Gathering(telemetry::Counters& counters, std::size_t budget = usual_budget)
      : counters_(counters), budget_(budget) {}

  /// Of one request at a time.
  class Share : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    /// `wake`: look again whether you may take more.
    Share(Gathering& of, std::function<void()> wake) : of_(of), wake_(std::move(wake)) {}
    ~Share() { end(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    void begin();  ///< a request, younger than all others
    void end();    ///< gives everything back

    bool may_take() const;
    /// Who may not take now is woken when something has been given back.
    void wait();
    /// So many bytes more; who may not and can't wait takes them all the same.
    void take(std::size_t bytes) { hold(held_ + bytes); }
    void hold(std::size_t bytes);  ///< so many from now on

   private:
    friend class Gathering;
    std::size_t counted() const { return held_ > free_each ? held_ - free_each : 0; }

    Gathering& of_;
    std::function<void()> wake_;
    std::size_t held_ = 0;
    bool waits_ = false;
  };

  bool full() const { return counted_ >= budget_; }

 private:
  void count(std::size_t before, std::size_t now);
  void wake_all();

  telemetry::Counters& counters_;
  std::size_t budget_;
  std::size_t counted_ = 0;
  std::size_t waiting_ = 0;
  boost::intrusive::list<Share, boost::intrusive::constant_time_size<false>> shares_;  ///< the oldest first
};

}  // namespace kp::proxy
