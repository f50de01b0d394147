#pragma once

#include <string>

#include "bench/measure.h"

namespace kp::bench {

/// For people. `colours`: escape sequences for a terminal.
std::string table(const Figures& figures, const Settings& settings, bool colours);

/// For programs and later comparison; names carry their unit.
std::string json(const Figures& figures, const Settings& settings);

}  // namespace kp::bench
