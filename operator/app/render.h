#pragma once

#include <string>
#include <vector>

#include "api/times.h"
#include "base/result.h"
#include "kube/object.h"
#include "plan/inputs.h"

/// `kafkaproxy-operator render`: what the operator would make, without a cluster.
namespace kp::app {

struct RenderOptions {
  std::vector<std::string> files{};  ///< of KafkaProxies, and of what they refer to
  plan::Options plan{};
  bool with_status = false;  ///< print the statuses too
};

struct Rendered {
  std::vector<kube::Json> objects{};
  std::vector<kube::Json> statuses{};  ///< each KafkaProxy with its status instead of its spec
  std::vector<std::string> notes{};    ///< for standard error: a line each
  bool refused = false;                ///< the operator would not apply one of them
};

/// All KafkaProxies among `documents`, each beside the others. Of the rest count Secrets (what specs refer to, and
/// NAME-self-signed), and a Service NAME for its status.loadBalancer; the KafkaProxy's own status.brokers stands for
/// what pods report. Invalid: no KafkaProxy is there.
Result<Rendered> render(const std::vector<kube::Json>& documents, const RenderOptions& options, api::Time now);

/// All documents of the files; "-" is standard input. Invalid names the file.
Result<std::vector<kube::Json>> read_documents(const std::vector<std::string>& files);

/// The objects as one YAML text, with --- between them.
std::string to_text(const std::vector<kube::Json>& objects);

}  // namespace kp::app
