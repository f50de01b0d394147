#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends the program when something that must hold doesn't: a finding for the fuzzer, a failure for the replay.
inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}
