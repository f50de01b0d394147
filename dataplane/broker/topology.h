#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/swap.h"
#include "broker/cluster.h"
#include "broker/dial.h"
#include "net/loop.h"

namespace kp::broker {

/// Learns the brokers by itself: asks at start and every few seconds, over one connection that it keeps. Where brokers
/// want a login that only clients have, it just looks whether one answers, and the rest is learned from traffic.
/// Runs on one loop; state() from any thread.
class Topology : public std::enable_shared_from_this<Topology> {
 public:
  static constexpr std::chrono::milliseconds refresh{5000};
  static constexpr std::chrono::milliseconds answer_limit{10'000};

  struct Options {
    std::shared_ptr<const Dialer> dialer;
    std::shared_ptr<const auth::Swap> swap{};  ///< whom to log in as; null: as nobody
    std::vector<HostPort> bootstrap;
    bool passive = false;  ///< brokers want SASL and we have no credentials
    std::uint32_t max_frame_bytes = 0;
    std::function<void(const Cluster&, std::chrono::steady_clock::time_point asked_at)> learned;  ///< on the loop
    std::function<void()> first_outcome = [] {
    };  ///< on the loop, once: the brokers are known, or the first candidate failed
    std::function<void(const Error&)> dial_failed = [](const Error&) {};  ///< on the loop
    std::function<std::vector<HostPort>()> known;  ///< upstream addresses learned so far: asked when bootstrap is down
  };
  struct State {
    bool known = false;   ///< the brokers are known (passive: one answered)
    std::string trouble;  ///< why the last attempt failed; empty: it did not
    std::string cluster_id;
  };

  Topology(net::Loop& loop, Options options);
  /// `before`: what was known of the same cluster until now.
  Topology(net::Loop& loop, Options options, State before);
  void start();
  /// Instead of start(): one look, without a word in the log. Any thread.
  std::future<Status> ask_once();
  void stop();  ///< any thread, at once on the loop's; asks no more
  State state() const;

 private:
  static net::Task<void> run(std::shared_ptr<Topology> self);
  net::Task<Status> ask();
  void tell_first_outcome();
  net::Task<Status> connect();
  net::Task<Status> negotiate();
  net::Task<Status> log_in();
  net::Task<Result<Cluster>> describe();
  static Result<Cluster> read_describe_cluster(BytesView answer, std::int16_t version);
  static Result<Cluster> read_metadata(BytesView answer, std::int16_t version);
  void note(const Status& outcome);

  net::Loop& loop_;
  const Options options_;
  std::optional<net::Stream> stream_;
  std::int16_t describe_cluster_version_ = -1;  ///< what the connected broker offers; -1: not at all
  std::int16_t metadata_version_ = 0;
  std::int32_t correlation_id_ = 0;
  std::chrono::steady_clock::time_point stream_ends_{};  ///< when to go on with a new connection, and login (KIP-368)
  net::Event wake_;
  bool stopped_ = false;
  bool told_ = false;         ///< first_outcome was called
  mutable std::mutex mutex_;  ///< guards state_
  State state_;
};

}  // namespace kp::broker
