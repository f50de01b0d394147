#include "auth/broker_login.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "unit/auth/support.h"

namespace kp::auth {
namespace {

using State = LoginStep::State;

/// Lets `ours` log in to `broker`; both see whole frames only. The error, or how many requests it took.
Result<int> dialogue(BrokerLogin& ours, ClientLogin& broker, std::int32_t correlation_id = 100) {
  Bytes request = ours.begin(correlation_id);
  for (int requests = 1;; ++requests) {
    EXPECT_EQ(kafka::peek_request(request).correlation_id, correlation_id);
    const LoginStep step = broker.take(request);
    auto next = ours.next(step.reply, ++correlation_id);
    if (!next) return next.error();
    if (!next->has_value()) {
      EXPECT_EQ(step.state, State::LoggedIn) << step.why;
      return requests;
    }
    request = **next;
  }
}

using Way = std::tuple<Mechanism, kafka::Version>;
class EveryBroker : public ::testing::TestWithParam<Way> {};

TEST_P(EveryBroker, LetsUsIn) {
  const auto& [mechanism, version] = GetParam();
  for (const char* user : {"alice", "bob"}) {
    ClientLogin broker(some_users(), std::chrono::seconds(7));
    BrokerLogin ours(mechanism, {user, std::string(user) + "-secret"}, "kafkaproxy", version);

    const auto requests = dialogue(ours, broker);

    ASSERT_TRUE(requests) << requests.error().message;
    EXPECT_EQ(*requests, mechanism == Mechanism::Plain ? 2 : 3);
    EXPECT_EQ(broker.user(), user);
    EXPECT_EQ(broker.mechanism(), mechanism);
    EXPECT_EQ(ours.session_lifetime(), std::chrono::seconds(version == 0 ? 0 : 7));
  }
}

TEST_P(EveryBroker, IsHeardWhenItRefusesUs) {
  const auto& [mechanism, version] = GetParam();
  for (const char* user : {"alice", "nobody"}) {
    ClientLogin broker(some_users());
    BrokerLogin ours(mechanism, {user, "hunter2"}, "kafkaproxy", version);

    const auto requests = dialogue(ours, broker);

    ASSERT_FALSE(requests);
    EXPECT_EQ(requests.error().code, Errc::Unauthorized);
    EXPECT_NE(requests.error().message.find("SASL_AUTHENTICATION_FAILED: Authentication failed"), std::string::npos)
        << requests.error().message;
    EXPECT_NE(requests.error().message.find(user), std::string::npos) << requests.error().message;
    EXPECT_EQ(requests.error().message.find("hunter2"), std::string::npos) << requests.error().message;
  }
}

TEST_P(EveryBroker, LetsUsInAgain) {
  const auto& [mechanism, version] = GetParam();
  ClientLogin broker(some_users(), std::chrono::seconds(7));
  BrokerLogin ours(mechanism, {"alice", "alice-secret"}, "kafkaproxy", version);
  for (int round = 0; round < 3; ++round) {
    const auto requests = dialogue(ours, broker, 1000 * round);
    ASSERT_TRUE(requests) << requests.error().message;
    EXPECT_TRUE(broker.logged_in());
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EveryBroker,
                         ::testing::Combine(::testing::ValuesIn(every_mechanism),
                                            ::testing::Values(kafka::Version{0}, kafka::Version{1},
                                                              kafka::Version{2})));

TEST(BrokerLogin, TakesNamesThatScramMustEscape) {
  ClientLogin broker(users_of({{"a,b=c", "x,y=z"}}));
  BrokerLogin ours(Mechanism::ScramSha512, {"a,b=c", "x,y=z"}, "kafkaproxy");
  EXPECT_TRUE(dialogue(ours, broker));
  EXPECT_EQ(broker.user(), "a,b=c");
}

TEST(BrokerLogin, SaysWhichMechanismsTheBrokerHas) {
  ClientLogin broker(users_of({}, {Mechanism::ScramSha512, Mechanism::ScramSha256}));
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");

  const auto requests = dialogue(ours, broker);

  ASSERT_FALSE(requests);
  EXPECT_EQ(requests.error().code, Errc::Unauthorized);
  EXPECT_EQ(requests.error().message,
            "SASL PLAIN login as alice: the broker says UNSUPPORTED_SASL_MECHANISM: the broker has SCRAM-SHA-512, "
            "SCRAM-SHA-256");
}

TEST(BrokerLogin, SendsNoPasswordBeforeTheBrokerHasAgreedToTheMechanism) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  EXPECT_EQ(as_text(ours.begin(1)).find("hunter2"), std::string::npos);
}

Bytes response(const std::string& token, std::int32_t correlation_id, std::int16_t error = 0,
               std::optional<std::string> message = std::nullopt) {
  kafka::SaslAuthenticateResponse body;
  body.error_code = error;
  body.error_message = std::move(message);
  body.auth_bytes.bytes = as_bytes(token);
  return kafka::encode_response(body, 1, correlation_id);
}

/// A login that has had its handshake and waits for the response with id 2.
void shake_hands(BrokerLogin& ours) {
  ours.begin(1);
  const auto next = ours.next(kafka::encode_response(kafka::SaslHandshakeResponse{}, 1, 1), 2);
  ASSERT_TRUE(next) << next.error().message;
  ASSERT_TRUE(next->has_value());
}

TEST(BrokerLogin, ShowsNoSecretThatTheBrokerSendsBack) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  shake_hands(ours);

