#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "auth/mechanism.h"
#include "auth/verifier.h"
#include "base/version.h"
#include "cli/certs.h"
#include "cli/completion.h"
#include "config/flags.h"
#include "config/validate.h"

namespace kp::cli {
namespace {

constexpr const char* examples = R"(Examples:
  kafkaproxy check --config config.yaml         every error with its line, then exit
  kafkaproxy check --config config.yaml --against localhost:9404
                                                what a reload would change in a running proxy, and whom it would cut
  kafkaproxy run --config config.yaml
  kafkaproxy run --bootstrap-server-mapping kafka-0:9092,127.0.0.1:32400
  kafkaproxy run --bootstrap-server-mapping "kafka-0:9092,0.0.0.0:32400,proxy:32400" \
                 --deterministic-listeners --dynamic-sequential-min-port 32500
  kafkaproxy virtual describe --config config.yaml orders     virtual partitions, and the true lag of their consumers
  kafkaproxy credentials hash alice             a line for downstream_credentials, without the password
  kafkaproxy certs generate --sni-suffix kafka.example.com    an authority, *.kafka.example.com, two clients
  kafkaproxy certs fetch-ca --server kafka-0:9093             a server's authority, for upstream.tls.ca_certs
  source <(kafkaproxy completion bash)

Exit codes: 0 done, 1 the configuration is wrong, or certs or --against failed,
2 wrong usage, 3 a bootstrap or admin port can't be bound.
SIGTERM drains, a second one ends at once.)";

constexpr const char* run_examples = R"(Examples:
  kafkaproxy run --config config.yaml
  kafkaproxy run --config config.yaml --handover /run/kafkaproxy.sock
  kafkaproxy run --bootstrap-server-mapping kafka-0:9092,127.0.0.1:32400

SIGTERM drains, a second one ends at once; SIGHUP reads the file again.)";

constexpr const char* check_examples = R"(Examples:
  kafkaproxy check --config config.yaml
  kafkaproxy check --config config.yaml --against localhost:9404

Exit codes: 0 the file is valid, 1 it isn't, or the running proxy can't be asked.)";

constexpr const char* describe_examples = R"(Example:
  kafkaproxy virtual describe --config config.yaml orders

FILE is the proxy's own: its upstream says where the brokers are, and its partition_mapping names the topic. They are
asked by this process, which changes nothing. LAG counts the records behind a commit, of that partition alone; where a
group has committed nothing there is no line.)";

constexpr const char* completion_examples = R"(Examples:
  source <(kafkaproxy completion bash)
  source <(kafkaproxy completion zsh)
  kafkaproxy completion fish | source)";

/// The innermost command that the line names: "kafkaproxy virtual describe".
std::string named_by(const CLI::App& app) {
  const auto inner = app.get_subcommands();
  return app.get_name() + (inner.empty() ? "" : " " + named_by(*inner.front()));
}

/// The Go seed's flags: dynamic mode without a file.
struct DynamicFlags {
  std::vector<std::string> bootstrap;
  std::vector<std::string> external;
  bool listeners_off = false;
  bool deterministic = false;
  std::string listener_ip = "0.0.0.0";
  std::string advertised_listener;
  std::uint16_t min_port = 0;
  std::uint32_t max_port = 0;
  std::string admin = "0.0.0.0:9404";
  std::string log_level = "info";
  std::string log_format = "text";
};

void add_dynamic_flags(CLI::App& run, DynamicFlags& flags) {
  const std::string group = "Without a file (dynamic listeners)";
  run.add_option("--bootstrap-server-mapping", flags.bootstrap,
                 "broker:port,listen:port[,advertised:port]; repeat for more")
      ->delimiter('\0')
      ->group(group);
  run.add_option("--external-server-mapping", flags.external, "broker:port,advertised:port: advertise, don't listen")
      ->delimiter('\0')
      ->group(group);
  run.add_flag("--dynamic-listeners-disable", flags.listeners_off, "no listeners for discovered brokers")->group(group);
  run.add_option("--default-listener-ip", flags.listener_ip, "where listeners of discovered brokers bind")
      ->group(group);
  run.add_option("--dynamic-advertised-listener", flags.advertised_listener,
                 "host[:port] to advertise; {{.brokerId}} is the broker's id")
      ->group(group);
  run.add_option("--dynamic-sequential-min-port", flags.min_port,
                 "first port, with --dynamic-sequential-max-ports or --deterministic-listeners; 0: any free one")
      ->group(group);
  run.add_option("--dynamic-sequential-max-ports", flags.max_port, "how many ports from there")->group(group);
  run.add_flag("--deterministic-listeners", flags.deterministic, "port = min port + broker id")->group(group);
  run.add_option("--admin-address", flags.admin, "host:port of metrics and health (default 0.0.0.0:9404), or none")
      ->group(group);
  run.add_option("--log-level", flags.log_level)
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->group(group);
  run.add_option("--log-format", flags.log_format)->check(CLI::IsMember({"text", "json"}))->group(group);
}

