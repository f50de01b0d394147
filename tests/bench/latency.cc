#include "bench/latency.h"

#include <chrono>
#include <vector>

#include "bench/exchange.h"
#include "bench/frames.h"
#include "bench/socket.h"
#include "bench/statistics.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds(std::chrono::nanoseconds span) { return std::chrono::duration<double, std::micro>(span).count(); }

std::chrono::nanoseconds cpu_of(const Target& target) {
  return target.between == nullptr ? std::chrono::nanoseconds(0) : target.between->cpu();
}

}  // namespace

ProduceLatency produce_latency(const Target& target, std::size_t record_bytes, int requests) {
  const Fd socket = connect_to(target.port);
  Bytes request = produce_request(record_bytes);
  std::int32_t id = 0;
  for (const int warm_up = id + requests / 10; id < warm_up; ++id) exchange(socket, request, id);

  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(requests));
  const auto cpu_before = cpu_of(target);
  for (int i = 0; i < requests; ++i) {
    const auto begin = Clock::now();
    exchange(socket, request, id++);
    times.push_back(microseconds(Clock::now() - begin));
  }
  const double cpu = microseconds(cpu_of(target) - cpu_before) / requests;
  return {.p50 = percentile(times, 0.5), .p99 = percentile(times, 0.99), .cpu_between = cpu};
}

double first_request_time(const Target& target, int connections) {
  Bytes request = api_versions_request();
  std::vector<double> times;
  for (int i = 0; i < connections; ++i) {
    const auto begin = Clock::now();
    const Fd socket = connect_to(target.port);
    exchange(socket, request, i);
    times.push_back(microseconds(Clock::now() - begin));
  }
  return percentile(times, 0.5);
}

}  // namespace kp::bench
