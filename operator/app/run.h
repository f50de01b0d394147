#pragma once

#include <string>
#include <vector>

namespace kp::app {

struct RunOptions {
  std::string kubeconfig;  ///< empty: $KUBECONFIG outside a pod, the service account in one
  std::string context;
  std::vector<std::string> spaces;
  bool leader_elect = false;
  bool restrict_pods = false;
  std::string image;
  std::string metrics = "[::]:8080";
  std::string log_format = "text";
};

/// Until SIGTERM or SIGINT; a second one ends the process at once. Returns the exit code. Only from main, once.
int run(const RunOptions& options);

}  // namespace kp::app
