#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/connecting.h"
#include "bench/grid_report.h"
#include "bench/measure.h"
#include "bench/rates.h"
#include "bench/report.h"
#include "bench/socket.h"
#include "bench/throughput.h"

namespace {

namespace bench = kp::bench;

// A proxy has two for each connection, of which there are 5,000 at most.
constexpr std::size_t wanted_descriptors = 12000;
constexpr std::size_t wanted_for_quick = 1000;

constexpr const char* usage =
    "kpbench [latency|throughput|rates|connecting] --proxy BINARY --out FILE [--rounds N] [--quick]\n"
    "Measures BINARY (kafkaproxy) beside bare relays and others, on loopback. Table on stdout, the same as JSON in\n"
    "FILE.\n"
    "latency: one request at a time, memory, reloads\n"
    "throughput: bytes and requests that a CPU second moves. [--only CASE] [--check: compare every byte that comes, "
    "for\n"
    "  correctness and not for figures]\n"
    "rates: latencies of small requests at fixed rates, counted from when each was due\n"
    "connecting: what new and idle connections cost\n"
    "--quick: few and short rounds, only to see that everything works\n";

struct Arguments {
  std::string section = "latency";
  std::string proxy_binary;
  std::string out;
  int rounds = 0;  ///< 0: as the section has it
  bool quick = false, check = false;
  std::string only;
};

void shorten(bench::Settings& settings) {
  settings.rounds = 1;
  settings.requests = 100;
  settings.first_requests = 5;
  settings.idle_connections = 20;
  settings.churned_connections = 20;
  settings.load_time = std::chrono::milliseconds(100);
  settings.reload = {.rounds = 1, .connections = 20, .reloads = 2, .quiet = std::chrono::milliseconds(50)};
}

bool is_section(std::string_view name) {
  return name == "latency" || name == "throughput" || name == "rates" || name == "connecting";
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (is_section(name)) {
      arguments.section = name;
      continue;
    }
    if (name == "--check" || name == "--quick") {
      (name == "--check" ? arguments.check : arguments.quick) = true;
      continue;
    }
    if (++i == argc) break;
    if (name == "--proxy") arguments.proxy_binary = argv[i];
    if (name == "--out") arguments.out = argv[i];
    if (name == "--rounds") arguments.rounds = std::atoi(argv[i]);
    if (name == "--only") arguments.only = argv[i];
  }
  if (!arguments.proxy_binary.empty() && !arguments.out.empty() && arguments.rounds >= 0) return arguments;
  std::fputs(usage, stderr);
  std::exit(2);
}

struct Report {
  std::string table, json;
};

Report latency(const Arguments& arguments, const std::string& folder, bool colours) {
  bench::Settings settings;
  if (arguments.quick) shorten(settings);
  if (arguments.rounds > 0) settings.rounds = arguments.rounds;
  settings.proxy_binary = arguments.proxy_binary;
  settings.folder = folder;
  const bench::Figures figures = bench::measure(settings);
  return {bench::table(figures, settings, colours), bench::json(figures, settings)};
}

std::vector<bench::Grid> grids(const Arguments& arguments, const std::string& folder) {
  bench::Stages stages(arguments.proxy_binary, folder);
  const int rounds = arguments.rounds > 0 ? arguments.rounds : arguments.quick ? 1 : 5;
  const auto span = [&](int milliseconds) { return std::chrono::milliseconds(arguments.quick ? 100 : milliseconds); };
  if (arguments.section == "rates")
    return measure_rates(stages, {.rounds = rounds, .span = span(2000), .few = arguments.quick});
  if (arguments.section == "connecting") {
    bench::ConnectingSettings settings{.rounds = rounds};
    if (arguments.quick) settings.connections = settings.idle_connections = 50;
    return measure_connecting(stages, settings);
  }
  return measure_throughput(
      stages,
      {.rounds = rounds, .span = span(700), .check = arguments.check, .few = arguments.quick, .only = arguments.only});
}

Report run(const Arguments& arguments, const std::string& folder) {
  const bool colours = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  if (arguments.section == "latency") return latency(arguments, folder, colours);
  const std::vector<bench::Grid> all = grids(arguments, folder);
  return {bench::table(all, colours), bench::json(all)};
}

}  // namespace

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);  // neither splice nor OpenSSL knows MSG_NOSIGNAL; children inherit it
  const Arguments arguments = parse(argc, argv);
  const std::filesystem::path out = arguments.out;
  const std::string folder = out.has_parent_path() ? out.parent_path().string() : ".";
  std::filesystem::create_directories(folder);
  const std::size_t wanted = arguments.quick ? wanted_for_quick : wanted_descriptors;
  if (bench::raise_descriptor_limit() < wanted) bench::give_up("needs ulimit -n of " + std::to_string(wanted));
  const Report report = run(arguments, folder);
  std::fputs(report.table.c_str(), stdout);
  std::ofstream file(out);
  file << report.json;
  file.close();
  if (!file) bench::give_up("can't write " + out.string());
  std::printf("%s\n", out.c_str());
} catch (const bench::Failure& failure) {
  bench::say(failure.what());
  return 1;
}
