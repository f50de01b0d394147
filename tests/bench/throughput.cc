#include "bench/throughput.h"

#include <limits>
#include <set>

#include "bench/flows.h"

namespace kp::bench {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](std::string name, bool fetch, kafka::Version version, std::size_t bytes, int connections,
                       int depth, Security security) {
    all.push_back({std::move(name), fetch, version, bytes, connections, depth, security});
  };
  add("fetch 1 MiB v18", true, 18, mib, 16, 1, Security::Plain);
  add("fetch 1 MiB v12", true, 12, mib, 16, 1, Security::Plain);
  add("produce 1 MiB v13", false, 13, mib, 16, 1, Security::Plain);
  add("produce 1 MiB v9", false, 9, mib, 16, 1, Security::Plain);
  add("fetch 64 KiB", true, 18, 64 * kib, 16, 1, Security::Plain);
  add("produce 64 KiB", false, 13, 64 * kib, 16, 1, Security::Plain);
  add("fetch 16 KiB", true, 18, 16 * kib, 16, 1, Security::Plain);
  add("produce 16 KiB", false, 13, 16 * kib, 16, 1, Security::Plain);
  add("produce 100 B, 64 under way", false, 13, 100, 16, 64, Security::Plain);
  add("fetch 64 KiB, 1 connection", true, 18, 64 * kib, 1, 1, Security::Plain);
  add("fetch 64 KiB, 256 connections", true, 18, 64 * kib, 256, 1, Security::Plain);
  add("fetch 64 KiB, 5000 connections", true, 18, 64 * kib, 5000, 1, Security::Plain);
  add("TLS, fetch 1 MiB", true, 18, mib, 16, 1, Security::ClientTls);
  add("TLS, produce 1 MiB", false, 13, mib, 16, 1, Security::ClientTls);
  add("TLS, fetch 16 KiB", true, 18, 16 * kib, 16, 1, Security::ClientTls);
  add("TLS both, fetch 1 MiB", true, 18, mib, 16, 1, Security::BothTls);
  add("TLS both, produce 1 MiB", false, 13, mib, 16, 1, Security::BothTls);
  add("auth_swap, fetch 1 MiB", true, 18, mib, 16, 1, Security::Swap);
  add("auth_swap, produce 16 KiB", false, 13, 16 * kib, 16, 1, Security::Swap);
  add("virtual, fetch 1 MiB", true, 18, mib, 16, 1, Security::Virtual);
  add("virtual, fetch 64 KiB", true, 18, 64 * kib, 16, 1, Security::Virtual);
  add("virtual, produce 1 MiB", false, 13, mib, 16, 1, Security::Virtual);
  add("virtual, produce 16 KiB", false, 13, 16 * kib, 16, 1, Security::Virtual);
  return all;
}

constexpr std::size_t small_bytes = kib;  // below, requests count and not bytes

std::vector<Column> columns_of(const Case& work) {
  const bool small = work.bytes < small_bytes;
  const auto title = [](bool shown, const char* text) { return std::string(shown ? text : ""); };
  return {{"mib_per_s", title(!small, "MiB/s"), 0},
          {"cpu_s_per_gib", title(!small, "CPU s/GiB"), 3, 1, !small},
          {"requests_per_s", title(small, "requests/s"), 0},
          {"requests_per_cpu_s", title(small, "requests per CPU s"), 0, 1, small},
          {"resident_bytes", "MiB resident", 1, static_cast<double>(mib)}};
}

std::vector<double> figures_of(const Moved& moved, bool between) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const double moved_mib = static_cast<double>(moved.bytes) / static_cast<double>(mib);
  const auto requests = static_cast<double>(moved.requests);
  return {moved_mib / moved.seconds, between ? moved.cpu_seconds / (moved_mib / 1024) : none, requests / moved.seconds,
          between && moved.cpu_seconds > 0 ? requests / moved.cpu_seconds : none,
          between ? static_cast<double>(moved.resident_bytes) : none};
}

Grid measure(const Case& work, Stage& stage, const ThroughputSettings& settings) {
  stage.set_fetch_bytes(work.fetch ? work.bytes : 0);
  Bytes reference;
  if (settings.check) reference = one_response(stage.targets().front().port, work, stage.tls());
  return take_turns(work.name, columns_of(work), stage.targets(), settings.rounds, [&](const Target& target) {
    return figures_of(run_flows(target, work, stage.tls(), settings.span, reference), target.between != nullptr);
  });
}

}  // namespace

std::vector<Grid> measure_throughput(Stages& stages, const ThroughputSettings& settings) {
  std::vector<Grid> all;
  std::set<Security> seen;
  for (const Case& work : cases()) {
    if (work.name.find(settings.only) == std::string::npos) continue;
    if (!seen.insert(work.security).second && settings.few) continue;
    say(work.name);
    all.push_back(measure(work, stages.of(work.security), settings));
  }
  return all;
}

}  // namespace kp::bench
