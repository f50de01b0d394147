#include "bench/proxy_process.h"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "bench/frames.h"
#include "bench/socket.h"

namespace kp::bench {
namespace {

using namespace std::chrono_literals;

constexpr int slots = 20;                         ///< of bootstrap servers, below the brokers' ports
constexpr int max_broker_id = 1;                  ///< ours
constexpr int ports = slots + max_broker_id + 2;  ///< brokers 0 and 1, and admin after them
constexpr auto start_time = 10s;

/// Below the ephemeral range, so that a connection of ours doesn't take one of them first.
int free_base() {
  constexpr int lowest = 20000;
  constexpr int highest = 32000;
  for (int base = lowest + ::getpid() % 4000; base < highest; base += ports) {
    bool all_free = true;
    for (int i = 0; i < ports && all_free; ++i) all_free = port_is_free(static_cast<std::uint16_t>(base + i));
    if (all_free) return base;
  }
  give_up("no range of free ports");
}

std::string write_config(const std::string& folder, int base, std::uint16_t broker_port) {
  const std::string path = folder + "/kafkaproxy.yaml";
  std::ofstream(path)
      << "bind_address: 127.0.0.1\n"
      << "upstream: {bootstrap_servers: [\"127.0.0.1:" << broker_port << "\"], security_protocol: PLAINTEXT}\n"
      << "downstream: {security_protocol: PLAINTEXT}\n"
      << "broker_mapping:\n"
      << "  mode: port_offset\n"
      << "  port_offset: {hostname: 127.0.0.1, base: " << base << ", max_broker_id: " << max_broker_id << "}\n"
      << "admin: {address: \"127.0.0.1:" << base + ports - 1 << "\"}\n"
      << "limits: {max_connections: 20000, handshake_timeout: 10m}  # clients stay silent while memory settles\n";
  return path;
}

bool answers(std::uint16_t port) {
  const Fd socket = try_connect_to(port);
  if (socket.get() < 0) return false;
  send_all(socket, api_versions_request());
  Bytes answer;
  return receive_frame(socket, answer);
}

std::uint16_t broker_port_of(int base) { return static_cast<std::uint16_t>(base + slots + max_broker_id); }

}  // namespace

ProxyProcess::ProxyProcess(const std::string& binary, const std::string& folder, std::uint16_t broker_port)
    : ProxyProcess(binary, folder, broker_port, free_base()) {}

ProxyProcess::ProxyProcess(const std::string& binary, const std::string& folder, std::uint16_t broker_port, int base)
    : port_(broker_port_of(base)),
      process_(Process::execute({binary, "run", "--config", write_config(folder, base, broker_port)},
                                folder + "/kafkaproxy.log")) {
  const auto patience = std::chrono::steady_clock::now() + start_time;
  while (!answers(port_)) {
    if (!process_.running() || std::chrono::steady_clock::now() > patience)
      give_up("the proxy didn't start, see " + folder + "/kafkaproxy.log");
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace kp::bench
