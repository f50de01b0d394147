#include "unit/proxy/login_scene.h"

/// KIP-368 towards clients: they log in again on a connection in use, and how long they may wait with it.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using auth::authenticate;
using auth::handshake;
using auth::plain_token;
using std::chrono::milliseconds;
using test::Socket;

class Relogin : public LoginScene {
 protected:
  std::vector<Bytes> login_of(const config::Credential& who) const {
    return {handshake("PLAIN", 1, 50), authenticate(plain_token(who.user, who.secret), 1, 51)};
  }
  /// SaslAuthenticate's error in what comes next.
  std::int16_t next_error(const Socket& client) {
    return auth::read<kafka::SaslAuthenticateResponse>(client.receive_frame(), 1).error_code;
  }
};

TEST_F(Relogin, IsAnsweredHereInItsTurnAndNeverReachesTheBroker) {
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(joined({beat(1), joined(login_of(alice)), beat(2)}));
  const auto first = arrival();
  const auto second = arrival();
  first.reply(Bytes(6));
  second.reply(Bytes(6));
  expect_ids(client, {1, 50, 51, 2});
  EXPECT_EQ(keeper->asked(first.from), (Apis{api::sasl_handshake, api::sasl_authenticate, 12, 12}));
  EXPECT_TRUE(counted("downstream", "PLAIN", "ok", 2));
}

TEST_F(Relogin, WorksByEveryMechanism) {
  start_with_logins();
  for (const Mechanism mechanism : auth::every_mechanism) {
    const Socket client = to_broker();
    for (int round = 0; round < 3; ++round) {
      const Status done = log_in(client, mechanism, alice);
      EXPECT_TRUE(done) << done.error().message;
    }
  }
}

TEST_F(Relogin, ThatIsWrongIsToldAfterTheResponsesUnderWayAndThenTheConnectionEnds) {
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(joined({beat(1), beat(2), joined(login_of({"alice", std::string(wrong_password)})), beat(3)}));
  const auto first = arrival();
  const auto second = arrival();
  EXPECT_TRUE(counted("downstream", "PLAIN", "bad_credentials"));
  first.reply(Bytes(6));
  second.reply(Bytes(6));
  expect_ids(client, {1, 2, 50});
  EXPECT_EQ(next_error(client), sasl_authentication_failed);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_EQ(keeper->asked(first.from), (Apis{api::sasl_handshake, api::sasl_authenticate, 12, 12}));
}

TEST_F(Relogin, ThatIsWrongIsToldInItsTurnAlsoWhereTheQueueIsFull) {
  config.limits.max_in_flight = 2;
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(joined({beat(1), beat(2), joined(login_of({"alice", std::string(wrong_password)})), beat(3)}));
  const auto first = arrival();
  const auto second = arrival();
  // The queue is full; one place is free then, and the SaslHandshake's answer takes it.
  first.reply(Bytes(6));
  EXPECT_EQ(next_id(client), 1);
  EXPECT_TRUE(counted("downstream", "PLAIN", "bad_credentials"));
  second.reply(Bytes(6));
  expect_ids(client, {2, 50});
  EXPECT_EQ(next_error(client), sasl_authentication_failed);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_EQ(keeper->asked(first.from), (Apis{api::sasl_handshake, api::sasl_authenticate, 12, 12}));
}

TEST_F(Relogin, ThatIsWrongWhileNothingIsUnderWayIsToldBeforeTheClose) {
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(joined(login_of({"alice", std::string(wrong_password)})));
  EXPECT_EQ(next_id(client), 50);
  EXPECT_EQ(next_error(client), sasl_authentication_failed);
  EXPECT_FALSE(client.was_reset());
}

TEST_F(Relogin, AsAnotherUserIsRefused) {
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(joined(login_of(bob)));
  EXPECT_EQ(next_id(client), 50);
  EXPECT_EQ(next_error(client), sasl_authentication_failed);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(counted("downstream", "PLAIN", "wrong_user_on_reauthentication"));
}

TEST_F(Relogin, ByAnotherMechanismIsRefused) {
  start_with_logins();
  const Socket client = logged_in(alice);
  const Status done = log_in(client, Mechanism::ScramSha512, alice);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("SASL_AUTHENTICATION_FAILED: SASL mechanism 'SCRAM-SHA-512' requested by client "
                                      "is not supported for re-authentication of mechanism 'PLAIN'"),
            std::string::npos)
      << done.error().message;
  EXPECT_TRUE(client.ended());
}

TEST_F(Relogin, ByHandshakeV0IsRefusedByAClose) {
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(handshake("PLAIN", 0));
  EXPECT_EQ(client.receive_to_end(), Bytes{});
}

TEST_F(Relogin, ARequestInItsMiddleEndsTheConnectionAndReachesNobody) {
  start_with_logins();
  const Socket client = logged_in(alice);
  client.send(joined({handshake("PLAIN", 1, 50), beat(1)}));
  client.receive_to_end();
  EXPECT_FALSE(keeper->was_asked(heartbeat));
}

TEST_F(Relogin, ThatComesByteByByteIsTaken) {
  answer_beats();
  start_with_logins();
  const Socket client = logged_in(alice);
  for (const std::uint8_t byte : joined({beat(1), joined(login_of(alice)), beat(2)})) client.send(BytesView(&byte, 1));
  expect_ids(client, {1, 50, 51, 2});
}

class Lifetime : public Relogin {
 protected:
  Lifetime() { config.downstream.sasl_session_lifetime = milliseconds(400); }

  /// Another client, that came later, has come to the end of its lifetime.
  void outlive_a_login() {
    const Socket marker = logged_in(bob);
    EXPECT_TRUE(test::eventually([&] { return marker.send(beat(1)), next_id(marker) < 0; }));
  }
};

TEST_F(Lifetime, IsToldWithTheLogin) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(joined(login_of(alice)));
  EXPECT_EQ(next_id(client), 50);
  EXPECT_EQ(auth::read<kafka::SaslAuthenticateResponse>(client.receive_frame(), 1).session_lifetime_ms, 400);
}

TEST_F(Lifetime, EndsARequestThatComesAfterIt) {
  answer_beats();
  start_with_logins();
  const Socket client = logged_in(alice);
  outlive_a_login();
  client.send(beat(1));
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"unauthorized\"} 2"));
}

TEST_F(Lifetime, AfterItApiVersionsAndALoginAreStillTakenAndThenAllGoesOn) {
  answer_beats();
  start_with_logins();
  const Socket client = logged_in(alice);
  outlive_a_login();
  client.send(joined({test::request_frame(api::api_versions, 0, 1), joined(login_of(alice)), beat(2)}));
  expect_ids(client, {1, 50, 51, 2});
}

}  // namespace
}  // namespace kp::proxy
