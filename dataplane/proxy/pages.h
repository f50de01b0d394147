#pragma once

#include <string>
#include <vector>

#include "config/files.h"
#include "config/model.h"
#include "proxy/endpoints.h"
#include "virtual/exchange.h"

namespace kp::proxy {

/// Why the file's configuration isn't the one in force. No errors: it is, as far as we know.
struct Refusal {
  std::string generation;  ///< that the refused file named
  std::vector<std::string> errors;
  bool operator==(const Refusal&) const = default;
};

/// What /config says beside the configuration itself.
struct ConfigState {
  std::string hash;           ///< config::hash of what is in force
  std::string loaded_at;      ///< RFC 3339, UTC
  std::uint64_t reloads = 0;  ///< that came into force
  std::uint64_t reload_failures = 0;
  Refusal refusal;
  std::string refused_at;  ///< RFC 3339, UTC; empty: nothing is refused
};

/// The JSON of the admin pages. Secrets are masked.
std::string config_page(const config::Config& config, const ConfigState& state,
                        const std::vector<config::FileDigest>& files, const std::vector<virt::UnfitTopic>& unfit);
std::string brokers_page(const std::vector<Endpoint>& brokers);

/// The start-up summary for a terminal: what clients give as bootstrap.servers, and each mapping.
std::string summary(const config::Config& config, const std::vector<Endpoint>& brokers);

}  // namespace kp::proxy
