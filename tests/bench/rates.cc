#include "bench/rates.h"

#include <limits>
#include <set>

#include "bench/frames.h"
#include "bench/paced.h"

namespace kp::bench {
namespace {

constexpr std::size_t small_bytes = 100;
constexpr kafka::Version fetch_version = 18;

struct RateCase {
  std::string name;
  bool fetch = false;  ///< else Produce
  int per_second = 0;
  Security security = Security::Plain;
  std::size_t bytes = small_bytes;
};

const std::vector<RateCase>& cases() {
  static const std::vector<RateCase> all{
      {"produce 100 B, 1000/s", false, 1000, Security::Plain},
      {"produce 100 B, 10000/s", false, 10000, Security::Plain},
      {"fetch 100 B, 1000/s", true, 1000, Security::Plain},
      {"fetch 100 B, 10000/s", true, 10000, Security::Plain},
      {"TLS, produce 100 B, 1000/s", false, 1000, Security::ClientTls},
      {"TLS, produce 100 B, 10000/s", false, 10000, Security::ClientTls},
      {"virtual, produce 16 KiB, 50 MB/s", false, 3000, Security::Virtual, 16 * 1024},
      {"virtual, fetch 16 KiB, 50 MB/s", true, 3000, Security::Virtual, 16 * 1024},
  };
  return all;
}

std::vector<Column> columns() {
  return {{"p50_us", "p50 us", 0},
          {"p99_us", "p99 us", 0, 1, true},
          {"p999_us", "p99.9 us", 0},
          {"cpu_us_per_request", "CPU us/request", 1}};
}

std::vector<double> measure_once(const Target& target, const RateCase& work, ssl_ctx_st* tls,
                                 std::chrono::milliseconds span) {
  const Bytes request = work.fetch ? fetch_request(fetch_version) : produce_request(work.bytes);
  const Pace pace{.per_second = work.per_second, .span = span};
  const PacedAnswers answers = paced_answers(target, request, pace, tls);
  const std::vector<double>& latencies = answers.latencies;
  const double spent = std::chrono::duration<double, std::micro>(answers.cpu_between).count();
  return {percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(latencies, 0.999),
          target.between == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                    : spent / static_cast<double>(latencies.size())};
}

}  // namespace

std::vector<Grid> measure_rates(Stages& stages, const RatesSettings& settings) {
  std::vector<Grid> all;
  std::set<Security> seen;
  for (const RateCase& work : cases()) {
    if (!seen.insert(work.security).second && settings.few) continue;
    say(work.name);
    Stage& stage = stages.of(work.security);
    stage.set_fetch_bytes(work.fetch ? work.bytes : 0);
    all.push_back(take_turns(work.name, columns(), stage.targets(), settings.rounds, [&](const Target& target) {
      return measure_once(target, work, stage.tls(), settings.span);
    }));
  }
  return all;
}

}  // namespace kp::bench
