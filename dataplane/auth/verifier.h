#pragma once

#include <string>
#include <string_view>

#include "auth/crypto.h"
#include "auth/mechanism.h"
#include "base/bytes.h"
#include "config/scram_verifier.h"

namespace kp::auth {

using config::looks_like_verifier;
using config::max_iterations;
using config::min_iterations;
using config::parse_verifier;
using config::ScramVerifier;
using config::to_text;

/// `scram` is one of the two SCRAM mechanisms, `iterations` within Kafka's limits. The first form makes a salt.
ScramVerifier make_verifier(Mechanism scram, std::string_view password, int iterations);
ScramVerifier make_verifier(Mechanism scram, std::string_view password, int iterations, Bytes salt);

/// Does one PBKDF2.
bool password_matches(const ScramVerifier& verifier, std::string_view password);

/// Whether the client that made `proof` for this exchange has the password; no PBKDF2.
bool proof_matches(const ScramVerifier& verifier, std::string_view auth_message, BytesView proof);

/// What the server shows the client to prove that it has the verifier.
Key server_signature(const ScramVerifier& verifier, std::string_view auth_message);

}  // namespace kp::auth
