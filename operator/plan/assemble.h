#pragma once

#include <map>
#include <string>

#include "config/model.h"
#include "plan/finding.h"
#include "plan/inputs.h"

namespace kp::plan {

/// What the data plane gets, before it has a generation.
struct Assembled {
  config::Config config;                     ///< holds no secret: it names `files`
  std::map<std::string, std::string> files;  ///< by name below mount_path
};

/// The host that port offset routing tells clients: the spec's, else the load balancer's, else the Service's.
std::string hostname_of(const Inputs& inputs);

/// From spec and Secrets. `made`: the data of the operator's own certificate, where the spec asks for it. What is
/// missing or doesn't fit is a finding; each is there, not only the first.
Assembled assemble(const Inputs& inputs, const SecretData& made, Findings& findings);

}  // namespace kp::plan
