#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "certs/fetch.h"
#include "certs/generate.h"
#include "cli/credentials.h"
#include "config/model.h"

namespace kp::cli {

struct Run {
  std::string config_file;  ///< empty: `config` comes from the flags
  config::Config config;
  unsigned threads = 0;  ///< 0: one per core that we may use
};
struct Check {
  std::string config_file;
};
struct Say {
  std::string text;  ///< help, version or a completion script: print it and be done
};
struct Misused {
  std::string text;  ///< what is wrong with the command line, for standard error
};

using Command = std::variant<Run, Check, HashCredential, certs::GenerateOptions, certs::FetchOptions, Say, Misused>;

/// What the command line asks for. Never throws, never exits.
Command parse(int argc, const char* const* argv);

}  // namespace kp::cli
