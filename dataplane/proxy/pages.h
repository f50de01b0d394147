#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "proxy/endpoints.h"

namespace kp::proxy {

/// What /config says beside the configuration itself.
struct ConfigState {
  std::string hash;       ///< config::hash of what is in force
  std::string loaded_at;  ///< RFC 3339, UTC
  std::string last_reload_error;
};

/// The JSON of the admin pages. Secrets are masked. `masked_yaml` is config::emit(…, Mask).
std::string config_page(const config::Config& config, const ConfigState& state, const std::string& masked_yaml);
std::string brokers_page(const std::vector<Endpoint>& brokers);

/// The start-up summary for a terminal: what clients give as bootstrap.servers, and each mapping.
std::string summary(const config::Config& config, const std::vector<Endpoint>& brokers);

}  // namespace kp::proxy
