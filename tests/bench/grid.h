#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/statistics.h"
#include "bench/target.h"

namespace kp::bench {

/// One figure that every way of a case has.
struct Column {
  std::string key;        ///< in JSON
  std::string title;      ///< in the table; empty: not there
  int digits = 0;         ///< behind the point, in the table
  double unit = 1;        ///< the table shows the figure divided by this
  bool compared = false;  ///< the table says how ours stands to the others'; at most one column
};

/// Of one way to the broker, over all rounds.
struct Way {
  std::string name;
  std::vector<Spread> figures;  ///< one per column; not a number: the way has no such figure
  std::string failure;          ///< why there are no figures; empty: there are
};

struct Grid {
  std::string name;  ///< of the case
  std::vector<Column> columns;
  std::vector<Way> ways;
};

/// Collects what one way gives, round by round. After a failure it is asked no more.
class WayRounds {
 public:
  using Once = std::function<std::vector<double>()>;

  void run(const Once& once);
  Way summary(const std::string& name) const;

 private:
  std::vector<std::vector<double>> rounds_;
  std::string failure_;
};

/// The ways take turns, and every round begins with another: what disturbs the machine disturbs all alike.
Grid take_turns(std::string name, std::vector<Column> columns, const std::vector<Target>& targets, int rounds,
                const std::function<std::vector<double>(const Target&)>& once);

}  // namespace kp::bench
