#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/version.h"
#include "certs/fetch.h"
#include "certs/generate.h"
#include "cli/command.h"
#include "config/parse.h"
#include "gateway/gateway.h"
#include "proxy/describe_virtual.h"
#include "proxy/handover.h"
#include "proxy/proxy.h"
#include "proxy/reloader.h"

namespace {

constexpr std::chrono::seconds patience{30};  ///< for a new process to learn the brokers

enum Exit : int { done = 0, bad_config = 1, usage = 2, port_taken = 3 };

/// Signals are waited for by main alone; every other thread has them blocked.
sigset_t block_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, number);
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // neither splice nor OpenSSL knows MSG_NOSIGNAL
  return ours;
}

/// Frames of a megabyte come and go by the thousand where partitions are virtual. To map each one anew would cost more
/// than to read it, so what is freed stays: of each thread at most so much.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

kp::config::Parsed load(const std::string& file) { return kp::config::load(file, kp::config::process_environment()); }

/// HTTP, as the proxy knows it.
class HttpService : public kp::proxy::SideService {
 public:
  HttpService(std::vector<kp::net::Loop*> loops, std::function<std::string()> metrics, bool shares_port)
      : gateway_(std::move(loops), std::move(metrics), shares_port) {}
  kp::Status prepare(const kp::config::Config& config, const std::vector<kp::config::FileContent>& files) override {
    return gateway_.prepare(config, files);
  }
  void discard() override { gateway_.discard(); }
  void publish() override { gateway_.publish(); }
  void drain() override { gateway_.drain(); }
  bool idle() const override { return gateway_.idle(); }
  std::optional<std::string> not_ready() const override { return gateway_.not_ready(); }
  std::optional<kp::telemetry::GatewayFigures> figures() const override { return gateway_.figures(); }

 private:
  kp::gateway::Gateway gateway_;
};

kp::proxy::MakeSideService http_service(bool shares_port) {
  return [shares_port](std::vector<kp::net::Loop*> loops, std::function<std::string()> metrics) {
    return std::make_unique<HttpService>(std::move(loops), std::move(metrics), shares_port);
  };
}

/// Nothing where the configuration came from flags: they don't change.
std::unique_ptr<kp::proxy::Reloader> watch(kp::proxy::Proxy& proxy, const std::string& file,
                                           kp::config::Config in_force) {
  if (file.empty()) return nullptr;
  auto started = kp::proxy::Reloader::start(proxy, file, [file] { return load(file); }, std::move(in_force));
  if (started) return std::move(*started);
  kp::log::error("changes of the configuration won't be noticed", {{"reason", started.error().message}});
  return nullptr;
}

/// The process before goes once this one serves; then this one waits for the next.
kp::Result<std::unique_ptr<kp::proxy::HandoverServer>> take_over(kp::proxy::Proxy& proxy, const std::string& path,
                                                                 std::optional<kp::proxy::Takeover>& predecessor) {
  const auto told_to_end = [] {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
  };
  if (predecessor) {
    if (!proxy.open_when_ready(patience, told_to_end))
      return kp::Error{kp::Errc::Timeout, told_to_end() ? "handover: told to end, so the process before goes on"
                                                        : "handover: not ready in 30 s, so the process before goes on"};
    if (kp::Status gone = predecessor->finish(); !gone) return std::move(gone).error();
    proxy.drop_inherited();
    kp::log::info("took over from the process before", {{"handover", path}});
  }
  auto server = kp::proxy::HandoverServer::start(
      path, [&proxy] { return proxy.hand_over(); }, [] { ::kill(::getpid(), SIGTERM); });
  if (server || !predecessor) return server;
  // Nobody else serves any more.
  kp::log::error("the next process can't take over", {{"reason", server.error().message}});
  return std::unique_ptr<kp::proxy::HandoverServer>();
}

