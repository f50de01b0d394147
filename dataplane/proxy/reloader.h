#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_watch.h"
#include "config/files.h"
#include "config/parse.h"
#include "proxy/proxy.h"

namespace kp::proxy {

/// Keeps a running proxy to its configuration file: looks again whenever the file, or one that it names, may have
/// changed, and reloads when the contents differ. What is refused is logged once, and shown in /config until it is
/// mended.
class Reloader {
 public:
  /// Reads and checks the file. Called on the reloader's thread.
  using Load = std::function<config::Parsed()>;
  /// How soon what failed for a reason outside the files (brokers that don't answer, a port that is taken) is tried
  /// again.
  static constexpr std::chrono::seconds retry_after{5};

  /// `proxy` runs by `in_force`, which `load` gave, and outlives this. Errors: Io, a limit of the system.
  static Result<std::unique_ptr<Reloader>> start(Proxy& proxy, std::string file, Load load, config::Config in_force,
                                                 std::chrono::milliseconds retry = retry_after);

  /// Looks now (SIGHUP). Any thread.
  void poke();

 private:
  Reloader(Proxy& proxy, std::string file, Load load, config::Config in_force, std::chrono::milliseconds retry);
  void look();
  void try_reload(config::Parsed parsed, std::vector<config::FileContent> files, std::string fingerprint);
  void refuse(Refusal refusal);
  void watch(const config::Config* candidate);

  Proxy& proxy_;
  const std::string file_;
  const Load load_;
  const std::chrono::milliseconds retry_;
  std::atomic<bool> asked_{false};

  // The watch's thread alone, once it runs.
  config::Config in_force_;
  std::vector<config::FileContent> files_;  ///< as they were when in_force_ came into force
  std::string fingerprint_;                 ///< of both
  Refusal refused_;                         ///< that was told; no errors: none stands

  std::unique_ptr<FileWatch> watch_;  ///< ends first
};

}  // namespace kp::proxy
