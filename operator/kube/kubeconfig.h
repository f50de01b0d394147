#pragma once

#include <string>

#include "base/result.h"
#include "kube/access.h"

namespace kp::kube {

/// What Kubernetes gives to every pod.
struct InCluster {
  std::string host = {};  ///< KUBERNETES_SERVICE_HOST
  std::string port = {};  ///< KUBERNETES_SERVICE_PORT
  std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount";

  static InCluster from_environment();
  bool present() const { return !host.empty(); }
};

/// By the pod's service account. Errors: NotFound and Invalid, with the file or the variable.
Result<Access> in_cluster(const InCluster& pod);

/// By a kubeconfig file: an Error names the file and the field. `context` empty: the current one. Logins that need
/// another program (exec, auth-provider) are Unsupported.
Result<Access> from_kubeconfig(const std::string& file, const std::string& context = {});

}  // namespace kp::kube