int run(kp::cli::Run command) {
  const std::string file = command.config_file.empty() ? "command line" : command.config_file;
  if (!command.config_file.empty()) {
    kp::config::Parsed parsed = load(command.config_file);
    if (!parsed.errors.empty()) {
      std::fputs(kp::config::describe(parsed, file).c_str(), stderr);
      return bad_config;
    }
    for (const auto& warning : parsed.warnings)
      kp::log::warn("configuration", {{"problem", kp::config::to_string(warning, file)}});
    command.config = std::move(parsed.config);
  }
  kp::log::configure(command.config.logging.level, command.config.logging.format);

  const sigset_t signals = block_signals();
  std::optional<kp::proxy::Takeover> predecessor;
  if (!command.handover.empty()) {
    auto begun = kp::proxy::Takeover::begin(command.handover);
    if (!begun) {
      kp::log::error("start failed", {{"reason", begun.error().message}});
      return port_taken;
    }
    predecessor = std::move(*begun);
  }
  auto proxy = kp::proxy::Proxy::start(command.config, command.threads,
                                       predecessor ? std::move(predecessor->inheritance) : kp::proxy::Inheritance{},
                                       http_service(!command.handover.empty()));
  if (!proxy) {
    kp::log::error("start failed", {{"reason", proxy.error().message}});
    const bool port = proxy.error().code == kp::Errc::Conflict || proxy.error().code == kp::Errc::Io;
    return port ? port_taken : bad_config;
  }
  std::unique_ptr<kp::proxy::HandoverServer> successor;
  if (!command.handover.empty()) {
    auto taken = take_over(**proxy, command.handover, predecessor);
    if (!taken) {
      kp::log::error("start failed", {{"reason", taken.error().message}});
      return port_taken;
    }
    successor = std::move(*taken);
  }
  const auto admin = (*proxy)->admin_address();
  kp::log::info("listening",
                {{"version", kp::version}, {"config", file}, {"admin", admin ? to_string(*admin) : "none"}});
  if (isatty(STDOUT_FILENO) == 1) {
    (*proxy)->wait_until_ready(std::chrono::seconds(2));
    std::fputs((*proxy)->summary().c_str(), stdout);
  }
  auto reloader = watch(**proxy, command.config_file, std::move(command.config));
  int received = 0;
  while (sigwait(&signals, &received) != 0 || received == SIGHUP) {
    if (received != SIGHUP) continue;
    if (reloader) reloader->poke();
    if (!reloader) kp::log::warn("SIGHUP ignored: there is no file to reload", {{"config", file}});
  }

  kp::log::info("draining", {{"signal", received == SIGINT ? "SIGINT" : "SIGTERM"}});
  if (successor && successor->handed_over()) (*proxy)->close_admin();
  successor.reset();
  (*proxy)->stop_reloads();
  (*proxy)->drain([&signals] {
    const timespec at_once{};
    if (sigtimedwait(&signals, nullptr, &at_once) < 0) return false;
    std::_Exit(done);
  });
  // A name lookup can't be cancelled and may take longer than anybody wants to wait.
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::seconds(5));
    std::_Exit(done);
  }).detach();
  reloader.reset();
  proxy->reset();
  kp::log::info("stopped", {});
  return done;
}

int check(const kp::cli::Check& command) {
  const kp::config::Parsed parsed = kp::config::load(command.config_file, kp::config::process_environment());
  std::fputs(kp::config::describe(parsed, command.config_file).c_str(), parsed.errors.empty() ? stdout : stderr);
  if (!parsed.errors.empty()) return bad_config;
  if (!command.against) return done;
  const kp::Result<std::string> prediction = kp::cli::check_against(*command.against, parsed.config);
  if (prediction) {
    std::fputs(prediction->c_str(), stdout);
    return done;
  }
  std::fprintf(stderr, "kafkaproxy: %s\n", prediction.error().message.c_str());
  return bad_config;
}

int describe_virtual(const kp::cli::DescribeVirtual& command) {
  const kp::config::Parsed parsed = load(command.config_file);
  if (!parsed.errors.empty()) {
    std::fputs(kp::config::describe(parsed, command.config_file).c_str(), stderr);
    return bad_config;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const kp::Result<std::string> described = kp::proxy::describe_virtual(parsed.config, command.topic);
  if (described) {
    std::fputs(described->c_str(), stdout);
    return done;
  }
  std::fprintf(stderr, "kafkaproxy: %s\n", described.error().message.c_str());
  return bad_config;
}

/// The password comes from standard input; nothing but the line goes to standard output.
int hash_credential(const kp::cli::HashCredential& command) {
  auto password = kp::cli::read_password(command.user, STDIN_FILENO, STDERR_FILENO);
  auto line = password ? kp::cli::hash_credential(command, std::move(*password)) : std::move(password).error();
  if (!line) {
    std::fprintf(stderr, "kafkaproxy: %s\n", line.error().message.c_str());
    return usage;
  }
  std::puts(line->c_str());
  return done;
}

int say(const kp::Result<std::string>& outcome) {
  if (outcome) {
    std::fputs(outcome->c_str(), stdout);
    return done;
  }
  std::fprintf(stderr, "kafkaproxy: %s\n", outcome.error().message.c_str());
  return outcome.error().code == kp::Errc::Invalid ? usage : bad_config;
}

}  // namespace

int main(int argc, char** argv) {
  kp::cli::Command command = kp::cli::parse(argc, argv);
  keep_freed_memory();
  if (auto* to_run = std::get_if<kp::cli::Run>(&command)) return run(std::move(*to_run));
  if (const auto* to_check = std::get_if<kp::cli::Check>(&command)) return check(*to_check);
  if (const auto* to_look_at = std::get_if<kp::cli::DescribeVirtual>(&command)) return describe_virtual(*to_look_at);
  if (const auto* to_hash = std::get_if<kp::cli::HashCredential>(&command)) return hash_credential(*to_hash);
  if (const auto* to_make = std::get_if<kp::certs::GenerateOptions>(&command))
    return say(kp::certs::generate(*to_make));
  if (const auto* to_fetch = std::get_if<kp::certs::FetchOptions>(&command)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    return say(kp::certs::fetch_ca(*to_fetch));
  }
  if (const auto* text = std::get_if<kp::cli::Say>(&command)) {
    std::fputs(text->text.c_str(), stdout);
    return done;
  }
  const auto& misused = std::get<kp::cli::Misused>(command);
  std::fprintf(stderr, "kafkaproxy: %s\nSee %s --help.\n", misused.text.c_str(), misused.help.c_str());
  return usage;
}
