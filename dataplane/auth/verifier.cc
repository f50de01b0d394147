#include "auth/verifier.h"

#include <utility>

namespace kp::auth {
namespace {

constexpr std::size_t salt_bytes = 16;

Bytes to_bytes(const Key& key) { return {key.view().begin(), key.view().end()}; }

}  // namespace

ScramVerifier make_verifier(Mechanism scram, std::string_view password, int iterations) {
  return make_verifier(scram, password, iterations, random_bytes(salt_bytes));
}

ScramVerifier make_verifier(Mechanism scram, std::string_view password, int iterations, Bytes salt) {
  const Key salted = pbkdf2(scram, password, salt, iterations);
  const Key client_key = hmac(scram, salted.view(), as_bytes("Client Key"));
  return {.mechanism = scram,
          .salt = std::move(salt),
          .iterations = iterations,
          .stored_key = to_bytes(hash(scram, client_key.view())),
          .server_key = to_bytes(hmac(scram, salted.view(), as_bytes("Server Key")))};
}

bool password_matches(const ScramVerifier& verifier, std::string_view password) {
  const Key salted = pbkdf2(verifier.mechanism, password, verifier.salt, verifier.iterations);
  const Key client_key = hmac(verifier.mechanism, salted.view(), as_bytes("Client Key"));
  return same_secret(hash(verifier.mechanism, client_key.view()).view(), verifier.stored_key);
}

bool proof_matches(const ScramVerifier& verifier, std::string_view auth_message, BytesView proof) {
  if (proof.size() != hash_size(verifier.mechanism)) return false;
  Key client_key = hmac(verifier.mechanism, verifier.stored_key, as_bytes(auth_message));
  for (std::size_t i = 0; i < proof.size(); ++i) client_key.bytes()[i] ^= proof[i];
  return same_secret(hash(verifier.mechanism, client_key.view()).view(), verifier.stored_key);
}

Key server_signature(const ScramVerifier& verifier, std::string_view auth_message) {
  return hmac(verifier.mechanism, verifier.server_key, as_bytes(auth_message));
}

}  // namespace kp::auth
