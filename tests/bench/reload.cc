#include "bench/reload.h"

#include <filesystem>
#include <string>
#include <thread>

#include "bench/admin_page.h"
#include "bench/exchange.h"
#include "bench/frames.h"
#include "bench/proxy_process.h"
#include "bench/socket.h"
#include "bench/traffic.h"

namespace kp::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto look_every = 2ms;
constexpr auto patience = 10s;
constexpr auto pause = 50ms;  ///< between two reloads: connections are still being told after it is in force
constexpr int kinds = 5;

/// The next generation, with one change; no change of a kind is undone before its next turn.
void change(ProxyConfig& config) {
  switch (config.generation++ % kinds) {
    case 0:
      config.idle_minutes = 21 - config.idle_minutes;
      break;
    case 1:
      config.log_level = config.log_level == "info" ? "warn" : "info";
      break;
    case 2:
      config.another_override = !config.another_override;
      break;
    case 3:
      config.another_bootstrap = !config.another_bootstrap;
      break;
    default:
      config.max_broker_id = 3 - config.max_broker_id;
  }
}

double milliseconds(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

/// One reload. Milliseconds until it is in force.
double reload(const ProxyProcess& proxy, AdminPage& page, ProxyConfig& config) {
  change(config);
  const std::string wanted = "\"generation\": \"" + std::to_string(config.generation) + "\"";
  const auto begin = proxy.configure(config);
  while (page.read().find(wanted) == std::string::npos) {
    if (Clock::now() > begin + patience) give_up("a reload did not come into force, see the proxy's log");
    std::this_thread::sleep_for(look_every);
  }
  return milliseconds(Clock::now() - begin);
}

/// As often as while a reload is waited for, so that looking costs the traffic the same at all times.
void look_on(AdminPage& page, std::chrono::milliseconds span) {
  for (const auto end = Clock::now() + span; Clock::now() < end; std::this_thread::sleep_for(look_every)) page.read();
}

double page_time(AdminPage& page) {
  constexpr int looks = 100;
  std::vector<double> times;
  for (int i = 0; i < looks; ++i) {
    const auto begin = Clock::now();
    page.read();
    times.push_back(1000 * milliseconds(Clock::now() - begin));
  }
  return percentile(times, 0.5);
}

/// Connections go to the loop that has the fewest, so two after one another are on two loops, where there are two.
class Clients {
 public:
  Clients(std::uint16_t port, std::size_t bytes) : one_(port, bytes), other_(port, bytes) {}
  std::vector<double> take() {
    std::vector<double> all = one_.take();
    const std::vector<double> more = other_.take();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

 private:
  Traffic one_;
  Traffic other_;
};

struct Rounds {
  std::vector<double> p50, p99, max;
  void add(const std::vector<double>& times) {
    if (times.empty()) give_up("reloads: no traffic was answered");
    p50.push_back(percentile(times, 0.5));
    p99.push_back(percentile(times, 0.99));
    max.push_back(percentile(times, 1));
  }
  TrafficFigures figures() const { return {spread_of(p50), spread_of(p99), spread_of(max)}; }
};

std::vector<Fd> open_connections(std::uint16_t port, int number) {
  Bytes request = api_versions_request();
  std::vector<Fd> all;
  for (int i = 0; i < number; ++i) exchange(all.emplace_back(connect_to(port)), request, i);
  return all;
}

}  // namespace

ReloadFigures measure_reloads(const std::string& proxy_binary, const std::string& folder, std::uint16_t broker_port,
                              const ReloadSettings& settings) {
  std::filesystem::create_directories(folder);
  const ProxyProcess proxy(proxy_binary, folder, broker_port);
  const std::vector<Fd> idle = open_connections(proxy.port(), settings.connections);
  AdminPage page(proxy.admin_port(), "/config");
  ReloadFigures seen;
  const auto look_at_process = [&] {
    seen.resident.push_back(proxy.process().settled_resident_bytes());
    seen.descriptors.push_back(proxy.process().descriptors());
  };
  seen.page_us = page_time(page);
  look_at_process();

  ProxyConfig config;
  Clients clients(proxy.port(), settings.small_bytes);
  Rounds quiet;
  Rounds reloading;
  std::vector<double> times;
  for (int round = 0; round < settings.rounds; ++round) {
    clients.take();
    look_on(page, settings.quiet);
    quiet.add(clients.take());
    for (int i = 0; i < settings.reloads; ++i) {
      times.push_back(reload(proxy, page, config));
      look_on(page, pause);
    }
    reloading.add(clients.take());
    look_at_process();
  }
  seen.p50 = percentile(times, 0.5);
  seen.p99 = percentile(times, 0.99);
  seen.max = percentile(times, 1);
  seen.quiet = quiet.figures();
  seen.reloading = reloading.figures();
  seen.p50_ratio = spread_of_ratios(reloading.p50, quiet.p50);
  seen.p99_ratio = spread_of_ratios(reloading.p99, quiet.p99);
  return seen;
}

}  // namespace kp::bench
