#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/model.h"
#include "plan/finding.h"
#include "plan/inputs.h"

namespace kp::plan {

/// The values that a spec refers to. `path` says where in the spec. What isn't there is a finding. Borrows both.
class SecretReader {
 public:
  SecretReader(const Inputs& inputs, Findings& findings) : inputs_(inputs), findings_(findings) {}

  std::optional<std::string> value(const std::string& path, const api::SecretRef& ref, const std::string& key);

  /// Of user=secret lines, or of the keys username and password.
  std::optional<std::vector<config::Credential>> credentials(const std::string& path, const api::SecretRef& ref);

 private:
  const SecretData* secret(const std::string& path, const api::SecretRef& ref);
  void missing_key(const std::string& path, const api::SecretRef& ref, const std::string& what);
  std::optional<std::vector<config::Credential>> pair(const std::string& path, const api::SecretRef& ref,
                                                      const std::string& user, const std::string& password);

  const Inputs& inputs_;
  Findings& findings_;
};

}  // namespace kp::plan
