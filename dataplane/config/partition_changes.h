#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/model.h"

namespace kp::config {

/// What of a new partition_mapping can't come into force where another one is: records are where the old one put them.
struct PartitionRefusal {
  std::string path;  ///< "partition_mapping.topics.orders"
  std::string why;
  bool operator==(const PartitionRefusal&) const = default;
};

/// Topics may be added and get more virtual partitions; they keep their physical ones. By name and pattern, not by the
/// topics that a cluster has: what some pattern stood for must stand under the same numbers, whatever its topics are.
/// Empty: all may come into force.
std::vector<PartitionRefusal> partition_refusals(const std::optional<PartitionMapping>& before,
                                                 const std::optional<PartitionMapping>& after);

}  // namespace kp::config
