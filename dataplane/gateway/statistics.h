#pragma once

#include <string_view>

#include "telemetry/gateway_metrics.h"

namespace kp::gateway {

/// librdkafka's statistics (STATISTICS.md of librdkafka): the figures that the seed shows. Empty where it is no such
/// text.
telemetry::ProducerCounters::Statistics read_statistics(std::string_view json);

}  // namespace kp::gateway
