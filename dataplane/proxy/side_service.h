#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/files.h"
#include "config/model.h"
#include "net/loop.h"
#include "telemetry/gateway_metrics.h"

namespace kp::proxy {

/// What else a process serves, on the proxy's loops and by the same configuration: HTTP. The proxy knows no more of it.
class SideService {
 public:
  virtual ~SideService() = default;  ///< the loops still turn

  /// Builds what `config` needs beside what is in force; a failure costs nothing.
  virtual Status prepare(const config::Config& config, const std::vector<config::FileContent>& files) = 0;
  virtual void discard() = 0;
  virtual void publish() = 0;  ///< on the first loop: neither fails nor waits

  virtual void drain() = 0;
  virtual bool idle() const = 0;  ///< nothing of it is under way
  virtual std::optional<std::string> not_ready() const = 0;
  virtual std::optional<telemetry::GatewayFigures> figures() const = 0;
};

/// Makes it, when the loops are there. `metrics` is the page of the whole process; any thread but a loop's.
using MakeSideService =
    std::function<std::unique_ptr<SideService>(std::vector<net::Loop*> loops, std::function<std::string()> metrics)>;

}  // namespace kp::proxy
