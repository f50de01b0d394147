#include "bench/report.h"

#include <sys/utsname.h>

#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace kp::bench {
namespace {

constexpr double ratio_aim = 1.5;         ///< proxy to relay at p50
constexpr double in_force_aim_ms = 100;   ///< p99
constexpr double reload_ratio_aim = 2.0;  ///< p99 of the traffic, reloading to quiet

__attribute__((format(printf, 1, 2))) std::string text(const char* format, ...) {
  std::va_list values;
  va_start(values, format);
  char line[256];
  std::vsnprintf(line, sizeof line, format, values);
  va_end(values);
  return line;
}

std::string cell(const Spread& spread, int digits) {
  return text("%.*f (%.*f-%.*f)", digits, spread.median, digits, spread.min, digits, spread.max);
}

double kib(std::size_t bytes) { return static_cast<double>(bytes) / 1024; }
double mib(std::size_t bytes) { return kib(bytes) / 1024; }

double per_connection(std::size_t with, std::size_t without, int connections) {
  return (static_cast<double>(with) - static_cast<double>(without)) / connections;
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

double load_average() {
  double one_minute = 0;
  std::ifstream("/proc/loadavg") >> one_minute;
  return one_minute;
}

nlohmann::ordered_json machine() {
  utsname system{};
  ::uname(&system);
  return {{"cpu", cpu_model()},
          {"cores", std::thread::hardware_concurrency()},
          {"kernel", system.release},
          {"load_average_1m", load_average()},
          {"time", std::time(nullptr)}};
}

nlohmann::ordered_json number(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

const LatencyFigures& proxy_of(const PlacedLatency& latency) { return latency.paths.back(); }

std::string describe(Placement placement) {
  switch (placement) {
    case Placement::Free:
      return "cores as the scheduler likes";
    case Placement::OneCore:
      return "all on one core";
    case Placement::Apart:
      return "what stands between on a core of its own";
  }
  return "";
}

std::string latency_rows(const PlacedLatency& latency) {
  constexpr const char* row = "%-11s %-23s %-23s %-18s %s\n";
  std::string out = text(row, "", "p50 us", "p99 us", "CPU us/request", "first request us");
  for (const LatencyFigures& path : latency.paths) {
    const std::string cpu = path.cpu_per_request.max > 0 ? cell(path.cpu_per_request, 1) : "-";
    out += text(row, path.name.c_str(), cell(path.p50, 1).c_str(), cell(path.p99, 1).c_str(), cpu.c_str(),
                cell(path.first_request, 0).c_str());
  }
  const LatencyFigures& proxy = proxy_of(latency);
  out += text(row, "proxy/relay", cell(proxy.p50_ratio, 2).c_str(), cell(proxy.p99_ratio, 2).c_str(),
              cell(proxy.cpu_ratio, 2).c_str(), cell(proxy.first_request_ratio, 2).c_str());
  return out;
}

std::string load_rows(const Figures& figures) {
  constexpr const char* row = "%-11s %-23s %s\n";
  std::string out = text(row, "", "MiB/s", "CPU s/GiB");
  for (const LoadFigures& path : figures.load) {
    const std::string cpu = path.cpu_seconds_per_gib.max > 0 ? cell(path.cpu_seconds_per_gib, 2) : "-";
    out += text(row, path.name.c_str(), cell(path.mib_per_second, 0).c_str(), cpu.c_str());
  }
  return out;
}

std::string memory_lines(const Figures& figures, const Settings& settings) {
  const IdleMemory& idle = figures.idle;
  const int n = settings.idle_connections;
  return text("idle                              %7.1f MiB\n", mib(idle.idle)) +
         text("%5d connections, silent         %7.1f MiB  %6.0f bytes per connection\n", n, mib(idle.silent),
              per_connection(idle.silent, idle.idle, n)) +
         text("%5d connections, to a broker    %7.1f MiB  %6.0f bytes per connection\n", n, mib(idle.connected),
              per_connection(idle.connected, idle.idle, n)) +
         text("all closed again                  %7.1f MiB\n", mib(idle.closed)) +
         text("%5d more came and went          %7.1f MiB\n", settings.churned_connections, mib(idle.churned)) +
         text("under load                        %7.1f MiB\n", mib(figures.loaded));
}

/// "first / … / last"
template <class Value, class Print>
std::string row_of(const std::vector<Value>& values, Print print) {
  std::string out;
  for (const Value& value : values) out += (out.empty() ? "" : " / ") + print(value);
  return out;
}

std::string reload_lines(const ReloadFigures& figures) {
  constexpr const char* row = "%-11s %-23s %-23s %s\n";
  const auto traffic = [](const char* name, const TrafficFigures& seen) {
    return text(row, name, cell(seen.p50, 0).c_str(), cell(seen.p99, 0).c_str(), cell(seen.max, 0).c_str());
  };
  return text("write to in force: p50 %.1f ms, p99 %.1f ms, max %.1f ms; a look at /config takes %.0f us\n",
              figures.p50, figures.p99, figures.max, figures.page_us) +
         text(row, "traffic", "p50 us", "p99 us", "max us") + traffic("quiet", figures.quiet) +
         traffic("reloading", figures.reloading) +
         text(row, "ratio", cell(figures.p50_ratio, 2).c_str(), cell(figures.p99_ratio, 2).c_str(), "-") +
         "resident MiB, before and after each round: " +
         row_of(figures.resident, [](std::size_t bytes) { return text("%.1f", mib(bytes)); }) +
         "\nopen descriptors:                          " +
         row_of(figures.descriptors, [](std::size_t number) { return std::to_string(number); }) + "\n";
}

nlohmann::ordered_json latency_values(const PlacedLatency& latency) {
  nlohmann::ordered_json out;
  for (const LatencyFigures& path : latency.paths)
    out[path.name] = {{"p50_us", number(path.p50)},
                      {"p99_us", number(path.p99)},
                      {"cpu_us_per_request", number(path.cpu_per_request)},
                      {"first_request_us", number(path.first_request)}};
  const LatencyFigures& proxy = proxy_of(latency);
  out["proxy_to_relay"] = {{"p50", number(proxy.p50_ratio)},
                           {"p50_aim", ratio_aim},
                           {"p99", number(proxy.p99_ratio)},
                           {"cpu_per_request", number(proxy.cpu_ratio)},
                           {"first_request", number(proxy.first_request_ratio)}};
  return out;
}

nlohmann::ordered_json memory_values(const Figures& figures, const Settings& settings) {
  const IdleMemory& idle = figures.idle;
  const int n = settings.idle_connections;
  return {{"idle_bytes", idle.idle},
          {"silent_connections_bytes", idle.silent},
          {"bytes_per_silent_connection", per_connection(idle.silent, idle.idle, n)},
          {"broker_connections_bytes", idle.connected},
          {"bytes_per_broker_connection", per_connection(idle.connected, idle.idle, n)},
          {"all_closed_bytes", idle.closed},
          {"churned_bytes", idle.churned},
          {"under_load_bytes", figures.loaded}};
}

nlohmann::ordered_json reload_values(const ReloadFigures& figures) {
  const auto traffic = [](const TrafficFigures& seen) {
    return nlohmann::ordered_json{
        {"p50_us", number(seen.p50)}, {"p99_us", number(seen.p99)}, {"max_us", number(seen.max)}};
  };
  return {
      {"in_force_ms", {{"p50", figures.p50}, {"p99", figures.p99}, {"max", figures.max}, {"p99_aim", in_force_aim_ms}}},
      {"config_page_us", figures.page_us},
      {"traffic", {{"quiet", traffic(figures.quiet)}, {"reloading", traffic(figures.reloading)}}},
      {"reloading_to_quiet",
       {{"p50", number(figures.p50_ratio)}, {"p99", number(figures.p99_ratio)}, {"p99_aim", reload_ratio_aim}}},
      {"resident_bytes", figures.resident},
      {"descriptors", figures.descriptors}};
}

}  // namespace

std::string table(const Figures& figures, const Settings& settings, bool colours) {
  const auto paint = [colours](const char* colour, const std::string& what) {
    return colours ? std::string(colour) + what + "\x1b[0m" : what;
  };
  const auto title = [&](const std::string& what) { return paint("\x1b[1m", what) + "\n"; };

  std::string out = text("Median (min-max) of %d rounds; CPU is that of relay or proxy. %u cores, load average %.1f\n",
                         settings.rounds, std::thread::hardware_concurrency(), load_average());
  for (const PlacedLatency& latency : figures.latency) {
    out += "\n" + title(text("Produce of %zu bytes, one at a time, %s", settings.small_bytes,
                             describe(latency.placement).c_str()));
    out += latency_rows(latency);
  }
  out += "\n" +
         title(text("Produce of %zu KiB on %d connections", settings.large_bytes / 1024, settings.load_connections));
  out += load_rows(figures);
  out += "\n" + title("Resident memory of kafkaproxy") + memory_lines(figures, settings);
  const ReloadSettings& reload = settings.reload;
  out += "\n" +
         title(text("%d reloads in %d rounds, %d silent connections, and 2 that Produce %zu bytes each ms",
                    reload.reloads * reload.rounds, reload.rounds, reload.connections, reload.small_bytes)) +
         reload_lines(figures.reload) + "\n";

  const auto judge = [&](const std::string& what, double seen, double aim) {
    const bool reached = seen <= aim;
    out += paint(reached ? "\x1b[32m" : "\x1b[31m",
                 text("%s %.2f, aim %.1f %s", what.c_str(), seen, aim, reached ? "reached" : "missed")) +
           "\n";
  };
  for (const PlacedLatency& latency : figures.latency)
    judge("p50 proxy/relay, " + describe(latency.placement) + ":", proxy_of(latency).p50_ratio.median, ratio_aim);
  judge("ms from write to in force, p99:", figures.reload.p99, in_force_aim_ms);
  judge("p99 of traffic, reloading/quiet:", figures.reload.p99_ratio.median, reload_ratio_aim);
  return out;
}

std::string json(const Figures& figures, const Settings& settings) {
  nlohmann::ordered_json out;
  out["machine"] = machine();
  out["settings"] = {{"rounds", settings.rounds},
                     {"requests", settings.requests},
                     {"first_requests", settings.first_requests},
                     {"small_bytes", settings.small_bytes},
                     {"large_bytes", settings.large_bytes},
                     {"load_connections", settings.load_connections},
                     {"load_ms", settings.load_time.count()},
                     {"idle_connections", settings.idle_connections},
                     {"churned_connections", settings.churned_connections},
                     {"reload_rounds", settings.reload.rounds},
                     {"reload_connections", settings.reload.connections},
                     {"reloads_of_a_round", settings.reload.reloads},
                     {"reload_quiet_ms", settings.reload.quiet.count()}};
  for (const PlacedLatency& latency : figures.latency)
    out["latency"][std::string(name(latency.placement))] = latency_values(latency);
  for (const LoadFigures& path : figures.load)
    out["load"][path.name] = {{"mib_per_s", number(path.mib_per_second)},
                              {"cpu_s_per_gib", number(path.cpu_seconds_per_gib)}};
  out["reload"] = reload_values(figures.reload);
  out["proxy_memory"] = memory_values(figures, settings);
  return out.dump(2) + "\n";
}

}  // namespace kp::bench
