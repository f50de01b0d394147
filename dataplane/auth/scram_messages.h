#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

/// The four messages of SCRAM (RFC 5802) without channel binding. Errors are Malformed, say which part is wrong, and
/// never quote it.
namespace kp::auth {

struct ClientFirst {
  std::string gs2_header;        ///< "n,," or "y,a=somebody,": to be repeated in client-final
  std::string authorization_id;  ///< empty: none
  std::string user;
  std::string nonce;
  std::string bare;  ///< the message without gs2_header
};
/// Refuses channel binding ("p="), mandatory extensions, and delegation tokens (Kafka's tokenauth=true); ignores other
/// extensions.
Result<ClientFirst> parse_client_first(std::string_view message);

struct ServerFirst {
  std::string nonce;
  Bytes salt;
  int iterations = 0;  ///< within Kafka's limits
};
Result<ServerFirst> parse_server_first(std::string_view message);
std::string to_text(const ServerFirst& message);

struct ClientFinal {
  std::string channel_binding;  ///< decoded: what was the gs2 header
  std::string nonce;
  Bytes proof;
  std::string without_proof;
};
Result<ClientFinal> parse_client_final(std::string_view message);

struct ServerFinal {
  std::string error;  ///< empty: the login is accepted
  Bytes signature;
};
Result<ServerFinal> parse_server_final(std::string_view message);

/// A name with its ',' and '=' as SCRAM writes them, and back; nothing for text that isn't written so.
std::string to_saslname(std::string_view name);
std::optional<std::string> from_saslname(std::string_view text);

}  // namespace kp::auth
