#include "bench/traffic.h"

#include <sys/prctl.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "bench/exchange.h"
#include "bench/frames.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds period{1};

}  // namespace

Traffic::Traffic(std::uint16_t port, std::size_t record_bytes)
    : socket_(connect_to(port)), record_bytes_(record_bytes), thread_([this](const std::stop_token& stop) {
        try {
          run(stop);
        } catch (const Failure& failure) {
          say(failure.what());
          std::exit(1);
        }
      }) {}

std::vector<double> Traffic::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(times_, {});
}

void Traffic::run(const std::stop_token& stop) {
  ::prctl(PR_SET_TIMERSLACK, 1);  // ns; the default of 50 us would count as the proxy's
  Bytes request = produce_request(record_bytes_);
  std::int32_t id = 0;
  for (auto due = Clock::now(); !stop.stop_requested(); due += period) {
    std::this_thread::sleep_until(due);
    exchange(socket_, request, id++);
    const std::chrono::duration<double, std::micro> took = Clock::now() - due;
    const std::lock_guard lock(mutex_);
    times_.push_back(took.count());
  }
}

}  // namespace kp::bench
