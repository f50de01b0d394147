#pragma once

#include <string_view>

#include "base/result.h"
#include "config/model.h"

/// The Go seed's mappings as they stand on the command line. IPv6 addresses are in brackets.
namespace kp::config {

/// "host:port,lhost:lport[,ahost:aport]". The listener's port may be 0, any free one, and its host may be left out
/// (":9092"): all interfaces. Without the third part the listener's own address is advertised.
Result<BootstrapMapping> parse_bootstrap_mapping(std::string_view text);

/// "host:port,ahost:aport": advertised only.
Result<ExternalMapping> parse_external_mapping(std::string_view text);

}  // namespace kp::config
