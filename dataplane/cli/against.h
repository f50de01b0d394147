#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/host_port.h"
#include "base/result.h"
#include "config/files.h"
#include "config/model.h"

namespace kp::cli {

/// Where a running proxy shows its configuration.
struct ConfigPage {
  HostPort address;
  std::string path = "/config";
  bool operator==(const ConfigPage&) const = default;
};

/// "http://host:port", "host:port", either with a path. Errors say what to write.
Result<ConfigPage> parse_config_page(std::string_view url);

/// `check --against`: asks the running proxy, reads the files that `local` names, and says what a reload with `local`
/// would do. Five seconds at most. Errors name the address and what to do.
Result<std::string> check_against(const ConfigPage& running, const config::Config& local);

/// The part of it that asks nobody: `page` is the JSON of /config. A line for each change, then a summary.
Result<std::string> predict(const std::string& page, const config::Config& local,
                            const std::vector<config::FileContent>& files);

}  // namespace kp::cli
