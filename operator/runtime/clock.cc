#include "runtime/clock.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace kp::runtime {

bool Clock::sleep(Duration span, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable woken;
  const std::stop_callback wake(stop, [&] {
    const std::lock_guard lock(mutex);
    woken.notify_all();
  });
  const Time end = span == Duration::max() ? Time::max() : now() + span;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested() && now() < end) wait_until(woken, lock, end);
  return !stop.stop_requested();
}

void SystemClock::wait_until(std::condition_variable& woken, std::unique_lock<std::mutex>& lock, Time at) {
  if (at == Time::max())
    woken.wait(lock);
  else
    woken.wait_until(lock, at);
}

std::string micro_time(Clock::WallTime time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(micros / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%06dZ", static_cast<int>(micros % 1'000'000));
  return text.data();
}

}  // namespace kp::runtime
