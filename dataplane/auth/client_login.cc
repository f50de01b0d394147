#include "auth/client_login.h"

#include <algorithm>
#include <utility>

#include "auth/crypto.h"
#include "auth/exchange.h"
#include "kafka/errors.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/36_sasl_authenticate.h"
#include "kafka/reader.h"
#include "kafka/writer.h"

namespace kp::auth {
namespace {

using kafka::RequestHead;
using namespace kafka::error;

constexpr std::string_view not_in_this_state = "Request is not valid given the current SASL state.";
constexpr std::string_view not_this_version = "The version of API is not supported.";

/// Clients try once, and again with a lower version after error 35; some ask twice.
constexpr int max_api_versions = 8;
constexpr std::size_t max_shown = 64;  ///< bytes of a client's own words in the log

bool is_sasl(std::int16_t key) { return key == kafka::api::sasl_handshake || key == kafka::api::sasl_authenticate; }

kafka::Versions versions_of(std::int16_t key) {
  return key == kafka::api::sasl_handshake ? kafka::SaslHandshakeRequest::versions
                                           : kafka::SaslAuthenticateRequest::versions;
}

std::string api_text(const RequestHead& head) {
  return std::string(kafka::api_name(head.api_key)) + " v" + std::to_string(head.api_version);
}

/// What stands behind client id and tagged fields of a request; nullopt when these can't be read.
std::optional<BytesView> body_of(const RequestHead& head, BytesView frame) {
  const BytesView rest = frame.subspan(kafka::request_head_bytes);
  kafka::Reader in(rest);
  const std::int64_t client_id = in.length<std::int16_t>(false);
  if (client_id > 0) in.take(static_cast<std::size_t>(client_id));
  const kafka::Api* api = kafka::find_api(head.api_key);
  if (api != nullptr && head.api_version >= api->flexible_request) {
    for (std::uint32_t count = in.uvarint(); count > 0 && !in.bad(); --count) {
      in.uvarint();
      in.take(in.uvarint());
    }
  }
  if (in.bad()) return std::nullopt;
  return rest.last(in.left());
}

bool whole(BytesView frame, std::size_t at_least) {
  return frame.size() >= at_least && frame.size() <= max_login_frame_bytes &&
         big_endian_i32(frame) == static_cast<std::int64_t>(frame.size() - kafka::frame_size_bytes);
}

}  // namespace

ClientLogin::ClientLogin(std::shared_ptr<const Users> users, std::chrono::milliseconds session_lifetime)
    : users_(std::move(users)), session_lifetime_(session_lifetime) {}

ClientLogin::~ClientLogin() = default;

void ClientLogin::go_on_by(std::shared_ptr<const Users> users, std::chrono::milliseconds session_lifetime) {
  users_ = std::move(users);
  session_lifetime_ = session_lifetime;
}

LoginStep ClientLogin::api_versions() {
  if (state_ == State::LoggedIn) return {.state = LoginStep::State::LoggedIn};
  if (state_ != State::Handshake)
    return refuse(LoginRefusal::BadState, "ApiVersions between SaslHandshake and the end of the login");
  if (++api_versions_seen_ > max_api_versions)
    return refuse(LoginRefusal::BadState, "ApiVersions over and over, but no login");
  return {};
}

LoginStep ClientLogin::take(BytesView frame) {
  if (state_ == State::Refused) return refuse(LoginRefusal::BadState, "a request after the login was refused");
  if (state_ == State::BareToken) return take_bare_token(frame);
  if (!whole(frame, kafka::request_head_bytes))
    return refuse(LoginRefusal::Malformed, "the first bytes are no Kafka request, or it is too long for a login");
  const RequestHead head = kafka::peek_request(frame);
  if (!is_sasl(head.api_key))
    return refuse(LoginRefusal::BadState, "a request before the login is complete: " + api_text(head));
  if (!versions_of(head.api_key).contain(head.api_version))
    return refuse_out_of_turn(head, LoginRefusal::UnsupportedVersion, api_text(head) + " is not a version we know");
  const std::optional<BytesView> body = body_of(head, frame);
  if (!body) return refuse_out_of_turn(head, LoginRefusal::Malformed, api_text(head) + ": the header can't be read");
  return head.api_key == kafka::api::sasl_handshake ? take_handshake(head, *body) : take_authenticate(head, *body);
}

LoginStep ClientLogin::take_handshake(const RequestHead& head, BytesView body) {
  const Result<kafka::SaslHandshakeRequest> request =
      kafka::decode<kafka::SaslHandshakeRequest>(body, head.api_version);
  if (!request) return refuse_out_of_turn(head, LoginRefusal::Malformed, request.error().message);
  if (state_ == State::Token) return refuse_out_of_turn(head, LoginRefusal::BadState, "a second SaslHandshake");
  // Tokens without headers can't be told from the requests that are under way on a connection in use.
  if (state_ == State::LoggedIn && head.api_version == 0)
    return refuse_out_of_turn(head, LoginRefusal::BadState, "a further login by SaslHandshake v0");
  const auto mechanism = find_mechanism(request->mechanism);
  mechanism_.reset();
  if (!mechanism || !users_->enabled(*mechanism))
    return refuse_handshake(head, unsupported_sasl_mechanism, LoginRefusal::UnknownMechanism,
                            "the mechanism " + request->mechanism.substr(0, max_shown) + " is not enabled");
  mechanism_ = mechanism;
  exchange_ = Exchange::make(*users_, *mechanism_);
  bare_tokens_ = head.api_version == 0;
  state_ = bare_tokens_ ? State::BareToken : State::Token;
  return {.reply = handshake_response(head, 0)};
}

LoginStep ClientLogin::take_authenticate(const RequestHead& head, BytesView body) {
  const Result<kafka::SaslAuthenticateRequest> request =
      kafka::decode<kafka::SaslAuthenticateRequest>(body, head.api_version);
  if (!request) return refuse_out_of_turn(head, LoginRefusal::Malformed, request.error().message);
  if (state_ != State::Token)
    return refuse_out_of_turn(head, LoginRefusal::BadState, "SaslAuthenticate without SaslHandshake");
  if (logged_in_ && mechanism_ != first_mechanism_) {
    const std::string told = "SASL mechanism '" + std::string(wire_name(*mechanism_)) +
                             "' requested by client is not supported for re-authentication of mechanism '" +
                             std::string(wire_name(first_mechanism_)) + "'";
    return refuse_authenticate(head, sasl_authentication_failed, told, LoginRefusal::WrongMechanismOnReauthentication,
                               told);
  }

  Verdict verdict = exchange_->take(as_text(request->auth_bytes.bytes));
  claimed_user_ = exchange_->user();
  if (verdict.refusal != LoginRefusal::None)
    return refuse_authenticate(head, sasl_authentication_failed,
                               verdict.told.empty() ? invalid_credentials() : verdict.told, verdict.refusal,
                               std::move(verdict.why));
  if (exchange_->done() && logged_in_ && claimed_user_ != user_) {
    const std::string told =
        "Cannot change principals during re-authentication from User." + user_ + ": User." + claimed_user_;
    return refuse_authenticate(head, sasl_authentication_failed, told, LoginRefusal::WrongUserOnReauthentication, told);
  }
  return answer(head, verdict.token);
}

/// To a token that was right: one more challenge, or the end of the login.
LoginStep ClientLogin::answer(const RequestHead& head, const std::string& token) {
  kafka::SaslAuthenticateResponse response;
  response.auth_bytes.bytes = as_bytes(token);
  const bool done = exchange_->done();
  if (done) {
    response.session_lifetime_ms = session_lifetime_.count();
    complete();
  }
  return {.state = done ? LoginStep::State::LoggedIn : LoginStep::State::Ongoing,
          .reply = kafka::encode_response(response, head.api_version, head.correlation_id)};
}

LoginStep ClientLogin::take_bare_token(BytesView frame) {
  if (!whole(frame, kafka::frame_size_bytes)) return refuse(LoginRefusal::Malformed, "the token is too long");
  Verdict verdict = exchange_->take(as_text(frame.subspan(kafka::frame_size_bytes)));
  claimed_user_ = exchange_->user();
  if (verdict.refusal != LoginRefusal::None) return refuse(verdict.refusal, std::move(verdict.why));
  Bytes reply(kafka::frame_size_bytes);
  kafka::Writer(reply).text(verdict.token);
  const bool done = exchange_->done();
  if (done) complete();
  return {.state = done ? LoginStep::State::LoggedIn : LoginStep::State::Ongoing,
          .reply = kafka::seal_frame(std::move(reply))};
}

LoginStep ClientLogin::overrule(BytesView frame, std::string_view told) {
  if (bare_tokens_ || frame.size() < kafka::request_head_bytes) return refuse(LoginRefusal::None, std::string(told));
  return refuse_authenticate(kafka::peek_request(frame), sasl_authentication_failed, told, LoginRefusal::None,
                             std::string(told));
}

void ClientLogin::complete() {
  user_ = exchange_->user();
  exchange_.reset();
  first_mechanism_ = *mechanism_;
  logged_in_ = true;
  state_ = State::LoggedIn;
}

LoginStep ClientLogin::refuse(LoginRefusal refusal, std::string why, Bytes reply) {
  exchange_.reset();
  state_ = State::Refused;
  logged_in_ = false;
  return {.state = LoginStep::State::Refused, .reply = std::move(reply), .refusal = refusal, .why = std::move(why)};
}

Bytes ClientLogin::handshake_response(const RequestHead& head, std::int16_t error) const {
  kafka::SaslHandshakeResponse response;
  response.error_code = error;
  for (const Mechanism mechanism : users_->mechanisms()) response.mechanisms.emplace_back(wire_name(mechanism));
  const kafka::Versions known = kafka::SaslHandshakeResponse::versions;
  return kafka::encode_response(response, std::clamp(head.api_version, known.min, known.max), head.correlation_id);
}

LoginStep ClientLogin::refuse_handshake(const RequestHead& head, std::int16_t error, LoginRefusal refusal,
                                        std::string why) {
  return refuse(refusal, std::move(why), handshake_response(head, error));
}

LoginStep ClientLogin::refuse_authenticate(const RequestHead& head, std::int16_t error, std::string_view told,
                                           LoginRefusal refusal, std::string why) {
  kafka::SaslAuthenticateResponse response;
  response.error_code = error;
  response.error_message = told;
  const kafka::Versions known = kafka::SaslAuthenticateResponse::versions;
  const kafka::Version version = std::clamp(head.api_version, known.min, known.max);  // the nearest the client can read
  return refuse(refusal, std::move(why), kafka::encode_response(response, version, head.correlation_id));
}

/// Error 34 or 35, in the response of the API that was asked for.
LoginStep ClientLogin::refuse_out_of_turn(const RequestHead& head, LoginRefusal refusal, std::string why) {
  const bool version = refusal == LoginRefusal::UnsupportedVersion;
  const std::int16_t error = version ? unsupported_version : illegal_sasl_state;
  if (head.api_key == kafka::api::sasl_handshake) return refuse_handshake(head, error, refusal, std::move(why));
  return refuse_authenticate(head, error, version ? not_this_version : not_in_this_state, refusal, std::move(why));
}

std::string ClientLogin::invalid_credentials() const {
  return std::string("Authentication failed during ") + (logged_in_ ? "re-authentication" : "authentication") +
         " due to invalid credentials with SASL mechanism " + std::string(wire_name(*mechanism_));
}

}  // namespace kp::auth
