#pragma once

#include <cstddef>
#include <vector>

namespace kp::bench {

/// What the rounds of one measurement say together. Everything is in the unit of the samples.
struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// `samples` is not empty; `part` is 0…1. The smallest sample that at least `part` of them don't exceed.
double percentile(std::vector<double> samples, double part);

Spread spread_of(const std::vector<double>& rounds);

/// Round by round, then the spread of that: noise that hits both sides of a round cancels out.
Spread spread_of_ratios(const std::vector<double>& rounds, const std::vector<double>& reference);

}  // namespace kp::bench
