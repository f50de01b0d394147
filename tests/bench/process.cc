#include "bench/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <fstream>
#include <limits>
#include <thread>
#include <utility>

#include "bench/socket.h"

namespace kp::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto ending_time = 2s;  ///< for SIGTERM to be obeyed, before SIGKILL

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
  if (::getppid() == parent) body();
  ::_exit(1);
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
  clockid_t clock{};
  timespec spent{};
  if (::clock_getcpuclockid(id_, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) give_up("a child's CPU time");
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

std::size_t Process::resident_bytes() const {
  std::ifstream status("/proc/" + std::to_string(id_) + "/status");
  std::string key;
  std::size_t kib = 0;
  while (status >> key) {
    if (key == "VmRSS:" && status >> kib) return kib * 1024;
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  give_up("a child has ended: no VmRSS");
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
