#include <csignal>

#include "kafka/messages/18_api_versions.h"
#include "support/certificates.h"
#include "support/tls_client.h"
#include "unit/proxy/login_scene.h"

/// Clients without SASL under auth_swap: who they are, as whom the proxy goes on, and what the refused are told.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using test::Socket;
using test::TlsClient;

/// The error code of an ApiVersions response; -1: there is none.
std::int16_t error_of(const Bytes& answer, kafka::Version version) {
  const auto read = kafka::decode_response<kafka::ApiVersionsResponse>(answer, version);
  return read ? read->error_code : std::int16_t{-1};
}

Bytes api_versions(kafka::Version version) {
  return version < 3 ? test::request_frame(api::api_versions, version, 1)
                     : kafka::encode_request(kafka::ApiVersionsRequest{}, version, 1, "test");
}

class Anonymous : public LoginScene {
 protected:
  Anonymous() {
    config.downstream.security_protocol = config::SecurityProtocol::Plaintext;
    config.downstream.sasl_mechanisms.clear();
    config.auth_swap->downstream_credentials.clear();
    config.auth_swap->mapping = {{"$anonymous", "svc"}};
  }
};

TEST_F(Anonymous, GoesOnAsWhomItIsMappedTo) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(beat(1));
  const auto arrived = arrival();
  EXPECT_EQ(keeper->asked(arrived.from), (Apis{api::sasl_handshake, api::sasl_authenticate, 12}));
  EXPECT_EQ(keeper->user(arrived.from), "svc");
  EXPECT_TRUE(counted("downstream", "NONE", "ok"));
}

TEST_F(Anonymous, GetsItsAnswersAndNoneOfTheProxys) {
  answer_beats();
  start_with_logins();
  const Socket client = to_broker();
  client.send(joined({api_versions(0), beat(2), beat(3)}));
  expect_ids(client, {1, 2, 3});
}

class RefusedAnonymous : public Anonymous, public testing::WithParamInterface<kafka::Version> {};
INSTANTIATE_TEST_SUITE_P(Version, RefusedAnonymous, testing::Values(0, 1, 2, 3, 4));

TEST_P(RefusedAnonymous, IsToldByTheErrorOfApiVersionsAndThenClosed) {
  keeper = doorkeeper({{"svc", "another"}});
  broker.ask_first([kept = keeper](const auto& request) { return kept->take(request); });
  launch();
  const Socket client = bootstrap();
  client.send(api_versions(GetParam()));
  EXPECT_EQ(error_of(client.receive_frame(), GetParam()), sasl_authentication_failed);
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_TRUE(counted("downstream", "NONE", "upstream_refused"));
  EXPECT_FALSE(keeper->was_asked(heartbeat));
}

TEST_F(Anonymous, ThatIsMappedToNobodyIsRefused) {
  config.auth_swap->mapping = {{"*", "svc"}};  // never covers those without a name
  start_with_logins();
  const Socket client = to_broker();
  client.send(api_versions(3));
  EXPECT_EQ(error_of(client.receive_frame(), 3), sasl_authentication_failed);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(counted("downstream", "NONE", "unmapped"));
}

TEST_F(Anonymous, RefusedWithoutApiVersionsIsClosed) {
  config.auth_swap->mapping = {{"*", "svc"}};
  start_with_logins();
  const Socket client = to_broker();
  client.send(joined({beat(1), api_versions(0)}));
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_FALSE(keeper->was_asked(heartbeat));
}

TEST_F(Anonymous, SaslOfItsOwnIsError34AndNeverReachesTheBroker) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(
      joined({auth::handshake("PLAIN"), auth::authenticate(auth::plain_token("svc", "svc-upstream")), beat(3)}));
  EXPECT_EQ(auth::read<kafka::SaslHandshakeResponse>(client.receive_frame(), 1).error_code, 34);
  EXPECT_EQ(auth::read<kafka::SaslAuthenticateResponse>(client.receive_frame(), 1).error_code, 34);
  EXPECT_EQ(keeper->asked(arrival().from), (Apis{api::sasl_handshake, api::sasl_authenticate, heartbeat}));
}

