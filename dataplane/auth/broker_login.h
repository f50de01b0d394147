#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/mechanism.h"
#include "base/bytes.h"
#include "base/result.h"
#include "config/model.h"
#include "kafka/apis.h"

namespace kp::auth {

class ScramClient;

/// The client's side of a login, for the proxy towards a broker: SaslHandshake 1, then SaslAuthenticate. Frames in,
/// frames out; no socket, no clock; one thread at a time. For a further login on the same connection (KIP-368) call
/// begin() again.
class BrokerLogin {
 public:
  /// `authenticate_version` is the version of SaslAuthenticate, 0…2, that the broker understands; from 1 on it tells
  /// when it wants the next login.
  BrokerLogin(Mechanism mechanism, config::Credential credential, std::string client_id,
              kafka::Version authenticate_version = 1);
  ~BrokerLogin();
  BrokerLogin(const BrokerLogin&) = delete;
  BrokerLogin& operator=(const BrokerLogin&) = delete;

  /// The first frame to send.
  Bytes begin(std::int32_t correlation_id);

  /// Takes the broker's answer to the last frame. Gives the next one to send, which will have `correlation_id`, or
  /// nothing when the login is done. Errors end the login and the connection: Unauthorized with the broker's error and
  /// message, or for a broker that doesn't prove that it knows us; Malformed; never a secret.
  Result<std::optional<Bytes>> next(BytesView response, std::int32_t correlation_id);

  /// How long the broker lets this login live, from the response that completed it; zero: without end.
  std::chrono::milliseconds session_lifetime() const { return session_lifetime_; }

  const std::string& user() const { return credential_.user; }
  Mechanism mechanism() const { return mechanism_; }

 private:
  enum class Wait : std::uint8_t { Nothing, Handshake, Plain, ServerFirst, ServerFinal };

  Result<std::optional<Bytes>> after_handshake(BytesView response, std::int32_t correlation_id);
  Result<std::optional<Bytes>> after_token(Wait wait, BytesView response, std::int32_t correlation_id);
  Bytes authenticate(std::string_view token, std::int32_t correlation_id);
  Error refused(std::int16_t code, const std::string& told) const;
  Error unproven(Error error) const;

  Mechanism mechanism_;
  config::Credential credential_;
  std::string client_id_;
  kafka::Version authenticate_version_;
  Wait wait_ = Wait::Nothing;
  std::int32_t awaited_correlation_id_ = 0;
  std::unique_ptr<ScramClient> scram_;
  std::chrono::milliseconds session_lifetime_{0};
};

}  // namespace kp::auth