constexpr const char* hash_examples = R"(Examples:
  kafkaproxy credentials hash alice                              asks for the password
  kafkaproxy credentials hash alice < password.txt >> users.txt  for downstream_credentials_file

The line serves for SCRAM by this mechanism, and for PLAIN. A user may have one line for each mechanism.)";

/// `credentials hash`; returns that subcommand. The mechanism comes as text.
CLI::App* add_credentials(CLI::App& app, HashCredential& into, std::string& mechanism) {
  CLI::App* const credentials = app.add_subcommand("credentials", "Tools for the users of auth_swap");
  CLI::App* const hash = credentials->add_subcommand(
      "hash", "Read a password from standard input, print the user with a SCRAM verifier instead of it");
  hash->add_option("user", into.user)->required();
  hash->add_option("--mechanism", mechanism)
      ->check(CLI::IsMember({"SCRAM-SHA-256", "SCRAM-SHA-512"}))
      ->capture_default_str();
  hash->add_option("--iterations", into.iterations, "what each guess at the password, and each PLAIN login, costs")
      ->check(CLI::Range(auth::min_iterations, auth::max_iterations))
      ->capture_default_str();
  hash->footer(hash_examples);
  credentials->require_subcommand(1);
  return hash;
}

Status read_mappings(const DynamicFlags& flags, config::DynamicMapping& into) {
  for (const std::string& text : flags.bootstrap) {
    Result<config::BootstrapMapping> mapping = config::parse_bootstrap_mapping(text);
    if (!mapping) return std::move(mapping).error().within("--bootstrap-server-mapping");
    into.bootstrap.push_back(std::move(*mapping));
  }
  for (const std::string& text : flags.external) {
    Result<config::ExternalMapping> mapping = config::parse_external_mapping(text);
    if (!mapping) return std::move(mapping).error().within("--external-server-mapping");
    into.external.push_back(std::move(*mapping));
  }
  return Done{};
}

Result<config::Config> from_flags(const DynamicFlags& flags) {
  config::DynamicMapping mapping;
  if (Status ok = read_mappings(flags, mapping); !ok) return std::move(ok).error();
  mapping.listeners = !flags.listeners_off;
  mapping.listener_ip = flags.listener_ip;
  mapping.advertised_listener = flags.advertised_listener;
  mapping.min_port = flags.min_port;
  mapping.max_ports = static_cast<std::uint16_t>(flags.max_port);
  mapping.deterministic = flags.deterministic;

  config::Config config;
  config.downstream.security_protocol = config::SecurityProtocol::Plaintext;
  config.broker_mapping = std::move(mapping);
  config.admin_address.reset();
  if (flags.admin != "none") {
    Result<HostPort> admin = parse_host_port(flags.admin, true);
    if (!admin) return std::move(admin).error().within("--admin-address");
    config.admin_address = *admin;
  }
  if (flags.log_level == "debug") config.logging.level = log::Level::Debug;
  if (flags.log_level == "warn") config.logging.level = log::Level::Warn;
  if (flags.log_level == "error") config.logging.level = log::Level::Error;
  if (flags.log_format == "json") config.logging.format = log::Format::Json;

  config::Report report;
  config::validate(config, report);
  if (!report.errors.empty())
    return Error{Errc::Invalid, report.errors.front().path + ": " + report.errors.front().message};
  return config;
}

/// The Go seed's variable: mappings with spaces between them. Flags and --config win.
void add_from_environment(DynamicFlags& flags) {
  const char* const value = std::getenv("BOOTSTRAP_SERVER_MAPPING");
  std::istringstream words(value == nullptr ? "" : value);
  for (std::string mapping; words >> mapping;) flags.bootstrap.push_back(mapping);
}

