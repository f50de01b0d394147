#pragma once

#include "config/fields.h"
#include "config/model.h"

/// From YAML to the model, a function per part of the file. Each checks the shape and the range of single values and
/// fills defaults in; what values mean together is validate.h's business.
namespace kp::config {

void read_upstream(Section& top, Report& report, Config& config);
void read_downstream(Section& top, Report& report, Config& config);
void read_broker_mapping(Section& top, Report& report, Config& config);
void read_auth_swap(Section& top, Report& report, Config& config);
void read_resolve(Section& top, Report& report, Config& config);
void read_partition_mapping(Section& top, Report& report, Config& config);
void read_http_produce(Section& top, Report& report, Config& config);
void read_admin(Section& top, Report& report, Config& config);
void read_limits(Section& top, Report& report, Config& config);
void read_logging(Section& top, Report& report, Config& config);

void read_upstream_tls(Section& tls, UpstreamTls& out);
void read_downstream_tls(Section& tls, Report& report, DownstreamTls& out);
void read_credentials(Section& section, Report& report, std::string_view key, std::vector<Credential>& out);

/// A duration above 0 and up to `most`.
void read_duration(Section& section, std::string_view key, std::chrono::milliseconds& out, std::chrono::hours most);

}  // namespace kp::config
