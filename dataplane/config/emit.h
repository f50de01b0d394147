#pragma once

#include <string>
#include <vector>

#include "config/model.h"

namespace kp::config {

enum class Secrets : bool { Mask, Show };

/// The YAML that parse() reads back to an equal Config (with Secrets::Show). Masked secrets read "****", a verifier
/// "SCRAM-SHA-512$****"; what parse() makes of that is the same configuration with other secrets.
std::string emit(const Config& config, Secrets secrets);

/// One value, by its path: "limits.idle_timeout", "resolve[0].host", "auth_swap.mapping[alice]". A path may repeat
/// where a name may. `value` is as in the YAML, without its quotes.
struct Leaf {
  std::string path;
  std::string value;
};

/// What emit() writes, value by value, in its order; then the generation. A tls block is there even where it is left
/// out for being the default: a side that gets TLS doesn't change its tls. Masked and shown leaves have the same paths.
std::vector<Leaf> leaves(const Config& config, Secrets secrets);

/// 64 hex digits; slow_digest() if it has secrets. Equal configs hash equal whatever the file's layout and generation.
std::string hash(const Config& config);

}  // namespace kp::config
