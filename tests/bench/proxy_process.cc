#include "bench/proxy_process.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "bench/admin_page.h"
#include "bench/socket.h"

namespace kp::bench {
namespace {

using namespace std::chrono_literals;

constexpr int slots = 20;                       ///< of bootstrap servers, below the brokers' ports
constexpr int broker_id = 1;                    ///< ours
constexpr int most_brokers = 3;                 ///< by the highest max_broker_id
constexpr int admin_at = slots + most_brokers;  ///< above the base
constexpr int ports = admin_at + 1;
constexpr auto start_time = 10s;

std::string file_in(const std::string& folder) { return folder + "/kafkaproxy.yaml"; }

std::string security_of(const ProxySides& sides) {
  const std::string downstream_tls =
      "downstream: {security_protocol: SSL, tls: {cert: " + sides.certificate.certificate +
      ", key: " + sides.certificate.key + "}}\n";
  switch (sides.security) {
    case Security::ClientTls:
      return "  security_protocol: PLAINTEXT\n" + downstream_tls;
    case Security::BothTls:
      return "  security_protocol: SSL\n  tls: {trust_server_certs: true}\n" + downstream_tls;
    case Security::Swap:
      return "  security_protocol: SASL_PLAINTEXT\n  sasl_mechanism: PLAIN\n"
             "downstream: {security_protocol: SASL_PLAINTEXT, sasl_mechanisms: [PLAIN]}\n"
             "auth_swap: {enabled: true, downstream_credentials: [\"alice=wonderland\"], "
             "upstream_credentials: [\"svc=builder\"], mapping: [\"alice=svc\"]}\n";
    case Security::Virtual:
      return "  security_protocol: PLAINTEXT\ndownstream: {security_protocol: PLAINTEXT}\n"
             "partition_mapping: {virtual_partitions: 4, physical_partitions: 1, topics: {bench: {}}}\n";
    case Security::Plain:
      break;
  }
  return "  security_protocol: PLAINTEXT\ndownstream: {security_protocol: PLAINTEXT}\n";
}

/// Client connections stay silent while memory settles, hence the long handshake_timeout.
std::string text_of(const ProxyConfig& config, const ProxySides& sides, int base, std::uint16_t broker_port) {
  std::ostringstream out;
  out << "# generation: " << config.generation << "\n"
      << "bind_address: 127.0.0.1\n"
      << "upstream:\n"
      << "  bootstrap_servers: [\"127.0.0.1:" << broker_port << "\""
      << (config.another_bootstrap ? ", \"broker.bench:" + std::to_string(broker_port) + "\"" : "") << "]\n"
      << security_of(sides) << "broker_mapping:\n"
      << "  mode: port_offset\n"
      << "  port_offset: {hostname: 127.0.0.1, base: " << base << ", max_broker_id: " << config.max_broker_id << "}\n"
      << "resolve: [{host: broker.bench, ipv4: 127.0.0.1}"
      << (config.another_override ? ", {host: other.bench, ipv4: 127.0.0.1}" : "") << "]\n"
      << "admin: {address: \"127.0.0.1:" << base + admin_at << "\"}\n"
      << "limits: {max_connections: 20000, handshake_timeout: 10m, idle_timeout: " << config.idle_minutes << "m}\n"
      << "logging: {level: " << config.log_level << "}\n";
  return out.str();
}

std::string write_first_config(const std::string& folder, const ProxySides& sides, int base,
                               std::uint16_t broker_port) {
  std::filesystem::create_directories(folder);
  const std::string path = file_in(folder);
  std::ofstream(path) << text_of({}, sides, base, broker_port);
  return path;
}

/// A broker's port is there, and the proxy says that it is ready.
bool answers(std::uint16_t port, std::uint16_t admin) {
  if (try_connect_to(port).get() < 0 || try_connect_to(admin).get() < 0) return false;
  return AdminPage(admin, "/readyz").status() == 200;
}

}  // namespace

ProxyProcess::ProxyProcess(const std::string& binary, const std::string& folder, std::uint16_t broker_port,
                           ProxySides sides)
    : folder_(folder),
      broker_port_(broker_port),
      sides_(std::move(sides)),
      base_(free_ports(ports)),
      process_(Process::execute({binary, "run", "--config", write_first_config(folder, sides_, base_, broker_port)},
                                folder + "/kafkaproxy.log")) {
  const auto patience = std::chrono::steady_clock::now() + start_time;
  while (!answers(port(), admin_port())) {
    if (!process_.running() || std::chrono::steady_clock::now() > patience)
      give_up("the proxy didn't start, see " + folder + "/kafkaproxy.log");
    std::this_thread::sleep_for(10ms);
  }
}

std::chrono::steady_clock::time_point ProxyProcess::configure(const ProxyConfig& config) const {
  const std::string path = file_in(folder_);
  const std::string next = path + ".next";
  std::ofstream(next) << text_of(config, sides_, base_, broker_port_);
  const auto before = std::chrono::steady_clock::now();
  std::error_code failed;
  std::filesystem::rename(next, path, failed);
  if (failed) give_up(path + ": " + failed.message());
  return before;
}

std::uint16_t ProxyProcess::port() const { return static_cast<std::uint16_t>(base_ + slots + broker_id); }
std::uint16_t ProxyProcess::admin_port() const { return static_cast<std::uint16_t>(base_ + admin_at); }

}  // namespace kp::bench
