#pragma once

#include <string>

#include "base/result.h"
#include "config/model.h"

namespace kp::proxy {

/// `kafkaproxy virtual describe`: what Kafka's own tools can't show of a virtual topic. For each virtual partition
/// where it stands and where it ends; for each consumer group that has committed some of it, the offsets, and the true
/// lag: records of that virtual partition alone, counted by reading the batches behind the lowest offset. Asks the
/// brokers as `config`, which is valid, reaches them, and logs in as the proxy does by itself. Errors: Invalid (the
/// topic isn't virtual, or hasn't its partitions; a file or value), Unauthorized (only clients can log in), and why a
/// broker could not be asked.
Result<std::string> describe_virtual(const config::Config& config, const std::string& topic);

}  // namespace kp::proxy