  const auto next = ours.next(response("", 2, 58, "no such password: hunter2\nat all"), 3);

  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().message.find("hunter2"), std::string::npos) << next.error().message;
}

TEST(BrokerLogin, ShowsTheBrokersWordsInOneLineOfBoundedLength) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  shake_hands(ours);

  const auto next = ours.next(response("", 2, 77, "a\nb" + std::string(5000, 'x')), 3);

  ASSERT_FALSE(next);
  EXPECT_NE(next.error().message.find("error 77: a b"), std::string::npos) << next.error().message;
  EXPECT_LT(next.error().message.size(), 400U);
}

TEST(BrokerLogin, DoesNotTakeAnAnswerToAnotherRequest) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  shake_hands(ours);
  const auto next = ours.next(response("", 3), 4);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Errc::Malformed);
}

TEST(BrokerLogin, DoesNotBelieveABrokerThatSkipsItsProof) {
  BrokerLogin ours(Mechanism::ScramSha256, {"alice", "alice-secret"}, "kafkaproxy");
  shake_hands(ours);
  EXPECT_FALSE(ours.next(response("", 2), 3));
}

TEST(BrokerLogin, DoesNotBelieveABrokerThatSkipsItsSignature) {
  for (const char* last : {"", "v=", "v=AAAA", "x=y"}) {
    // Given: a broker that speaks SCRAM up to its last word
    ClientLogin broker(some_users());
    BrokerLogin ours(Mechanism::ScramSha256, {"alice", "alice-secret"}, "kafkaproxy");
    const auto first = ours.next(broker.take(ours.begin(1)).reply, 2);
    ASSERT_TRUE(first);
    const auto proof = ours.next(broker.take(**first).reply, 3);
    ASSERT_TRUE(proof);

    // When
    const auto done = ours.next(response(last, 3), 4);

    // Then
    ASSERT_FALSE(done) << last;
    EXPECT_NE(done.error().message.find("alice"), std::string::npos) << done.error().message;
  }
}

TEST(BrokerLogin, TakesNothingThatItHasNotAskedFor) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  EXPECT_FALSE(ours.next(response("", 0), 1));
  shake_hands(ours);
  ASSERT_TRUE(ours.next(response("", 2), 3));
  EXPECT_FALSE(ours.next(response("", 3), 4));
}

TEST(BrokerLogin, TakesNothingMoreAfterAnError) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  shake_hands(ours);
  ASSERT_FALSE(ours.next(response("", 2, 58), 3));
  EXPECT_FALSE(ours.next(response("", 2), 3));
}

TEST(BrokerLogin, TakesANegativeLifetimeForNone) {
  BrokerLogin ours(Mechanism::Plain, {"alice", "hunter2"}, "kafkaproxy");
  shake_hands(ours);
  kafka::SaslAuthenticateResponse body;
  body.session_lifetime_ms = -5;
  ASSERT_TRUE(ours.next(kafka::encode_response(body, 1, 2), 3));
  EXPECT_EQ(ours.session_lifetime().count(), 0);
}

/// Every response of a SCRAM login in turn, truncated and with every bit flipped: an error or a wrong login, no crash,
/// and never a login that the broker didn't confirm.
TEST(BrokerLogin, RefusesEveryTruncationOfEveryResponse) {
  for (int broken = 0; broken < 3; ++broken) {
    for (std::size_t cut = 1;; ++cut) {
      ClientLogin broker(some_users());
      BrokerLogin ours(Mechanism::ScramSha256, {"alice", "alice-secret"}, "kafkaproxy", 2);
      Bytes request = ours.begin(0);
      for (int i = 0; i < broken; ++i) {
        auto next = ours.next(broker.take(request).reply, i + 1);
        ASSERT_TRUE(next);
        request = **next;
      }
      const Bytes reply = broker.take(request).reply;
      if (cut > reply.size()) break;
      Bytes shorter(reply.begin(), reply.end() - static_cast<std::ptrdiff_t>(cut));
      EXPECT_FALSE(ours.next(shorter, 9));
      if (shorter.size() < 4) continue;
      BrokerLogin again(Mechanism::ScramSha256, {"alice", "alice-secret"}, "kafkaproxy", 2);
      again.begin(0);
      EXPECT_FALSE(again.next(kafka::seal_frame(shorter), 9)) << "response " << broken << " without " << cut;
    }
  }
}

TEST(BrokerLogin, BelievesNoSignatureWithAFlippedBit) {
  ClientLogin broker(some_users());
  BrokerLogin ours(Mechanism::ScramSha256, {"alice", "alice-secret"}, "kafkaproxy", 1);
  const auto first = ours.next(broker.take(ours.begin(1)).reply, 2);
  ASSERT_TRUE(first);
  const auto proof = ours.next(broker.take(**first).reply, 3);
  ASSERT_TRUE(proof);
  const Bytes right = broker.take(**proof).reply;
  Bytes wrong = right;
  wrong[wrong.size() - 20] ^= 1;  // within the signature: eight bytes of lifetime follow it

  EXPECT_FALSE(ours.next(wrong, 4));
}

}  // namespace
}  // namespace kp::auth