Command run_command(const std::string& config_file, DynamicFlags flags, unsigned threads, const std::string& handover) {
  if (config_file.empty() && flags.bootstrap.empty()) add_from_environment(flags);
  if (flags.bootstrap.empty())
    return Run{.config_file = config_file.empty() ? "config.yaml" : config_file,
               .config = {},
               .threads = threads,
               .handover = handover};
  if (!config_file.empty()) return Misused{"--config and --bootstrap-server-mapping exclude each other"};
  Result<config::Config> config = from_flags(flags);
  if (!config) return Misused{config.error().message};
  return Run{.config_file = {}, .config = std::move(*config), .threads = threads, .handover = handover};
}

Command check_command(const std::string& config_file, const std::optional<std::string>& against) {
  Check check{config_file.empty() ? "config.yaml" : config_file, std::nullopt};
  if (!against) return check;
  Result<ConfigPage> page = parse_config_page(*against);
  if (!page) return Misused{std::move(page).error().within("--against").message};
  check.against = std::move(*page);
  return check;
}

Command as_command(const CertsCommands::Wanted& wanted) {
  if (const auto* generate = std::get_if<certs::GenerateOptions>(&wanted)) return *generate;
  if (const auto* fetch = std::get_if<certs::FetchOptions>(&wanted)) return *fetch;
  return Misused{std::get<Error>(wanted).message};
}

}  // namespace

Command parse(int argc, const char* const* argv) {
  CLI::App app("A Kafka proxy: clients see its addresses, brokers stay behind it.", "kafkaproxy");
  std::string config_file;
  std::string shell;
  std::optional<std::string> against;
  unsigned threads = 0;
  std::string handover;
  DynamicFlags flags;
  app.add_option("-c,--config", config_file, "YAML file; without a subcommand: run it");
  app.set_version_flag("--version", "kafkaproxy " + std::string(version));
  CLI::App* const run = app.add_subcommand("run", "Serve clients until SIGTERM");
  run->add_option("-c,--config", config_file, "YAML file (default config.yaml)");
  run->add_option("--threads", threads, "event loops (default: one per usable core)")->check(CLI::Range(1, 1024));
  run->add_option("--handover", handover,
                  "Unix socket: take over the ports of the process that listens there, then listen for the next one");
  add_dynamic_flags(*run, flags);
  run->footer(run_examples);
  CLI::App* const check = app.add_subcommand(
      "check", "Say every error of a configuration, with its line; opens the files it names only with --against");
  check->add_option("-c,--config", config_file, "YAML file (default config.yaml)");
  check->add_option(
      "--against", against,
      "[http://]host:port, admin.address of a running proxy: say what a reload with this file would change "
      "there, and which connections that concerns");
  check->footer(check_examples);
  DescribeVirtual to_describe;
  CLI::App* const virtual_topics = app.add_subcommand("virtual", "Look at virtual partitions");
  CLI::App* const describe = virtual_topics->add_subcommand(
      "describe", "Where each virtual partition of a topic stands, and the true lag of consumer groups");
  describe->add_option("-c,--config", config_file, "YAML file (default config.yaml)");
  describe->add_option("topic", to_describe.topic)->required();
  describe->footer(describe_examples);
  virtual_topics->require_subcommand(1);
  CLI::App* const version_command = app.add_subcommand("version", "Print the version");
  CLI::App* const completion = app.add_subcommand("completion", "Print a completion script");
  completion->add_option("shell", shell)->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(completion_examples);
  HashCredential to_hash;
  std::string mechanism(auth::wire_name(to_hash.mechanism));
  CLI::App* const hash = add_credentials(app, to_hash, mechanism);
  const CertsCommands certs(app);
  app.require_subcommand(0, 1);
  app.footer(examples);  // last, or each subcommand would have it, too

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Say{app.help()};
  } catch (const CLI::CallForVersion&) {
    return Say{"kafkaproxy " + std::string(version) + "\n"};
  } catch (const CLI::ParseError& wrong) {
    return Misused{wrong.what(), named_by(app)};
  }
  if (*version_command) return Say{"kafkaproxy " + std::string(version) + "\n"};
  if (*completion) return Say{completion_script(shell)};
  if (*hash) {
    to_hash.mechanism = auth::find_mechanism(mechanism).value_or(to_hash.mechanism);
    return to_hash;
  }
  if (const auto wanted = certs.wanted()) return as_command(*wanted);
  if (*check) return check_command(config_file, against);
  if (*describe) {
    to_describe.config_file = config_file.empty() ? "config.yaml" : config_file;
    return to_describe;
  }
  if (*run || !config_file.empty()) return run_command(config_file, flags, threads, handover);
  return Misused{"say what to do: run, check, virtual, credentials, certs, version or completion"};
}

}  // namespace kp::cli
