#include "kafka/messages/18_api_versions.h"
#include "support/certificates.h"
#include "support/tls_server.h"
#include "unit/proxy/login_scene.h"

/// A client's first login under auth_swap, and the proxy's own to the broker.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using auth::authenticate;
using auth::bare_token;
using auth::handshake;
using auth::plain_token;
using test::Socket;

class LoginTest : public LoginScene {
 protected:
  /// Where no broker can be reached: a right login is answered by nothing but the handshake, then the end.
  void expect_a_close_without_an_error() {
    launch();
    ASSERT_TRUE(page_comes("/readyz", "upstream: "));
    const Socket client = bootstrap();
    client.send(joined({handshake("PLAIN"), authenticate(plain_token("alice", alice.secret))}));
    EXPECT_EQ(next_id(client), 1);
    EXPECT_EQ(client.receive_to_end(), Bytes{});
  }

  /// What the client gets to `frames`: the answers before the end.
  std::vector<Bytes> answers_to(const std::vector<Bytes>& frames) {
    const Socket client = to_broker();
    client.send(joined(frames));
    std::vector<Bytes> answers;
    for (;;) {
      Bytes answer = client.receive_frame();
      if (answer.size() < kafka::response_head_bytes) return answers;
      answers.push_back(std::move(answer));
    }
  }
};

Bytes api_versions(std::int32_t correlation_id = 100) {
  return test::request_frame(api::api_versions, 0, correlation_id);
}

std::int16_t handshake_error(const Bytes& answer) {
  return auth::read<kafka::SaslHandshakeResponse>(answer, 1).error_code;
}

struct Way {
  Mechanism mechanism;
  kafka::Version version;
};
class EveryClient : public LoginTest, public testing::WithParamInterface<Way> {};

TEST_P(EveryClient, LogsInAndTheBrokerSeesOnlyTheProxysLogin) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(api_versions());
  EXPECT_EQ(next_id(client), 100);

  const Status done = log_in(client, GetParam().mechanism, alice, GetParam().version);

  ASSERT_TRUE(done) << done.error().message;
  client.send(beat(7));
  const auto arrived = arrival();
  EXPECT_EQ(arrived.frame, beat(7));
  EXPECT_EQ(keeper->asked(arrived.from), (Apis{api::api_versions, api::sasl_handshake, api::sasl_authenticate, 12}));
  EXPECT_EQ(keeper->user(arrived.from), "svc");
  EXPECT_TRUE(counted("downstream", std::string(auth::wire_name(GetParam().mechanism)), "ok"));
}

TEST_P(EveryClient, IsToldThatItsPasswordIsWrong) {
  start_with_logins();
  const Socket client = to_broker();

  const Status done = log_in(client, GetParam().mechanism, {"alice", std::string(wrong_password)}, GetParam().version);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("SASL_AUTHENTICATION_FAILED: Authentication failed"), std::string::npos)
      << done.error().message;
  EXPECT_FALSE(client.was_reset());
  EXPECT_TRUE(counted("downstream", std::string(auth::wire_name(GetParam().mechanism)), "bad_credentials"));
}

INSTANTIATE_TEST_SUITE_P(Of, EveryClient,
                         testing::Values(Way{Mechanism::Plain, 0}, Way{Mechanism::Plain, 1}, Way{Mechanism::Plain, 2},
                                         Way{Mechanism::ScramSha256, 1}, Way{Mechanism::ScramSha512, 0},
                                         Way{Mechanism::ScramSha512, 2}),
                         [](const auto& instance) {
                           std::string name(auth::wire_name(instance.param.mechanism));
                           std::erase(name, '-');
                           return name + "_v" + std::to_string(instance.param.version);
                         });

class EveryBrokerMechanism : public LoginTest, public testing::WithParamInterface<Mechanism> {};

TEST_P(EveryBrokerMechanism, IsSpokenByTheProxy) {
  config.upstream->sasl_mechanism = GetParam();
  start_with_logins();
  const Socket client = logged_in(bob);
  client.send(beat(1));
  const auto arrived = arrival();
  EXPECT_EQ(keeper->user(arrived.from), "bob");
  EXPECT_TRUE(counted("upstream", std::string(auth::wire_name(GetParam())), "ok"));
}
INSTANTIATE_TEST_SUITE_P(Of, EveryBrokerMechanism, testing::ValuesIn(auth::every_mechanism));

