#include "app/command.h"

#include <CLI/CLI.hpp>

#include "base/version.h"

namespace kp::app {
namespace {

constexpr const char* render_examples = R"(Examples:
  kafkaproxy-operator render -f orders.yaml                        every object that it would make
  kafkaproxy-operator render -f orders.yaml --secrets secrets.yaml  with what it refers to
  kubectl get kp,secret,service -n shop -o yaml | kafkaproxy-operator render -f -
  kafkaproxy-operator render -f orders.yaml --status               its conditions and addresses too

Errors and warnings go to standard error. A Secret that isn't given is told there, and what it would hold is left out.
Exit codes: 0 done, 1 the operator would not apply this, 2 wrong usage.)";

constexpr const char* run_examples = R"(Examples:
  kafkaproxy-operator run                                      in a pod, by its service account, for all namespaces
  kafkaproxy-operator run --kubeconfig ~/.kube/config --namespace shop --namespace billing
  kafkaproxy-operator run --leader-elect                       one of several acts, the others wait

Pages: /metrics, /healthz, /readyz. SIGTERM ends it in order.
Exit codes: 0 done, 1 no way to the API server, 2 wrong usage, 3 the port is taken or the lease was lost.)";

/// Returns the subcommand.
CLI::App* add_run(CLI::App& app, RunOptions& into) {
  CLI::App* const run = app.add_subcommand("run", "Look after the KafkaProxies of a cluster");
  run->add_option("--kubeconfig", into.kubeconfig, "how to reach the cluster from outside of it");
  run->add_option("--context", into.context, "of the kubeconfig, instead of the current one");
  run->add_option("--namespace", into.spaces, "namespace to look after; may be repeated; default: all");
  run->add_flag("--leader-elect", into.leader_elect, "act only while holding the Lease kafkaproxy-operator");
  run->add_option("--image", into.image, "image of the data plane")->capture_default_str();
  run->add_flag("--restrict-pods", into.restrict_pods,
                "refuse KafkaProxies with an image of their own, or a podTemplate that changes what runs in a pod");
  run->add_option("--metrics-address", into.metrics, "host:port of /metrics and the probes")->capture_default_str();
  run->add_option("--log-format", into.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  run->footer(run_examples);
  return run;
}

/// Returns the subcommand.
CLI::App* add_render(CLI::App& app, RenderOptions& into, std::vector<std::string>& secrets) {
  CLI::App* const render = app.add_subcommand("render", "Print what would be made of a KafkaProxy, without a cluster");
  render->add_option("-f,--filename", into.files, "YAML or JSON file with KafkaProxies; - is standard input")
      ->required();
  render->add_option("--secrets", secrets, "files with the Secrets that they refer to");
  render->add_option("--image", into.plan.image, "image of the data plane")->capture_default_str();
  render->add_flag("--service-monitors", into.plan.service_monitors, "as if the cluster had ServiceMonitors");
  render->add_flag("--restrict-pods", into.plan.restrict_pods, "as of an operator that runs with it");
  render->add_flag("--status", into.with_status, "print each KafkaProxy with its status too");
  render->footer(render_examples);
  return render;
}

}  // namespace

Command parse(int argc, const char* const* argv) {
  CLI::App app("The operator of KafkaProxy: makes fleets of Kafka proxies from KafkaProxy objects.",
               "kafkaproxy-operator");
  app.set_version_flag("--version", "kafkaproxy-operator " + std::string(version));
  RenderOptions to_render;
  to_render.plan.image = "kafkaproxy/kafkaproxy:" + std::string(version);
  to_render.plan.tolerate_missing_secrets = true;
  std::vector<std::string> secrets;
  RunOptions to_run;
  to_run.image = "kafkaproxy/kafkaproxy:" + std::string(version);
  CLI::App* const run = add_run(app, to_run);
  CLI::App* const render = add_render(app, to_render, secrets);
  CLI::App* const version_command = app.add_subcommand("version", "Print the version");
  app.require_subcommand(0, 1);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Say{app.help()};
  } catch (const CLI::CallForVersion&) {
    return Say{"kafkaproxy-operator " + std::string(version) + "\n"};
  } catch (const CLI::ParseError& wrong) {
    return Misused{wrong.what()};
  }
  if (*version_command) return Say{"kafkaproxy-operator " + std::string(version) + "\n"};
  if (*run) return to_run;
  if (*render) {
    to_render.files.insert(to_render.files.end(), secrets.begin(), secrets.end());
    return to_render;
  }
  return Misused{"say what to do: run, render or version"};
}

}  // namespace kp::app
