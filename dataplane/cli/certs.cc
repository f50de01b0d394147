#include "cli/certs.h"

#include <CLI/CLI.hpp>

namespace kp::cli {
namespace {

constexpr const char* generate_examples =
    R"(Makes ca, server and one certificate for each client, as NAME.pem and NAME_key.pem. Writes nothing when one of
these files is there already. Private keys can be read by their owner only.

Examples:
  kafkaproxy certs generate --sni-suffix kafka.example.com --out certs
  kafkaproxy certs generate --sni-suffix kafka.example.com --algorithm rsa --clients billing orders)";

constexpr const char* fetch_examples =
    R"(Verifies nothing: compare the fingerprint that it prints before you use the file. Does not overwrite.

Examples:
  kafkaproxy certs fetch-ca --server kafka-0:9093
  kafkaproxy certs fetch-ca --server kafka-0:9093 --out kafka_ca.pem)";

}  // namespace

CertsCommands::CertsCommands(CLI::App& app) {
  CLI::App* const certs = app.add_subcommand("certs", "Make certificates, or fetch the authority of a server");
  certs->require_subcommand(1);
  add_generate(*certs);
  add_fetch(*certs);
  add_seed_flags(app);
}

void CertsCommands::add_generate(CLI::App& certs) {
  CLI::App& command =
      *certs.add_subcommand("generate", "Make an authority, a server's certificate and clients' certificates");
  generate_command_ = &command;
  command.add_option("--sni-suffix", generate_.sni_suffix, "S: the server's certificate is for *.S and S")->required();
  command.add_option("--out", generate_.directory, "where to (default: here)");
  command.add_option("--algorithm", algorithm_, "ec: P-256, rsa: 3072 bits (default ec)")
      ->check(CLI::IsMember({"ec", "rsa"}));
  command
      .add_option("--days", generate_.days,
                  "how long all but the authority are good (default " + std::to_string(certs::default_days) +
                      "; the authority: 20 years)")
      ->check(CLI::Range(1, certs::authority_days));
  command.add_option("--clients", generate_.clients, "their names, also their CN (default client1 client2)");
  command.footer(generate_examples);
}

void CertsCommands::add_fetch(CLI::App& certs) {
  CLI::App& command = *certs.add_subcommand("fetch-ca", "Save the topmost certificate that a TLS server sends");
  fetch_command_ = &command;
  command.add_option("--server", server_, "host:port")->required();
  command.add_option("--out", fetch_.out, "default server_ca.pem");
  command.add_flag("--leaf", fetch_.leaf, "save the server's own certificate when it sends no authority");
  command.footer(fetch_examples);
}

void CertsCommands::add_seed_flags(CLI::App& app) {
  const std::string group = "As kafka_proxy has them";
  CLI::Option* const generate =
      app.add_flag("--generate-certs", seed_generate_, "as certs generate, in this directory")->group(group);
  CLI::Option* const suffix = app.add_option("--sni-suffix", generate_.sni_suffix)->group(group);
  CLI::Option* const fetch = app.add_flag("--save-ca-certs", seed_fetch_, "as certs fetch-ca")->group(group);
  CLI::Option* const server = app.add_option("--server", server_, "host:port")->group(group);
  generate->needs(suffix)->excludes(fetch);
  suffix->needs(generate);
  fetch->needs(server);
  server->needs(fetch);
}

std::optional<CertsCommands::Wanted> CertsCommands::wanted() const {
  if (seed_generate_ || *generate_command_) {
    certs::GenerateOptions options = generate_;
    options.algorithm = algorithm_ == "rsa" ? certs::KeyAlgorithm::Rsa : certs::KeyAlgorithm::Ec;
    return options;
  }
  if (!seed_fetch_ && !*fetch_command_) return std::nullopt;
  Result<HostPort> server = parse_host_port(server_);
  if (!server) return std::move(server).error().within("--server");
  certs::FetchOptions options = fetch_;
  options.server = std::move(*server);
  return options;
}

}  // namespace kp::cli
