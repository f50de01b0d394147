#pragma once

#include <string>
#include <variant>

#include "app/render.h"
#include "app/run.h"

namespace kp::app {

struct Say {
  std::string text;  ///< help or version: print it and be done
};
struct Misused {
  std::string text;  ///< what is wrong with the command line, for standard error
};

using Command = std::variant<RunOptions, RenderOptions, Say, Misused>;

/// What the command line asks for. Never throws, never exits.
Command parse(int argc, const char* const* argv);

}  // namespace kp::app
