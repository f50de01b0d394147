#pragma once

#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/files.h"
#include "config/model.h"
#include "gateway/door.h"
#include "gateway/lane.h"
#include "telemetry/admin.h"
#include "telemetry/gateway_metrics.h"

namespace kp::gateway {

/// HTTP in, Kafka out, on loops of others. A configuration without http_produce is one where it does nothing. Made and
/// ended by one thread.
class Gateway {
 public:
  /// `metrics`: the page for http.metrics_port, on that page's thread.
  Gateway(std::vector<net::Loop*> loops, std::function<std::string()> metrics, bool shares_port);
  /// The loops must still turn. What was accepted is sent, within message_timeout_ms, or stays in the log.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Builds all that `config` needs, beside what is in force; a second call forgets the first. Errors: Invalid,
  /// Conflict (a port or the log is taken), Io.
  Status prepare(const config::Config& config, const std::vector<config::FileContent>& files);
  void discard();  ///< what prepare() has built
  void publish();  ///< puts it in force: requests that come from now on go by it. Neither fails nor waits

  /// Takes no more clients; who is idle goes, who isn't gets its answer.
  void drain();
  /// Nobody is connected, and nothing waits to be sent, or can't be sent now and is in the log.
  bool idle() const;

  /// Why not; nothing: ready, or not wanted.
  std::optional<std::string> not_ready() const;
  /// Nothing: not wanted, or a loop has not answered in time.
  std::optional<telemetry::GatewayFigures> figures() const;

 private:
  struct Next {
    bool wanted = false;
    std::shared_ptr<const Runtime> runtime;
    std::shared_ptr<Door> door;
    std::unique_ptr<telemetry::AdminServer> metrics;
    bool other_metrics = false;
    std::string output_file;
    config::Logging config_logging;
  };

  void accept(int descriptor);
  Lane& least_loaded();
  Status prepare_metrics(const config::Config& config, Next& next);
  void retire(const Runtime& gone, const Runtime* next);
  std::vector<std::shared_ptr<Producers>> producers() const;
  void reap();

  const bool shares_port_;
  const std::function<std::string()> metrics_page_;
  Common common_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<net::asio::thread_pool> slow_;
  std::optional<Next> next_;
  std::string output_file_;   ///< where the log goes; first loop's thread
  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<Door> door_;
  std::unique_ptr<telemetry::AdminServer> metrics_;
  std::optional<HostPort> metrics_address_;
  std::vector<std::shared_ptr<Producers>> retired_;  ///< end when nobody uses them
  std::vector<std::shared_ptr<Wal>> retired_logs_;
  std::vector<std::unique_ptr<telemetry::AdminServer>> retired_servers_;  ///< a page of one may be asking a loop
  telemetry::ProducerCounters past_;                                      ///< of producers that are gone
  bool ending_ = false;
  std::condition_variable wanted_;
  std::thread reaper_;
};

}  // namespace kp::gateway
