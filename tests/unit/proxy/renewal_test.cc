#include <future>

#include "unit/proxy/login_scene.h"

/// KIP-368 towards brokers: the proxy logs in again before the broker ends the session, and the client notices nothing.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using std::chrono::milliseconds;
using test::FakeBroker;
using test::Socket;
using Connection = std::shared_ptr<FakeBroker::Connection>;

constexpr milliseconds lifetime{600};

class Renewal : public LoginScene {
 protected:
  void start_renewing() {
    keeper->want_logins_every(lifetime);
    start_with_logins();
  }
  /// A client that is logged in and has had one answer; `connection` is the proxy's to the broker for it.
  Socket settled() {
    Socket client = logged_in(alice);
    client.send(beat(1));
    const auto arrived = arrival();
    arrived.reply(Bytes(6));
    EXPECT_EQ(next_id(client), 1);
    connection = arrived.from;
    return client;
  }
  bool renewed(int times = 1) {
    return test::eventually([this, times] { return keeper->logins(connection) > times; });
  }
  /// Waits until a login as old as those so far would have been renewed.
  void let_it_fall_due() {
    keeper->want_logins_every(2 * lifetime);
    const Socket marker = logged_in(bob);
    marker.send(beat(90));
    const auto arrived = arrival();
    arrived.reply(Bytes(6));
    EXPECT_TRUE(test::eventually([&] { return keeper->logins(arrived.from) > 1; }));
  }
  /// What was asked on the connection after its first login and request.
  Apis asked_since() const {
    Apis all = keeper->asked(connection);
    all.erase(all.begin(), all.begin() + 3);
    return all;
  }

  Connection connection;
};
constexpr std::size_t beat_answer_bytes = 4 + 4 + 1 + 6;  // size, correlation id, no tagged fields, body

TEST_F(Renewal, OfAnIdleClientHappensAndTheClientSeesNothing) {
  start_renewing();
  const Socket client = settled();
  ASSERT_TRUE(renewed(2));
  client.send(beat(2));
  const auto arrived = arrival();
  arrived.reply(Bytes(6));
  EXPECT_EQ(client.receive_frame(), arrived.response(Bytes(6)));
}

class RenewalByEveryMechanism : public Renewal, public testing::WithParamInterface<Mechanism> {};
INSTANTIATE_TEST_SUITE_P(Of, RenewalByEveryMechanism, testing::ValuesIn(auth::every_mechanism));

/// The doorkeeper ends a connection that asks anything in the middle of a login.
TEST_P(RenewalByEveryMechanism, OfABusyClientComesBetweenItsRequests) {
  constexpr std::int32_t window = 50;
  config.upstream->sasl_mechanism = GetParam();
  start_renewing();
  const Socket client = settled();
  answer_beats();
  std::int32_t sent = 2;
  for (; sent < 2 + window; ++sent) client.send(beat(sent));
  std::int32_t expected = 2;
  bool in_order = true;
  for (; in_order && keeper->logins(connection) < 4; ++expected, ++sent) {
    in_order = next_id(client) == expected;
    client.send(beat(sent, 4 + static_cast<std::size_t>(sent % 5) * 700));
  }
  for (; in_order && expected < sent; ++expected) in_order = next_id(client) == expected;
  EXPECT_TRUE(in_order) << "at " << expected;
}

