#include "telemetry/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace kp::telemetry {
namespace {

std::uint64_t count_open_fds() {
  std::error_code failed;
  std::filesystem::directory_iterator fds("/proc/self/fd", failed);
  std::uint64_t count = 0;
  while (!failed && fds != std::filesystem::directory_iterator{}) {
    ++count;
    fds.increment(failed);
  }
  return count > 0 ? count - 1 : 0;  // one of them was the listing itself
}

double boot_time_seconds() {
  std::ifstream stat("/proc/stat");
  std::string line;
  while (std::getline(stat, line))
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  return 0;
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  stats.open_fds = count_open_fds();
  if (rlimit limit{}; getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;

  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');  // the program's name may hold anything, blanks and ')' too
  if (name_end == std::string::npos) return stats;

  // proc(5): after the name come fields 3 (state)…; 14 utime, 15 stime, 22 starttime, all in ticks; 23 vsize, 24 rss.
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  for (int field = 16; field < 22; ++field) fields >> skipped;
  std::uint64_t started = 0;
  std::uint64_t resident_pages = 0;
  fields >> started >> stats.virtual_bytes >> resident_pages;

  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = static_cast<double>(user + system) / ticks;
  stats.start_time_seconds = boot_time_seconds() + static_cast<double>(started) / ticks;
  stats.resident_bytes = resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return stats;
}

}  // namespace kp::telemetry
