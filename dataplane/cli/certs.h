#pragma once

#include <optional>
#include <string>
#include <variant>

#include "certs/fetch.h"
#include "certs/generate.h"

namespace CLI {
class App;
}

namespace kp::cli {

/// `certs generate` and `certs fetch-ca`, and the same as the Rust seed spells them: --generate-certs, --save-ca-certs.
/// Lives as long as the app that it is added to.
class CertsCommands {
 public:
  using Wanted = std::variant<certs::GenerateOptions, certs::FetchOptions, Error>;

  explicit CertsCommands(CLI::App& app);
  CertsCommands(const CertsCommands&) = delete;
  CertsCommands& operator=(const CertsCommands&) = delete;

  /// What the command line asks for, after it was parsed; none: something else.
  std::optional<Wanted> wanted() const;

 private:
  void add_generate(CLI::App& certs);
  void add_fetch(CLI::App& certs);
  void add_seed_flags(CLI::App& app);

  certs::GenerateOptions generate_;
  certs::FetchOptions fetch_;
  std::string algorithm_ = "ec";
  std::string server_;
  bool seed_generate_ = false;
  bool seed_fetch_ = false;
  CLI::App* generate_command_ = nullptr;
  CLI::App* fetch_command_ = nullptr;
};

}  // namespace kp::cli
