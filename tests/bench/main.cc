#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "bench/measure.h"
#include "bench/report.h"
#include "bench/socket.h"

namespace {

constexpr const char* usage =
    "kpbench --proxy BINARY --out FILE [--rounds N] [--quick]\n"
    "Measures BINARY (kafkaproxy) beside a bare relay, on loopback. Table on stdout, the same as JSON in FILE.\n"
    "--quick: few and short rounds, only to see that everything works\n";

struct Arguments {
  kp::bench::Settings settings;
  std::string out;
};

void shorten(kp::bench::Settings& settings) {
  settings.rounds = 2;
  settings.requests = 200;
  settings.first_requests = 10;
  settings.idle_connections = 50;
  settings.churned_connections = 50;
  settings.load_time = std::chrono::milliseconds(200);
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--quick") {
      shorten(arguments.settings);
      continue;
    }
    if (++i == argc) break;
    if (name == "--proxy") arguments.settings.proxy_binary = argv[i];
    if (name == "--out") arguments.out = argv[i];
    if (name == "--rounds") arguments.settings.rounds = std::atoi(argv[i]);
  }
  if (!arguments.settings.proxy_binary.empty() && !arguments.out.empty() && arguments.settings.rounds > 0)
    return arguments;
  std::fputs(usage, stderr);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  namespace bench = kp::bench;
  Arguments arguments = parse(argc, argv);
  const std::filesystem::path out = arguments.out;
  arguments.settings.folder = out.has_parent_path() ? out.parent_path().string() : ".";
  std::filesystem::create_directories(arguments.settings.folder);
  const std::size_t wanted = 3 * static_cast<std::size_t>(arguments.settings.idle_connections);
  if (bench::raise_descriptor_limit() < wanted) bench::give_up("needs ulimit -n of " + std::to_string(wanted));

  const bench::Figures figures = bench::measure(arguments.settings);
  const bool colours = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  std::fputs(bench::table(figures, arguments.settings, colours).c_str(), stdout);
  std::ofstream file(out);
  file << bench::json(figures, arguments.settings);
  file.close();
  if (!file) bench::give_up("can't write " + out.string());
  std::printf("%s\n", out.c_str());
}
