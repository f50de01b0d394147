#include "auth/scram_client.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "auth/scram_messages.h"

namespace kp::auth {
namespace {

constexpr std::size_t nonce_bytes = 24;
constexpr std::size_t max_shown = 100;  ///< bytes of a server's own words

/// A broker keeps a user's salt, so the slow part of a login is done once on each thread, not for every connection and
/// renewal. What is kept names the password by its hash.
Key salted_password(Mechanism scram, std::string_view password, BytesView salt, int iterations) {
  constexpr std::size_t most = 256;  // a server that makes up salts gains nothing
  static thread_local std::map<std::string, Key> known;
  std::string name = std::string(wire_name(scram)) + " " + std::to_string(iterations) + " " + to_base64(salt) + " " +
                     to_base64(hash(Mechanism::ScramSha512, as_bytes(password)).view());
  if (const auto found = known.find(name); found != known.end()) return found->second;
  if (known.size() >= most) known.clear();
  return known.emplace(std::move(name), pbkdf2(scram, password, salt, iterations)).first->second;
}

}  // namespace

ScramClient::ScramClient(Mechanism scram, std::string_view user)
    : ScramClient(scram, user, to_base64(random_bytes(nonce_bytes))) {}

ScramClient::ScramClient(Mechanism scram, std::string_view user, std::string nonce)
    : mechanism_(scram), nonce_(std::move(nonce)), bare_("n=" + to_saslname(user) + ",r=" + nonce_) {}

Result<std::string> ScramClient::last(std::string_view server_first, std::string_view password) {
  const Result<ServerFirst> message = parse_server_first(server_first);
  if (!message) return message.error();
  if (message->nonce.size() <= nonce_.size() || !message->nonce.starts_with(nonce_))
    return Error{Errc::Unauthorized, "SCRAM server-first: the nonce doesn't begin with ours or adds nothing to it"};

  const std::string without_proof = "c=biws,r=" + message->nonce;  // biws: "n,,"
  const std::string auth_message = bare_ + "," + std::string(server_first) + "," + without_proof;
  const Key salted = salted_password(mechanism_, password, message->salt, message->iterations);
  Key proof = hmac(mechanism_, salted.view(), as_bytes("Client Key"));
  const Key signature = hmac(mechanism_, hash(mechanism_, proof.view()).view(), as_bytes(auth_message));
  for (std::size_t i = 0; i < proof.bytes().size(); ++i) proof.bytes()[i] ^= signature.view()[i];
  const Key server_key = hmac(mechanism_, salted.view(), as_bytes("Server Key"));
  server_signature_ = hmac(mechanism_, server_key.view(), as_bytes(auth_message));
  return without_proof + ",p=" + to_base64(proof.view());
}

Status ScramClient::check(std::string_view server_final) const {
  const Result<ServerFinal> message = parse_server_final(server_final);
  if (!message) return message.error();
  if (!message->error.empty())
    return Error{Errc::Unauthorized, "SCRAM: the server says " + message->error.substr(0, max_shown)};
  if (server_signature_.view().empty() || !same_secret(message->signature, server_signature_.view()))
    return Error{Errc::Unauthorized, "SCRAM: wrong server signature: the server doesn't know our password"};
  return Done{};
}

}  // namespace kp::auth