TEST_F(LoginTest, BareTokensAfterSaslHandshakeV0LogIn) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(handshake("PLAIN", 0));
  EXPECT_EQ(next_id(client), 1);
  client.send(bare_token(plain_token("alice", alice.secret)));
  EXPECT_EQ(client.receive_frame(), (Bytes{0, 0, 0, 0}));
  client.send(beat(2));
  const auto arrived = arrival();
  arrived.reply(Bytes(6));
  EXPECT_EQ(client.receive_frame(), arrived.response(Bytes(6)));
}

TEST_F(LoginTest, AWrongBareTokenIsAnsweredByAClose) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(handshake("PLAIN", 0));
  EXPECT_EQ(next_id(client), 1);
  client.send(bare_token(plain_token("alice", wrong_password)));
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(counted("downstream", "PLAIN", "bad_credentials"));
}

TEST_F(LoginTest, RequestsPipelinedBehindTheLoginWaitForItAndAreAnsweredInOrder) {
  answer_beats();
  start_with_logins();
  const Socket client = to_broker();
  client.send(joined({api_versions(1), handshake("PLAIN", 1, 2), authenticate(plain_token("alice", alice.secret), 1, 3),
                      beat(4), api_versions(5), beat(6)}));
  expect_ids(client, {1, 2, 3, 4, 5, 6});
}

TEST_F(LoginTest, NothingPipelinedBehindARefusedLoginReachesTheBroker) {
  start_with_logins();
  const auto answers =
      answers_to({handshake("PLAIN"), authenticate(plain_token("alice", wrong_password)), beat(3), api_versions(4)});
  EXPECT_EQ(answers.size(), 2U);
  EXPECT_FALSE(keeper->was_asked(heartbeat));
}

TEST_F(LoginTest, ARequestInsteadOfALoginIsRefusedByAClose) {
  start_with_logins();
  EXPECT_EQ(answers_to({beat(1)}).size(), 0U);
  EXPECT_TRUE(counted("downstream", "unknown", "bad_state"));
  EXPECT_FALSE(keeper->was_asked(heartbeat));
}

TEST_F(LoginTest, ARequestInTheMiddleOfALoginIsRefusedByAClose) {
  start_with_logins();
  EXPECT_EQ(answers_to({handshake("PLAIN"), beat(2)}).size(), 1U);
  EXPECT_FALSE(keeper->was_asked(heartbeat));
}

TEST_F(LoginTest, AnUnknownMechanismIsError33WithThoseThatThereAre) {
  start_with_logins();
  const auto answers = answers_to({handshake("GSSAPI")});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(handshake_error(answers[0]), 33);
  EXPECT_EQ(auth::read<kafka::SaslHandshakeResponse>(answers[0], 1).mechanisms.size(), 3U);
  EXPECT_TRUE(counted("downstream", "unknown", "unknown_mechanism"));
}

TEST_F(LoginTest, AMechanismThatIsNotEnabledIsError33) {
  config.downstream.sasl_mechanisms = {Mechanism::ScramSha512};
  start_with_logins();
  const auto answers = answers_to({handshake("PLAIN")});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(handshake_error(answers[0]), 33);
}

TEST_F(LoginTest, SaslAuthenticateWithoutHandshakeIsError34) {
  start_with_logins();
  const auto answers = answers_to({authenticate(plain_token("alice", alice.secret))});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(auth::read<kafka::SaslAuthenticateResponse>(answers[0], 1).error_code, 34);
}

TEST_F(LoginTest, ASecondHandshakeIsError34) {
  start_with_logins();
  const auto answers = answers_to({handshake("PLAIN"), handshake("PLAIN", 1, 2)});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(handshake_error(answers[1]), 34);
}

/// Refusals of a login that was right, for each version that can tell them.
class RightButRefused : public LoginTest, public testing::WithParamInterface<kafka::Version> {
 protected:
  void expect_refused(const config::Credential& who) {
    const Socket client = to_broker();
    const Status done = log_in(client, Mechanism::Plain, who, GetParam());
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("SASL_AUTHENTICATION_FAILED: The proxy has no access to the cluster for this "
                                        "user"),
              std::string::npos)
        << done.error().message;
    EXPECT_FALSE(client.was_reset());
  }
};
INSTANTIATE_TEST_SUITE_P(Version, RightButRefused, testing::Values(0, 1, 2));

TEST_P(RightButRefused, SinceNobodyMappedTheUser) {
  start_with_logins();
  expect_refused(carol);
  EXPECT_TRUE(counted("downstream", "PLAIN", "unmapped"));
}

TEST_P(RightButRefused, SinceTheBrokerRefusesTheProxy) {
  let_broker_refuse_svc();
  start_with_logins();
  expect_refused(alice);
  EXPECT_TRUE(counted("upstream", "PLAIN", "refused"));
  EXPECT_TRUE(counted("downstream", "PLAIN", "upstream_refused"));
}

