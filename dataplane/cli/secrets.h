#pragma once

#include <string>
#include <vector>

#include "config/model.h"

namespace kp::cli {

/// A masked configuration with the secrets of another one put in where both have the same user or key.
struct Unmasked {
  config::Config config;
  std::vector<std::string> filled;  ///< keys that got a secret, in the order of the model
  bool complete = true;             ///< no mask is left
};

/// `masked`: as parse() made it of what emit() wrote with Secrets::Mask.
Unmasked unmask(const config::Config& masked, const config::Config& local);

}  // namespace kp::cli
