#include "auth/scram_server.h"

#include <utility>

#include "auth/crypto.h"

namespace kp::auth {
namespace {

constexpr std::size_t nonce_bytes = 24;

}  // namespace

ScramServer::ScramServer(const Users& users, Mechanism scram)
    : ScramServer(users, scram, to_base64(random_bytes(nonce_bytes))) {}

ScramServer::ScramServer(const Users& users, Mechanism scram, std::string nonce)
    : users_(users), mechanism_(scram), server_nonce_(std::move(nonce)) {}

Verdict ScramServer::evaluate(std::string_view token) { return server_first_.empty() ? first(token) : last(token); }

Verdict ScramServer::first(std::string_view token) {
  Result<ClientFirst> message = parse_client_first(token);
  if (!message) return {.refusal = LoginRefusal::Malformed, .why = std::move(message).error().message};
  client_first_ = std::move(*message);
  if (Verdict claimed = claim(client_first_.user, client_first_.authorization_id);
      claimed.refusal != LoginRefusal::None)
    return claimed;
  found_ = users_.find_verifier(user_, mechanism_);
  nonce_ = client_first_.nonce + server_nonce_;
  server_first_ =
      to_text(ServerFirst{.nonce = nonce_, .salt = found_.verifier.salt, .iterations = found_.verifier.iterations});
  return {.token = server_first_};
}

Verdict ScramServer::last(std::string_view token) {
  const Result<ClientFinal> message = parse_client_final(token);
  if (!message) return {.refusal = LoginRefusal::Malformed, .why = message.error().message};
  if (message->channel_binding != client_first_.gs2_header)
    return {.refusal = LoginRefusal::Malformed, .why = "SCRAM client-final: another channel binding than at first"};
  // As Kafka's server: librdkafka up to 2.0 says its own part twice, and the proof covers whatever it sent.
  if (!message->nonce.ends_with(nonce_))
    return {.refusal = LoginRefusal::BadCredentials, .why = "SCRAM client-final: not this exchange's nonce"};

  const std::string auth_message = client_first_.bare + "," + server_first_ + "," + message->without_proof;
  const bool proven = proof_matches(found_.verifier, auth_message, message->proof);
  if (!proven || !found_.known)
    return {.refusal = LoginRefusal::BadCredentials,
            .why = found_.known ? "wrong password" : "unknown user, or not by this mechanism"};
  done_ = true;
  return {.token = "v=" + to_base64(server_signature(found_.verifier, auth_message).view())};
}

}  // namespace kp::auth
