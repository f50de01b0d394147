#pragma once

#include <string>
#include <vector>

#include "base/host_port.h"

namespace kp::broker {

/// A broker as the cluster describes it.
struct ClusterBroker {
  BrokerId id = -1;
  HostPort address;
  bool fenced = false;  ///< registered, but not serving now

  bool operator==(const ClusterBroker&) const = default;
};

struct Cluster {
  std::string cluster_id;
  std::vector<ClusterBroker> brokers;
  bool complete = false;  ///< names also brokers that are down (DescribeCluster v2): who is missing has left
};

}  // namespace kp::broker
