#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/client_login.h"
#include "auth/crypto.h"
#include "auth/users.h"
#include "kafka/header.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/36_sasl_authenticate.h"

namespace kp::auth {

inline constexpr Mechanism every_mechanism[] = {Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512};

inline std::shared_ptr<const Users> users_of(const std::vector<config::Credential>& credentials,
                                             std::vector<Mechanism> enabled = {std::begin(every_mechanism),
                                                                               std::end(every_mechanism)}) {
  auto users = Users::make(credentials, std::move(enabled));
  EXPECT_TRUE(users) << users.error().message;
  return *users;
}

/// alice by a password, bob by a verifier for each SCRAM mechanism.
inline const std::shared_ptr<const Users>& some_users() {
  static const auto users = users_of({{"alice", "alice-secret"},
                                      {"bob", to_text(make_verifier(Mechanism::ScramSha256, "bob-secret", 4096))},
                                      {"bob", to_text(make_verifier(Mechanism::ScramSha512, "bob-secret", 4096))}});
  return users;
}

inline Bytes handshake(std::string_view mechanism, kafka::Version version = 1, std::int32_t correlation_id = 1) {
  kafka::SaslHandshakeRequest request;
  request.mechanism = mechanism;
  return kafka::encode_request(request, version, correlation_id, "test");
}

inline Bytes authenticate(std::string_view token, kafka::Version version = 1, std::int32_t correlation_id = 2) {
  kafka::SaslAuthenticateRequest request;
  request.auth_bytes.bytes = as_bytes(token);
  return kafka::encode_request(request, version, correlation_id, "test");
}

inline Bytes bare_token(std::string_view token) {
  Bytes frame(kafka::frame_size_bytes);
  frame.insert(frame.end(), token.begin(), token.end());
  return kafka::seal_frame(std::move(frame));
}

inline std::string plain_token(std::string_view user, std::string_view password, std::string_view act_as = {}) {
  return std::string(act_as) + '\0' + std::string(user) + '\0' + std::string(password);
}

template <class Message>
Message read(const Bytes& reply, kafka::Version version) {
  auto message = kafka::decode_response<Message>(reply, version);
  EXPECT_TRUE(message) << message.error().message;
  return message ? *message : Message{};
}
inline kafka::SaslHandshakeResponse handshake_reply(const LoginStep& step, kafka::Version version = 1) {
  return read<kafka::SaslHandshakeResponse>(step.reply, version);
}
inline kafka::SaslAuthenticateResponse authenticate_reply(const LoginStep& step, kafka::Version version = 1) {
  return read<kafka::SaslAuthenticateResponse>(step.reply, version);
}

/// The first login of `login`, by PLAIN.
inline void log_in(ClientLogin& login, std::string_view user = "alice", std::string_view password = "alice-secret") {
  ASSERT_EQ(login.take(handshake("PLAIN")).state, LoginStep::State::Ongoing);
  ASSERT_EQ(login.take(authenticate(plain_token(user, password))).state, LoginStep::State::LoggedIn);
}

}  // namespace kp::auth
