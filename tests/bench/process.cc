#include "bench/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <thread>
#include <utility>

#include "bench/socket.h"

namespace kp::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto ending_time = 2s;  ///< for SIGTERM to be obeyed, before SIGKILL

/// A process and those that it has begun: workers of nginx.
std::vector<pid_t> family(pid_t id) {
  std::vector<pid_t> all{id};
  std::ifstream children("/proc/" + std::to_string(id) + "/task/" + std::to_string(id) + "/children");
  for (pid_t child = 0; children >> child;) all.push_back(child);
  return all;
}

bool ended(pid_t id) { return ::waitpid(id, nullptr, WNOHANG) == id; }

void redirect_output(const std::string& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  check(fd < 0, file);
  check(::dup2(fd, STDOUT_FILENO) < 0 || ::dup2(fd, STDERR_FILENO) < 0, "dup2");
  ::close(fd);
}

}  // namespace

Process Process::fork(const std::function<void()>& body) {
  const pid_t parent = ::getpid();
  const pid_t id = ::fork();
  check(id < 0, "fork");
  if (id > 0) return Process(id);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    if (::getppid() == parent) body();
  } catch (const Failure& failure) {
    say(failure.what());
  }
  ::_exit(1);  // not the parent's destructors
}

Process Process::execute(const std::vector<std::string>& command, const std::string& log_file) {
  return fork([&] {
    redirect_output(log_file);
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    check(true, command[0]);
  });
}

Process::Process(Process&& other) noexcept : id_(std::exchange(other.id_, -1)) {}

Process::~Process() {
  if (id_ < 0) return;
  ::kill(id_, SIGTERM);
  const auto patience = std::chrono::steady_clock::now() + ending_time;
  while (!ended(id_)) {
    if (std::chrono::steady_clock::now() < patience) {
      std::this_thread::sleep_for(5ms);
      continue;
    }
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
    return;
  }
}

bool Process::running() const {
  siginfo_t seen{};
  return ::waitid(P_PID, static_cast<id_t>(id_), &seen, WEXITED | WNOHANG | WNOWAIT) == 0 && seen.si_pid == 0;
}

std::chrono::nanoseconds Process::cpu() const {
  std::chrono::nanoseconds all{0};
  for (const pid_t each : family(id_)) {
    clockid_t clock{};
    timespec spent{};
    if (::clock_getcpuclockid(each, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) give_up("a child's CPU time");
    all += std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
  }
  return all;
}

std::size_t Process::resident_bytes() const {
  std::size_t all = 0;
  for (const pid_t each : family(id_)) all += resident_bytes_of(each);
  return all;
}

std::size_t Process::resident_bytes_of(pid_t id) {
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  std::string key;
  std::size_t kib = 0;
  while (status >> key) {
    if (key == "VmRSS:" && status >> kib) return kib * 1024;
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  give_up("a child has ended: no VmRSS");
}

std::size_t Process::descriptors() const {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(id_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t Process::settled_resident_bytes() const {
  constexpr auto look_every = 50ms;
  constexpr int looks = 10;
  constexpr int most = 200;
  std::size_t last = resident_bytes();
  for (int same = 0, all = 0; same < looks && all < most; ++all) {
    std::this_thread::sleep_for(look_every);
    const std::size_t now = resident_bytes();
    same = now == last ? same + 1 : 0;
    last = now;
  }
  return last;
}

}  // namespace kp::bench
