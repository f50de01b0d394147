#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace kp::certs {

enum class KeyAlgorithm : std::uint8_t {
  Ec,  ///< P-256
  Rsa  ///< 3072 bits
};

inline constexpr int authority_days = 7300;  ///< 20 years
inline constexpr int default_days = 825;     ///< the longest that clients take from anybody

struct GenerateOptions {
  std::string sni_suffix{};  ///< "kafka.example.com": the server's certificate is for it and for every name below
  std::string directory = ".";
  KeyAlgorithm algorithm = KeyAlgorithm::Ec;
  int days = default_days;  ///< of all but the authority: 1…authority_days
  std::vector<std::string> clients{"client1", "client2"};
};

/// A certificate authority, a server's certificate and one for each client, as PEM files; what was made, in words, with
/// the lines for the configuration. Errors: Invalid names the option; Conflict names every file that is there already,
/// and then nothing was written; Io, and then nothing stays.
Result<std::string> generate(const GenerateOptions& options);

}  // namespace kp::certs
