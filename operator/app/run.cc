#include "app/run.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/log.h"
#include "base/version.h"
#include "kube/kubeconfig.h"
#include "kube/transport.h"
#include "reconcile/operator.h"

namespace kp::app {
namespace {

enum Exit : int { done = 0, unreachable = 1, usage = 2, failed = 3 };

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "kafkaproxy-operator: %s\n", message.c_str());
  return code;
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Result<kube::Access> access_of(const RunOptions& options) {
  if (!options.kubeconfig.empty()) return kube::from_kubeconfig(options.kubeconfig, options.context);
  const kube::InCluster pod = kube::InCluster::from_environment();
  if (pod.present()) return kube::in_cluster(pod);
  const std::string file = environment("KUBECONFIG");
  if (!file.empty()) return kube::from_kubeconfig(file, options.context);
  return Error{Errc::NotFound, "this is no pod of a cluster: say --kubeconfig FILE"};
}

/// The pod's name, or the host's; and something that no other process has, a restart of ours included.
std::string identity() {
  std::string name = environment("POD_NAME");
  if (name.empty()) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    name = host.data();
  }
  std::random_device random;
  std::array<char, 16> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "_%08x", random());
  return name + suffix.data();
}

sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// This thread waits for signals; what acts has its own.
int serve(const reconcile::Options& options, const sigset_t& signals) {
  const kube::NetworkThread network;
  std::stop_source stop;
  std::atomic<bool> over{false};
  Status ended = Done{};
  std::thread acting([&, here = pthread_self()] {
    ended = reconcile::run(options, stop.get_token());
    over = true;
    pthread_kill(here, SIGTERM);
  });
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (over) break;
    if (stop.stop_requested()) _exit(failed);
    log::info("ending", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    stop.request_stop();
  }
  acting.join();
  if (ended) return done;
  return fail(ended.error().code == Errc::Conflict ? failed : unreachable, ended.error().message);
}

}  // namespace

int run(const RunOptions& options) {
  // Before any thread is there: all of them inherit it, and one waits for them.
  const sigset_t signals = end_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  reconcile::Options wanted;
  const auto metrics = parse_host_port(options.metrics);
  if (!metrics) return fail(usage, "--metrics-address " + options.metrics + ": must be host:port");
  Result<kube::Access> access = access_of(options);
  if (!access) return fail(unreachable, access.error().message);
  wanted.access = std::move(*access);
  wanted.metrics = *metrics;
  wanted.spaces = options.spaces;
  wanted.leader_elect = options.leader_elect;
  wanted.image = options.image;
  wanted.restrict_pods = options.restrict_pods;
  wanted.identity = identity();
  const std::string own_space = environment("POD_NAMESPACE");
  if (!own_space.empty()) {
    wanted.lease_space = own_space;
  } else if (!wanted.access.default_space.empty()) {
    wanted.lease_space = wanted.access.default_space;
  }

  log::configure(log::Level::Info, options.log_format == "json" ? log::Format::Json : log::Format::Text);
  log::info("operator starts", {{"version", version}, {"server", wanted.access.server}, {"identity", wanted.identity}});
  return serve(wanted, signals);
}

}  // namespace kp::app