TEST_F(Renewal, WaitsForTheEndOfARequestThatIsHalfSent) {
  start_renewing();
  const Socket client = settled();
  const Bytes large = beat(2, 300'000);
  const BytesView view(large);
  client.send(view.first(150'000));
  let_it_fall_due();
  EXPECT_EQ(keeper->logins(connection), 1);
  broker.on(heartbeat, [&large](const auto& request) { request.reply(Bytes(request.frame == large ? 6 : 7)); });
  client.send(view.subspan(150'000));
  EXPECT_EQ(client.receive_frame().size(), beat_answer_bytes);
  EXPECT_TRUE(renewed());
  EXPECT_EQ(asked_since(), (Apis{heartbeat, 17, 36}));
}

TEST_F(Renewal, GoesOnWhileOnlyTheHeadOfARequestIsThere) {
  start_renewing();
  const Socket client = settled();
  const Bytes frame = beat(2);
  const BytesView view(frame);
  client.send(view.first(7));
  ASSERT_TRUE(renewed());
  client.send(view.subspan(7));
  EXPECT_EQ(arrival().frame, frame);
}

TEST_F(Renewal, HoldsRequestsThatComeDuringIt) {
  answer_beats();
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = logged_in(alice);
  const auto first_step = arrival();
  connection = first_step.from;
  client.send(joined({beat(2), test::request_frame(api::api_versions, 0, 3), beat(4)}));
  keeper->take_login(first_step);
  keeper->take_login(arrival());
  expect_ids(client, {2, 3, 4});
  EXPECT_EQ(keeper->asked(connection), (Apis{17, 36, 17, 36, heartbeat, api::api_versions, heartbeat}));
}

TEST_F(Renewal, ComesBehindTheResponsesThatAreDueBefore) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  client.send(joined({beat(2), beat(3)}));
  const auto second = arrival();
  const auto third = arrival();
  const auto handshake = arrival();
  EXPECT_EQ(handshake.head.api_key, api::sasl_handshake);
  second.reply(Bytes(6));
  third.reply(Bytes(6));
  keeper->take_login(handshake);
  keeper->take_login(arrival());
  EXPECT_EQ(next_id(client), 2);
  EXPECT_EQ(next_id(client), 3);
  EXPECT_EQ(asked_since(), (Apis{heartbeat, heartbeat, 17, 36}));
}

TEST_F(Renewal, AnApiVersionsOfOurOwnAnswerKeepsItsPlace) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  client.send(beat(2));
  const auto second = arrival();
  const auto handshake = arrival();
  client.send(joined({test::request_frame(api::api_versions, 77, 3), beat(4)}));
  second.reply(Bytes(6));
  keeper->take_login(handshake);
  keeper->take_login(arrival());
  arrival().reply(Bytes(6));
  expect_ids(client, {2, 3, 4});
}

TEST_F(Renewal, ThatIsRefusedEndsTheConnection) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  const auto handshake = arrival();
  handshake.reply(Bytes{0, 33, 0, 0, 0, 0});
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(counted("upstream", "PLAIN", "refused"));
}

TEST_F(Renewal, ThatIsRefusedCountsAlsoWhenTheBrokerClosesAtOnce) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  const auto handshake = arrival();
  handshake.reply(Bytes{0, 33, 0, 0, 0, 0});
  handshake.from->close();
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(counted("upstream", "PLAIN", "refused"));
}

TEST_F(Renewal, ABrokersEndDuringItEndsTheConnection) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  arrival().from->close();
  EXPECT_EQ(client.receive_to_end(), Bytes{});
}

TEST_F(Renewal, AnAnswerWithAnotherIdEndsTheConnection) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  auto handshake = arrival();
  handshake.head.correlation_id += 1;
  handshake.reply(Bytes{0, 0, 0, 0, 0, 0});
  EXPECT_EQ(client.receive_to_end(), Bytes{});
}

TEST_F(Renewal, AClientsEndDuringItEndsTheBrokersConnection) {
  start_renewing();
  keeper->leave_further_logins();
  Socket client = settled();
  const auto handshake = arrival();
  client.close();
  keeper->take_login(handshake);
  keeper->take_login(arrival());
  EXPECT_TRUE(metric_comes("connections_open 0"));
}

TEST_F(Renewal, AClientsResetDuringItEndsTheBrokersConnection) {
  start_renewing();
  keeper->leave_further_logins();
  Socket client = settled();
  const auto handshake = arrival();
  client.reset();
  keeper->take_login(handshake);
  keeper->take_login(arrival());
  EXPECT_TRUE(metric_comes("connections_open 0"));
}

