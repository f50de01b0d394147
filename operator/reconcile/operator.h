#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/result.h"
#include "kube/access.h"

/// The operator as a whole: what `kafkaproxy-operator run` runs.
namespace kp::reconcile {

struct Options {
  kube::Access access;
  std::vector<std::string> spaces;  ///< namespaces to look after; empty: all
  bool leader_elect = false;
  std::string lease_space = "default";
  std::string identity;        ///< this process, among those that would lead
  std::string image;           ///< of the data plane, where a KafkaProxy names none
  bool restrict_pods = false;  ///< as plan::Options has it
  HostPort metrics{"::", 8080};
  unsigned workers = 4;
};

/// Until stopped. A kube::NetworkThread outlives the call. Errors: Invalid, for an access that can't be used;
/// Conflict, for a port that is taken, or a lease that was lost.
Status run(const Options& options, const std::stop_token& stop);

}  // namespace kp::reconcile