TEST_P(RightButRefused, SinceTheBrokerDoesNotHaveTheMechanism) {
  const std::vector<Mechanism> others{Mechanism::ScramSha256};
  keeper = std::make_shared<test::Doorkeeper>(std::vector<config::Credential>{{"svc", "svc-upstream"}}, others);
  broker.ask_first([kept = keeper](const auto& request) { return kept->take(request); });
  launch();
  const Socket client = bootstrap();
  const Status done = log_in(client, Mechanism::Plain, alice, GetParam());
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("SASL_AUTHENTICATION_FAILED"), std::string::npos) << done.error().message;
}

TEST_F(LoginTest, ABareTokenThatWasRightButIsRefusedIsAnsweredByAClose) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(joined({handshake("PLAIN", 0), bare_token(plain_token("carol", carol.secret))}));
  EXPECT_EQ(next_id(client), 1);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
}

TEST_F(LoginTest, WhileTheBrokerIsDownTheClientIsClosedWithoutAnError) {
  config.upstream->bootstrap_servers = {{"127.0.0.1", test::free_ports()}};
  expect_a_close_without_an_error();
}

/// Error 58 would tell the client to give up for good, and it isn't the client's fault.
TEST_F(LoginTest, ABrokerWhoseCertificateIsNotTrustedEndsTheClientWithoutAnError) {
  test::Certificates theirs;
  test::Certificates trusted("another CA");
  const auto leaf = theirs.issue("IP:127.0.0.1");
  test::TlsServer server({.chain = leaf.cert, .key = leaf.key});
  config.upstream->bootstrap_servers = {{"127.0.0.1", server.port()}};
  config.upstream->security_protocol = config::SecurityProtocol::SaslSsl;
  config.upstream->tls.ca_certs = trusted.ca();
  expect_a_close_without_an_error();
}

TEST_F(LoginTest, ABrokerThatEndsDuringTheProxysLoginEndsTheClientWithoutAnError) {
  config.auth_swap->mapping.emplace_back("$anonymous", "bob");
  start_with_logins();
  keeper->end_at(api::sasl_handshake);
  const Socket client = to_broker();
  client.send(joined({handshake("PLAIN"), authenticate(plain_token("alice", alice.secret))}));
  EXPECT_EQ(next_id(client), 1);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(counted("upstream", "PLAIN", "eof"));
}

TEST_F(LoginTest, ASilentClientEndsAtTheHandshakeTimeout) {
  config.limits.handshake_timeout = std::chrono::milliseconds(300);
  start_with_logins();
  const Socket client = to_broker();
  client.send(handshake("PLAIN"));
  EXPECT_EQ(next_id(client), 1);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 1"));
}

/// A client keeps a connection for when it needs this broker, and a broker lets it.
TEST_F(LoginTest, WhoHasLoggedInMayBeSilentForLongerThanTheHandshakeTimeout) {
  config.limits.handshake_timeout = std::chrono::milliseconds(300);
  start_with_logins();
  const Socket client = logged_in(alice);
  EXPECT_FALSE(client.ended(std::chrono::milliseconds(900)));
  client.send(beat(7));
  EXPECT_EQ(arrival().frame, beat(7));
}

TEST_F(LoginTest, ABrokerThatIsSilentToTheProxysLoginEndsTheClientAtTheHandshakeTimeout) {
  config.limits.handshake_timeout = std::chrono::milliseconds(500);
  start_with_logins();
  broker.ask_first([](const auto&) { return true; });
  const Socket client = to_broker();
  client.send(joined({handshake("PLAIN"), authenticate(plain_token("alice", alice.secret))}));
  EXPECT_EQ(next_id(client), 1);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
}

TEST_F(LoginTest, DrainEndsAClientThatIsLoggingIn) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(handshake("PLAIN"));
  EXPECT_EQ(next_id(client), 1);
  EXPECT_TRUE(proxy->drain([] { return false; }));
  EXPECT_TRUE(client.ended());
}

TEST_F(LoginTest, AnApiVersionsVersionThatNobodyKnowsIsAnsweredHere) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(test::request_frame(api::api_versions, 77, 9));
  const auto answer = kafka::decode_response<kafka::ApiVersionsResponse>(client.receive_frame(), 0);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->error_code, 35);
}

TEST_F(LoginTest, AFrameTooLongForALoginEndsTheConnectionBeforeItIsRead) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(Bytes{0, 1, 0, 1, 0, 17, 0, 1, 0, 0, 0, 1});
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace kp::proxy
