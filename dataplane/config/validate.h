#pragma once

#include "config/fields.h"
#include "config/model.h"

namespace kp::config {

/// Checks that the values fit each other. Rules about something that `report` already complains about are left out, so
/// that one mistake makes one error. Pure; works on a Config that no file said, too (then there are no lines).
void validate(const Config& config, Report& report);

/// The parts of validate(), one per section of the file.
void validate_sides(const Config& config, Report& report);
void validate_mapping(const Config& config, Report& report);
void validate_auth_swap(const Config& config, Report& report);
void validate_ports(const Config& config, Report& report);
void validate_products(const Config& config, Report& report);
void validate_http_produce(const Config& config, const HttpProduce& gateway, Report& report);

/// A proxy is wanted, not only the HTTP gateway.
bool wants_proxy(const Config& config);

/// How the producer of http_produce, which must be there, talks to the brokers: its own word, else upstream's.
SecurityProtocol producer_protocol(const Config& config);
std::optional<SaslMechanism> producer_mechanism(const Config& config);

}  // namespace kp::config
