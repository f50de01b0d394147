#include "bench/peers.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "bench/socket.h"

namespace kp::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* nginx = "/usr/sbin/nginx";
constexpr const char* nginx_stream = "/usr/lib/nginx/modules/ngx_stream_module.so";
constexpr const char* haproxy = "/usr/sbin/haproxy";
constexpr auto start_time = 10s;

unsigned cores() { return std::max(1u, std::thread::hardware_concurrency()); }

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Peer started(Process process, std::uint16_t port, const std::string& log) {
  const auto patience = std::chrono::steady_clock::now() + start_time;
  while (try_connect_to(port).get() < 0) {
    if (!process.running() || std::chrono::steady_clock::now() > patience) give_up("a peer didn't start, see " + log);
    std::this_thread::sleep_for(10ms);
  }
  return {std::move(process), port};
}

}  // namespace

std::optional<Peer> start_nginx(const std::string& folder, std::uint16_t broker_port, Security security,
                                const Certificate& certificate) {
  if (::access(nginx, X_OK) != 0 || ::access(nginx_stream, R_OK) != 0) return std::nullopt;
  std::filesystem::create_directories(folder);
  const std::uint16_t port = free_port();
  std::ostringstream out;
  out << "load_module " << nginx_stream << ";\n"
      << "daemon off;\nworker_processes " << cores() << ";\npid " << folder << "/nginx.pid;\nerror_log " << folder
      << "/error.log;\nevents { worker_connections 16384; }\nstream {\n  server {\n    listen 127.0.0.1:" << port
      << (security == Security::Plain ? "" : " ssl") << " reuseport;\n    proxy_pass 127.0.0.1:" << broker_port
      << ";\n    proxy_timeout 10m;\n";
  if (security != Security::Plain)
    out << "    ssl_certificate " << certificate.certificate << ";\n    ssl_certificate_key " << certificate.key
        << ";\n    ssl_protocols TLSv1.3;\n";
  if (security == Security::BothTls) out << "    proxy_ssl on;\n    proxy_ssl_protocols TLSv1.3;\n";
  out << "  }\n}\n";
  std::ofstream(folder + "/nginx.conf") << out.str();
  return started(Process::execute({nginx, "-p", folder, "-e", folder + "/error.log", "-c", folder + "/nginx.conf"},
                                  folder + "/nginx.log"),
                 port, folder + "/nginx.log");
}

std::optional<Peer> start_haproxy(const std::string& folder, std::uint16_t broker_port, Security security,
                                  const Certificate& certificate) {
  if (::access(haproxy, X_OK) != 0) return std::nullopt;
  std::filesystem::create_directories(folder);
  const std::uint16_t port = free_port();
  const std::string both = folder + "/both.pem";
  std::ofstream(both) << file_text(certificate.certificate) << file_text(certificate.key);
  std::ostringstream out;
  out << "global\n  nbthread " << cores() << "\n  maxconn 8000\n"
      << "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 10m\n  timeout server 10m\n"
      << "listen kafka\n  bind 127.0.0.1:" << port
      << (security == Security::Plain ? "" : " ssl crt " + both + " ssl-min-ver TLSv1.3")
      << "\n  server broker 127.0.0.1:" << broker_port
      << (security == Security::BothTls ? " ssl verify none ssl-min-ver TLSv1.3" : "") << "\n";
  std::ofstream(folder + "/haproxy.cfg") << out.str();
  return started(Process::execute({haproxy, "-db", "-f", folder + "/haproxy.cfg"}, folder + "/haproxy.log"), port,
                 folder + "/haproxy.log");
}

}  // namespace kp::bench
