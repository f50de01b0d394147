#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/version.h"
#include "certs/fetch.h"
#include "certs/generate.h"
#include "cli/command.h"
#include "config/parse.h"
#include "proxy/proxy.h"

namespace {

enum Exit : int { done = 0, bad_config = 1, usage = 2, port_taken = 3 };

/// Signals are waited for by main alone; every other thread has them blocked.
sigset_t block_signals() {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, number);
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  return ours;
}

/// What the configuration asks for and this version can't do: refused, since going without would mislead.
std::string not_built_in(const kp::config::Config& config) {
  if (config.partition_mapping) return "partition_mapping";
  if (config.http_produce) return "http_produce";
  return {};
}

int run(kp::cli::Run command) {
  const std::string file = command.config_file.empty() ? "command line" : command.config_file;
  if (!command.config_file.empty()) {
    kp::config::Parsed parsed = kp::config::load(command.config_file, kp::config::process_environment());
    if (!parsed.errors.empty()) {
      std::fputs(kp::config::describe(parsed, file).c_str(), stderr);
      return bad_config;
    }
    for (const auto& warning : parsed.warnings)
      kp::log::warn("configuration", {{"problem", kp::config::to_string(warning, file)}});
    command.config = std::move(parsed.config);
  }
  if (const std::string missing = not_built_in(command.config); !missing.empty()) {
    std::fprintf(stderr, "%s: %s: this version can't do that yet: remove it\n", file.c_str(), missing.c_str());
    return bad_config;
  }
  kp::log::configure(command.config.logging.level, command.config.logging.format);

  const sigset_t signals = block_signals();
  auto proxy = kp::proxy::Proxy::start(std::move(command.config), command.threads);
  if (!proxy) {
    kp::log::error("start failed", {{"reason", proxy.error().message}});
    const bool port = proxy.error().code == kp::Errc::Conflict || proxy.error().code == kp::Errc::Io;
    return port ? port_taken : bad_config;
  }
  const auto admin = (*proxy)->admin_address();
  kp::log::info("listening",
                {{"version", kp::version}, {"config", file}, {"admin", admin ? to_string(*admin) : "none"}});
  if (isatty(STDOUT_FILENO) == 1) {
    (*proxy)->wait_until_ready(std::chrono::seconds(2));
    std::fputs((*proxy)->summary().c_str(), stdout);
  }
  int received = 0;
  while (sigwait(&signals, &received) != 0 || received == SIGHUP)
    if (received == SIGHUP) kp::log::warn("SIGHUP ignored: this version can't reload yet, restart it", {});

  kp::log::info("draining", {{"signal", received == SIGINT ? "SIGINT" : "SIGTERM"}});
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
  proxy->reset();
  kp::log::info("stopped", {});
  return done;
}

int check(const kp::cli::Check& command) {
  const kp::config::Parsed parsed = kp::config::load(command.config_file, kp::config::process_environment());
  std::fputs(kp::config::describe(parsed, command.config_file).c_str(), parsed.errors.empty() ? stdout : stderr);
  return parsed.errors.empty() ? done : bad_config;
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
  if (auto* to_run = std::get_if<kp::cli::Run>(&command)) return run(std::move(*to_run));
  if (const auto* to_check = std::get_if<kp::cli::Check>(&command)) return check(*to_check);
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
  std::fprintf(stderr, "kafkaproxy: %s\nSee kafkaproxy --help.\n", std::get<kp::cli::Misused>(command).text.c_str());
  return usage;
}
