#include "auth/broker_login.h"

#include <algorithm>
#include <utility>

#include "auth/crypto.h"
#include "auth/scram_client.h"
#include "kafka/errors.h"
#include "kafka/header.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/36_sasl_authenticate.h"

namespace kp::auth {
namespace {

constexpr kafka::Version handshake_version = 1;
constexpr std::size_t max_shown = 256;  ///< bytes of a broker's own words

/// A broker's words, in one line of bounded length, without `secret` should it have sent ours back.
std::string shown(std::string text, const std::string& secret) {
  if (text.find(secret) != std::string::npos) return "(a message that holds our secret)";
  if (text.size() > max_shown) text = text.substr(0, max_shown) + "…";
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

std::string error_name(std::int16_t code) {
  switch (code) {
    case kafka::error::unsupported_sasl_mechanism:
      return "UNSUPPORTED_SASL_MECHANISM";
    case kafka::error::illegal_sasl_state:
      return "ILLEGAL_SASL_STATE";
    case kafka::error::unsupported_version:
      return "UNSUPPORTED_VERSION";
    case kafka::error::sasl_authentication_failed:
      return "SASL_AUTHENTICATION_FAILED";
    default:
      return "error " + std::to_string(code);
  }
}

}  // namespace

BrokerLogin::BrokerLogin(Mechanism mechanism, config::Credential credential, std::string client_id,
                         kafka::Version authenticate_version)
    : mechanism_(mechanism),
      credential_(std::move(credential)),
      client_id_(std::move(client_id)),
      authenticate_version_(authenticate_version) {}

BrokerLogin::~BrokerLogin() { wipe(credential_.secret); }

Bytes BrokerLogin::begin(std::int32_t correlation_id) {
  wait_ = Wait::Handshake;
  scram_.reset();
  awaited_correlation_id_ = correlation_id;
  kafka::SaslHandshakeRequest request;
  request.mechanism = wire_name(mechanism_);
  return kafka::encode_request(request, handshake_version, correlation_id, client_id_);
}

Result<std::optional<Bytes>> BrokerLogin::next(BytesView response, std::int32_t correlation_id) {
  const Wait wait = std::exchange(wait_, Wait::Nothing);  // an error leaves it so
  if (wait == Wait::Nothing) return Error{Errc::Internal, "SASL: a response that nothing was asked for"};
  if (response.size() < kafka::response_head_bytes ||
      kafka::peek_response(response).size != static_cast<std::int64_t>(response.size() - kafka::frame_size_bytes))
    return Error{Errc::Malformed, "SASL: the broker's response is no whole frame"};
  if (kafka::peek_response(response).correlation_id != awaited_correlation_id_)
    return Error{Errc::Malformed, "SASL: the broker answers another request than ours"};
  return wait == Wait::Handshake ? after_handshake(response, correlation_id)
                                 : after_token(wait, response, correlation_id);
}

Result<std::optional<Bytes>> BrokerLogin::after_handshake(BytesView frame, std::int32_t correlation_id) {
  const auto response = kafka::decode_response<kafka::SaslHandshakeResponse>(frame, handshake_version);
  if (!response) return response.error();
  if (response->error_code != 0) {
    std::string enabled;
    for (const std::string& name : response->mechanisms) enabled += (enabled.empty() ? "" : ", ") + name;
    return refused(response->error_code, "the broker has " + (enabled.empty() ? "none" : enabled));
  }
  if (mechanism_ == Mechanism::Plain) {
    std::string token = '\0' + credential_.user + '\0' + credential_.secret;
    Bytes request = authenticate(token, correlation_id);
    wipe(token);
    wait_ = Wait::Plain;
    return std::optional<Bytes>(std::move(request));
  }
  scram_ = std::make_unique<ScramClient>(mechanism_, credential_.user);
  wait_ = Wait::ServerFirst;
  return std::optional<Bytes>(authenticate(scram_->first(), correlation_id));
}

Result<std::optional<Bytes>> BrokerLogin::after_token(Wait wait, BytesView frame, std::int32_t correlation_id) {
  const auto response = kafka::decode_response<kafka::SaslAuthenticateResponse>(frame, authenticate_version_);
  if (!response) return response.error();
  if (response->error_code != 0) return refused(response->error_code, response->error_message.value_or(""));

  const std::string_view token = as_text(response->auth_bytes.bytes);
  if (wait == Wait::ServerFirst) {
    Result<std::string> last = scram_->last(token, credential_.secret);
    if (!last) return unproven(std::move(last).error());
    wait_ = Wait::ServerFinal;
    return std::optional<Bytes>(authenticate(*last, correlation_id));
  }
  if (wait == Wait::ServerFinal) {
    Status proven = scram_->check(token);
    if (!proven) return unproven(std::move(proven).error());
  }
  scram_.reset();
  session_lifetime_ = std::chrono::milliseconds(std::max<std::int64_t>(response->session_lifetime_ms, 0));
  return std::optional<Bytes>();
}

Bytes BrokerLogin::authenticate(std::string_view token, std::int32_t correlation_id) {
  awaited_correlation_id_ = correlation_id;
  kafka::SaslAuthenticateRequest request;
  request.auth_bytes.bytes = as_bytes(token);
  return kafka::encode_request(request, authenticate_version_, correlation_id, client_id_);
}

Error BrokerLogin::refused(std::int16_t code, const std::string& told) const {
  std::string message = "SASL " + std::string(wire_name(mechanism_)) + " login as " + credential_.user +
                        ": the broker says " + error_name(code);
  if (!told.empty()) message += ": " + shown(told, credential_.secret);
  return {Errc::Unauthorized, std::move(message)};
}

/// The broker's tokens are at fault, not ours; what they say is shown like its other words.
Error BrokerLogin::unproven(Error error) const {
  error.message = shown(std::move(error.message), credential_.secret);
  return std::move(error).within("SASL login as " + credential_.user);
}

}  // namespace kp::auth