class MutualTls : public Anonymous {
 protected:
  MutualTls() {
    std::signal(SIGPIPE, SIG_IGN);
    const auto leaf = authority.issue("DNS:proxy.test");
    config.downstream.security_protocol = config::SecurityProtocol::Ssl;
    config.downstream.tls.cert = leaf.cert;
    config.downstream.tls.key = leaf.key;
    config.downstream.tls.mtls_enabled = true;
    config.downstream.tls.ca_certs = authority.ca();
    config.auth_swap->mapping = {{"alice", "svc"}, {"bob", "$self"}};
  }

  std::unique_ptr<TlsClient> come_as(const std::string& common_name) {
    const auto mine = authority.issue("DNS:client.test", std::chrono::hours(1), common_name);
    auto client = std::make_unique<TlsClient>(to_broker(), TlsClient::Options{.cert = mine.cert, .key = mine.key});
    EXPECT_TRUE(client->handshake());
    return client;
  }

  test::Certificates authority;
};

TEST_F(MutualTls, TheNameInTheCertificateIsWhoIsMapped) {
  start_with_logins();
  const auto client = come_as("alice");
  client->send(beat(1));
  const auto arrived = arrival();
  EXPECT_EQ(keeper->user(arrived.from), "svc");
  arrived.reply(Bytes(6));
  EXPECT_EQ(client->receive_frame(), arrived.response(Bytes(6)));
  EXPECT_TRUE(counted("downstream", "SSL", "ok"));
}

TEST_F(MutualTls, SelfIsTheCredentialOfTheSameName) {
  start_with_logins();
  const auto client = come_as("bob");
  client->send(beat(1));
  EXPECT_EQ(keeper->user(arrival().from), "bob");
}

/// TLS 1.3 tells a client after its own handshake is done: with the first bytes that it reads.
TEST_F(MutualTls, WhoIsMappedToNobodyIsToldByAnAlert) {
  start_with_logins();
  const auto client = come_as("mallory");
  EXPECT_EQ(client->receive(1), Bytes{});
  EXPECT_NE(client->alert(), -1);
  EXPECT_TRUE(counted("downstream", "SSL", "unmapped"));
}

TEST_F(MutualTls, OptionalWithoutCertificateIsAnonymous) {
  config.downstream.tls.client_auth = config::ClientAuth::Optional;
  config.auth_swap->mapping.emplace_back("$anonymous", "bob");
  start_with_logins();
  TlsClient client(to_broker(), {});
  ASSERT_TRUE(client.handshake());
  client.send(beat(1));
  EXPECT_EQ(keeper->user(arrival().from), "bob");
  EXPECT_TRUE(counted("downstream", "NONE", "ok"));
}

TEST_F(MutualTls, WhomNoRuleNamesIsToldByAnAlert) {
  config.downstream.tls.principal_mapping_rules = "RULE:^CN=(a.*)$/$1/";
  start_with_logins();
  const auto client = come_as("bob");
  EXPECT_EQ(client->receive(1), Bytes{});
  EXPECT_NE(client->alert(), -1);
  EXPECT_TRUE(counted("downstream", "SSL", "unmapped"));
}

TEST_F(MutualTls, WithSaslTheLoginSaysTheName) {
  config.downstream.security_protocol = config::SecurityProtocol::SaslSsl;
  config.downstream.sasl_mechanisms = {Mechanism::Plain};
  config.auth_swap->downstream_credentials = {bob};
  start_with_logins();
  const auto client = come_as("alice");
  client->send(joined({auth::handshake("PLAIN"), auth::authenticate(auth::plain_token("bob", bob.secret)), beat(3)}));
  EXPECT_EQ(keeper->user(arrival().from), "bob");
}

}  // namespace
}  // namespace kp::proxy
