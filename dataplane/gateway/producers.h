#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/model.h"
#include "gateway/producer.h"

namespace kp::gateway {

/// One configuration's way to Kafka: a producer for each upstream user that records go as, made when it is first
/// needed.
class Producers {
 public:
  /// Whether records wait for Kafka for as long as it takes (they are in the log), or message_timeout_ms.
  enum class Kind : bool { Direct, Logged };

  /// The first producer is made at once. Errors: Invalid, in librdkafka's words.
  static Result<std::shared_ptr<Producers>> make(const config::Config& config, Kind kind,
                                                 const config::Credential& first, Settled settled = {});
  ~Producers();  ///< waits, as finish() does: never on a loop
  Producers(const Producers&) = delete;
  Producers& operator=(const Producers&) = delete;
  /// Made of the same: a reload keeps it.
  bool serves(const config::Config& config) const;

  /// Of `login`; one that has failed for good is replaced. Errors: as make.
  Result<std::shared_ptr<Producer>> of(const config::Credential& login);
  std::vector<std::shared_ptr<Producer>> all() const;
  std::string trouble() const;  ///< why Kafka can't be asked; empty: it answers
  telemetry::ProducerCounters counters() const;

  bool quiet() const;  ///< nothing is under way
  void hurry_up();
  void give_up();
  /// Gives what is under way, with all of them, as long as is configured to get to Kafka; the rest is given up.
  void finish();
  /// Ends those that have failed, when no request has one any more. Waits: never on a loop.
  void end_failed();

 private:
  Producers(const config::Config& config, Kind kind, Settled settled);
  Producer::Options options(const config::Credential& login) const;
  std::chrono::milliseconds patience() const;

  const config::Config config_;
  const Kind kind_;
  const Settled settled_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::map<std::string, std::shared_ptr<Producer>> producers_;
  std::vector<std::shared_ptr<Producer>> failed_;
  telemetry::ProducerCounters past_;  ///< of those that have ended
};

/// What librdkafka is told, of all but the login.
std::vector<std::pair<std::string, std::string>> properties_of(const config::Config& config, Producers::Kind kind);

}  // namespace kp::gateway
