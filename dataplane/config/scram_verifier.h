#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "config/model.h"

namespace kp::config {

/// Kafka's limits for both SCRAM mechanisms: a broker takes no fewer and makes no more.
inline constexpr int min_iterations = 4096;
inline constexpr int max_iterations = 16384;

/// Bytes of the mechanism's hash.
constexpr std::size_t hash_size(SaslMechanism scram) { return scram == SaslMechanism::ScramSha512 ? 64 : 32; }

/// What a server keeps of a password (RFC 5802): enough to check a login, not enough to make one by SCRAM.
/// Passwords are UTF-8 as they are, without SASLprep, as Kafka has them.
struct ScramVerifier {
  SaslMechanism mechanism = SaslMechanism::ScramSha512;
  Bytes salt;  ///< 8…255 bytes
  int iterations = min_iterations;
  Bytes stored_key;
  Bytes server_key;

  bool operator==(const ScramVerifier&) const = default;
};

/// As PostgreSQL writes it: SCRAM-SHA-512$4096:<salt>$<StoredKey>:<ServerKey>, the last three in base64.
std::string to_text(const ScramVerifier& verifier);

/// Reads what to_text writes. Errors are Invalid, say which part is wrong, and never quote it.
Result<ScramVerifier> parse_verifier(std::string_view text);

/// True for text that is meant as a verifier, whether it parses or not: such text is never taken for a password.
bool looks_like_verifier(std::string_view secret);

}  // namespace kp::config
