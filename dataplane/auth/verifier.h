#pragma once

#include <string>
#include <string_view>

#include "auth/crypto.h"
#include "auth/mechanism.h"
#include "base/bytes.h"
#include "base/result.h"

namespace kp::auth {

/// Kafka's limits for both SCRAM mechanisms: a broker takes no fewer and makes no more.
inline constexpr int min_iterations = 4096;
inline constexpr int max_iterations = 16384;

/// What a server keeps of a password (RFC 5802): enough to check a login, not enough to make one by SCRAM.
/// Passwords are UTF-8 as they are, without SASLprep, as Kafka has them.
struct ScramVerifier {
  Mechanism mechanism = Mechanism::ScramSha512;
  Bytes salt;  ///< 8…255 bytes
  int iterations = min_iterations;
  Bytes stored_key;
  Bytes server_key;

  bool operator==(const ScramVerifier&) const = default;
};

/// `scram` is one of the two SCRAM mechanisms, `iterations` within Kafka's limits. The first form makes a salt.
ScramVerifier make_verifier(Mechanism scram, std::string_view password, int iterations);
ScramVerifier make_verifier(Mechanism scram, std::string_view password, int iterations, Bytes salt);

/// As PostgreSQL writes it: SCRAM-SHA-512$4096:<salt>$<StoredKey>:<ServerKey>, the last three in base64.
std::string to_text(const ScramVerifier& verifier);

/// Reads what to_text writes. Errors are Invalid, say which part is wrong, and never quote it.
Result<ScramVerifier> parse_verifier(std::string_view text);

/// True for text that is meant as a verifier, whether it parses or not: such text is never taken for a password.
bool looks_like_verifier(std::string_view secret);

/// Does one PBKDF2.
bool password_matches(const ScramVerifier& verifier, std::string_view password);

/// Whether the client that made `proof` for this exchange has the password; no PBKDF2.
bool proof_matches(const ScramVerifier& verifier, std::string_view auth_message, BytesView proof);

/// What the server shows the client to prove that it has the verifier.
Key server_signature(const ScramVerifier& verifier, std::string_view auth_message);

}  // namespace kp::auth
