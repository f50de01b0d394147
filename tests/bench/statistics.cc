#include "bench/statistics.h"

#include <algorithm>
#include <cmath>

namespace kp::bench {

double percentile(std::vector<double> samples, double part) {
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(samples.size())));
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

Spread spread_of(const std::vector<double>& rounds) {
  const auto [min, max] = std::minmax_element(rounds.begin(), rounds.end());
  return {.median = percentile(rounds, 0.5), .min = *min, .max = *max};
}

Spread spread_of_ratios(const std::vector<double>& rounds, const std::vector<double>& reference) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < rounds.size(); ++i) ratios.push_back(rounds[i] / reference[i]);
  return spread_of(ratios);
}

}  // namespace kp::bench
