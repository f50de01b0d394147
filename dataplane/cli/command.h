#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "certs/fetch.h"
#include "certs/generate.h"
#include "cli/against.h"
#include "cli/credentials.h"
#include "config/model.h"

namespace kp::cli {

struct Run {
  std::string config_file;  ///< empty: `config` comes from the flags
  config::Config config;
  unsigned threads = 0;  ///< 0: one per core that we may use
  std::string handover;  ///< path of a Unix socket; empty: none
};
struct Check {
  std::string config_file;
  std::optional<ConfigPage> against;  ///< a running proxy to compare with
};
struct DescribeVirtual {
  std::string config_file;
  std::string topic;
};
struct Say {
  std::string text;  ///< help, version or a completion script: print it and be done
};
struct Misused {
  std::string text;                 ///< what is wrong with the command line, for standard error
  std::string help = "kafkaproxy";  ///< the command whose --help tells more
};

using Command = std::variant<Run, Check, DescribeVirtual, HashCredential, certs::GenerateOptions, certs::FetchOptions,
                             Say, Misused>;

/// What the command line asks for. Never throws, never exits.
Command parse(int argc, const char* const* argv);

}  // namespace kp::cli
