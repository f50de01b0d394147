#include "bench/placement.h"

#include <sched.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bench/socket.h"

namespace kp::bench {
namespace {

/// As they were before anything was placed.
const std::vector<int>& usable_cores() {
  static const std::vector<int> cores = [] {
    cpu_set_t allowed;
    check(::sched_getaffinity(0, sizeof allowed, &allowed) < 0, "sched_getaffinity");
    std::vector<int> found;
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &allowed)) found.push_back(core);
    return found;
  }();
  return cores;
}

void place(pid_t thread, const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  check(::sched_setaffinity(thread, sizeof set, &set) < 0, "sched_setaffinity");
}

void place_all(pid_t process, const std::vector<int>& cores) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task"))
    place(std::stoi(entry.path().filename()), cores);
}

std::vector<int> ends(Placement placement) {
  return placement == Placement::Free ? usable_cores() : std::vector{usable_cores()[0]};
}

std::vector<int> middle(Placement placement) {
  return placement == Placement::Apart ? std::vector{usable_cores()[1]} : ends(placement);
}

}  // namespace

std::string_view name(Placement placement) {
  switch (placement) {
    case Placement::Free:
      return "free";
    case Placement::OneCore:
      return "one_core";
    case Placement::Apart:
      return "apart";
  }
  return "unknown";
}

bool possible(Placement placement) { return placement != Placement::Apart || usable_cores().size() > 1; }

void place_between(const Process& process, Placement placement) { place_all(process.id(), middle(placement)); }
void place_broker(const Process& process, Placement placement) { place_all(process.id(), ends(placement)); }
void place_client(Placement placement) { place(0, ends(placement)); }

}  // namespace kp::bench