TEST_F(Renewal, DrainDuringItAnswersWhatIsInFlightAndEnds) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  client.send(beat(2));
  const auto second = arrival();
  const auto handshake = arrival();
  auto drained = std::async(std::launch::async, [this] { return proxy->drain([] { return false; }); });
  ASSERT_TRUE(page_comes("/readyz", "draining"));
  second.reply(Bytes(6));
  EXPECT_EQ(next_id(client), 2);
  keeper->take_login(handshake);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained.get());
}

TEST_F(Renewal, TheClientsOwnNextLoginDuringItIsAnswered) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  const auto handshake = arrival();
  client.send(joined(
      {auth::handshake("PLAIN", 1, 50), auth::authenticate(auth::plain_token("alice", alice.secret), 1, 51), beat(2)}));
  keeper->take_login(handshake);
  keeper->take_login(arrival());
  EXPECT_EQ(next_id(client), 50);
  EXPECT_EQ(next_id(client), 51);
  EXPECT_EQ(arrival().frame, beat(2));
}

class UnansweredRenewal : public Renewal {
 protected:
  static constexpr milliseconds answer_time{1500};  ///< well above `lifetime`, by the end of which a login is renewed
  UnansweredRenewal() { config.limits.handshake_timeout = answer_time; }

  bool timed_out(int times) {
    return metric_comes("connections_closed_total{reason=\"timeout\"} " + std::to_string(times));
  }
};

TEST_F(UnansweredRenewal, EndsTheConnectionAtTheHandshakeTimeoutAndNotBefore) {
  start_renewing();
  keeper->leave_further_logins();
  const auto since = std::chrono::steady_clock::now();
  const Socket client = settled();
  EXPECT_EQ(arrival().head.api_key, api::sasl_handshake);
  EXPECT_TRUE(client.ended());
  EXPECT_GE(std::chrono::steady_clock::now() - since, answer_time);
  EXPECT_TRUE(timed_out(1));
}

TEST_F(UnansweredRenewal, EndsTheConnectionAlsoInTheMiddleOfTheLogin) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket client = settled();
  keeper->take_login(arrival());
  EXPECT_EQ(arrival().head.api_key, api::sasl_authenticate);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(timed_out(1));
}

/// A slow Fetch before the login is no fault of the broker's.
TEST_F(UnansweredRenewal, IsNotHeldAgainstTheBrokerWhileTheClientsRequestsAreDueBefore) {
  start_renewing();
  keeper->leave_further_logins();
  const Socket busy = settled();
  busy.send(beat(2));
  const auto second = arrival();
  EXPECT_EQ(arrival().head.api_key, api::sasl_handshake);
  // A login that is renewed later ends at its time...
  const Socket idle = logged_in(bob);
  EXPECT_TRUE(idle.ended());
  // ...while this one's hasn't begun to count.
  second.reply(Bytes(6));
  EXPECT_EQ(next_id(busy), 2);
  EXPECT_TRUE(busy.ended());
  EXPECT_TRUE(timed_out(2));
}

TEST_F(Renewal, DoesNotKeepAnIdleClientFromItsIdleTimeout) {
  config.limits.idle_timeout = milliseconds(1000);
  start_renewing();
  const Socket client = settled();
  EXPECT_TRUE(client.ended(milliseconds(10'000)));
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 1"));
}

TEST_F(Renewal, AlsoHappensForClientsWithoutSasl) {
  config.downstream.security_protocol = config::SecurityProtocol::Plaintext;
  config.downstream.sasl_mechanisms.clear();
  config.auth_swap->downstream_credentials.clear();
  config.auth_swap->mapping = {{"$anonymous", "svc"}};
  start_renewing();
  const Socket client = to_broker();
  client.send(beat(1));
  const auto arrived = arrival();
  arrived.reply(Bytes(6));
  EXPECT_EQ(next_id(client), 1);
  connection = arrived.from;
  EXPECT_TRUE(renewed(2));
}

}  // namespace
}  // namespace kp::proxy
