#include "bench/grid.h"

#include "bench/socket.h"

namespace kp::bench {

void WayRounds::run(const Once& once) {
  if (!failure_.empty()) return;
  try {
    rounds_.push_back(once());
  } catch (const Failure& failure) {
    failure_ = failure.what();
    say(failure_);
  }
}

Way WayRounds::summary(const std::string& name) const {
  Way way{name, {}, failure_};
  if (!failure_.empty()) return way;
  for (std::size_t column = 0; column < rounds_.front().size(); ++column) {
    std::vector<double> values;
    for (const std::vector<double>& round : rounds_) values.push_back(round[column]);
    way.figures.push_back(spread_of(values));
  }
  return way;
}

Grid take_turns(std::string name, std::vector<Column> columns, const std::vector<Target>& targets, int rounds,
                const std::function<std::vector<double>(const Target&)>& once) {
  std::vector<WayRounds> ways(targets.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t turn = 0; turn < ways.size(); ++turn) {
      const std::size_t at = (turn + static_cast<std::size_t>(round)) % ways.size();
      ways[at].run([&] { return once(targets[at]); });
    }
  Grid grid{std::move(name), std::move(columns), {}};
  for (std::size_t i = 0; i < ways.size(); ++i) grid.ways.push_back(ways[i].summary(targets[i].name));
  return grid;
}

}  // namespace kp::bench
