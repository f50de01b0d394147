#include "bench/measure.h"

#include <algorithm>
#include <functional>
#include <map>

#include "bench/broker.h"
#include "bench/latency.h"
#include "bench/load.h"
#include "bench/proxy_process.h"
#include "bench/relay.h"
#include "bench/socket.h"

namespace kp::bench {
namespace {

constexpr std::size_t relay = 1;  ///< among the targets: what the others are compared with
constexpr std::size_t proxy = 2;

/// What one way gave, a value per round.
struct LatencyRounds {
  std::vector<double> p50, p99, cpu, first;
};

void take_turns(int round, std::size_t targets, const std::function<void(std::size_t)>& once) {
  for (std::size_t turn = 0; turn < targets; ++turn) once((turn + static_cast<std::size_t>(round)) % targets);
}

LatencyFigures summarise(const std::string& name, const LatencyRounds& rounds, const LatencyRounds& reference) {
  return {.name = name,
          .p50 = spread_of(rounds.p50),
          .p99 = spread_of(rounds.p99),
          .cpu_per_request = spread_of(rounds.cpu),
          .first_request = spread_of(rounds.first),
          .p50_ratio = spread_of_ratios(rounds.p50, reference.p50),
          .p99_ratio = spread_of_ratios(rounds.p99, reference.p99),
          .cpu_ratio = spread_of_ratios(rounds.cpu, reference.cpu),
          .first_request_ratio = spread_of_ratios(rounds.first, reference.first)};
}

void place(Placement placement, const std::vector<Target>& targets, const Process& broker) {
  place_client(placement);
  place_broker(broker, placement);
  for (const Target& target : targets)
    if (target.between != nullptr) place_between(*target.between, placement);
}

std::vector<PlacedLatency> measure_latency(const Settings& settings, const std::vector<Target>& targets,
                                           const Process& broker) {
  std::map<Placement, std::vector<LatencyRounds>> seen;
  for (int round = 0; round < settings.rounds; ++round) {
    for (const Placement placement : all_placements) {
      if (!possible(placement)) continue;
      place(placement, targets, broker);
      std::vector<LatencyRounds>& rounds = seen[placement];
      rounds.resize(targets.size());
      take_turns(round, targets.size(), [&](std::size_t at) {
        const ProduceLatency latency = produce_latency(targets[at], settings.small_bytes, settings.requests);
        rounds[at].p50.push_back(latency.p50);
        rounds[at].p99.push_back(latency.p99);
        rounds[at].cpu.push_back(latency.cpu_between);
        rounds[at].first.push_back(first_request_time(targets[at], settings.first_requests));
      });
    }
  }
  place(Placement::Free, targets, broker);

  std::vector<PlacedLatency> all;
  for (const auto& [placement, rounds] : seen) {
    PlacedLatency& placed = all.emplace_back();
    placed.placement = placement;
    for (std::size_t i = 0; i < targets.size(); ++i)
      placed.paths.push_back(summarise(targets[i].name, rounds[i], rounds[relay]));
  }
  return all;
}

void measure_load(const Settings& settings, const std::vector<Target>& targets, Figures& figures) {
  std::vector<std::vector<double>> speed(targets.size());
  std::vector<std::vector<double>> cpu(targets.size());
  for (int round = 0; round < settings.rounds; ++round) {
    take_turns(round, targets.size(), [&](std::size_t at) {
      const LoadResult result =
          produce_load(targets[at], settings.load_connections, settings.large_bytes, settings.load_time);
      speed[at].push_back(result.mib_per_second);
      cpu[at].push_back(result.cpu_seconds_per_gib);
      if (at == proxy) figures.loaded = std::max(figures.loaded, result.resident_bytes);
    });
  }
  for (std::size_t i = 0; i < targets.size(); ++i)
    figures.load.push_back({targets[i].name, spread_of(speed[i]), spread_of(cpu[i])});
}

}  // namespace

Figures measure(const Settings& settings) {
  Listener broker_listener = listen_on_loopback();
  const std::uint16_t broker_port = broker_listener.port;
  const Orders orders;
  const Process broker = Process::fork([&] { serve_broker(std::move(broker_listener), orders); });
  Listener relay_listener = listen_on_loopback();
  const std::uint16_t relay_port = relay_listener.port;
  const Process relay_process = Process::fork([&] { serve_relay(std::move(relay_listener), broker_port); });

  Figures figures;
  {
    const ProxyProcess fresh(settings.proxy_binary, settings.folder, broker_port);
    const Target target{"kafkaproxy", fresh.port(), &fresh.process()};
    figures.idle = idle_memory(target, settings.idle_connections, settings.churned_connections);
  }
  figures.reload = measure_reloads(settings.proxy_binary, settings.folder + "/reload", broker_port, settings.reload);
  const ProxyProcess proxy_process(settings.proxy_binary, settings.folder, broker_port);
  const std::vector<Target> targets{{"direct", broker_port, nullptr},
                                    {"relay", relay_port, &relay_process},
                                    {"kafkaproxy", proxy_process.port(), &proxy_process.process()}};
  figures.latency = measure_latency(settings, targets, broker);
  measure_load(settings, targets, figures);
  return figures;
}

}  // namespace kp::bench
