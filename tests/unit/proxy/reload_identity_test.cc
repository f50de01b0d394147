#include <csignal>

#include "support/certificates.h"
#include "support/tls_client.h"
#include "unit/proxy/login_scene.h"
#include "unit/proxy/reload_scene.h"

/// Reloads that concern who somebody is: users, their passwords, as whom they go on, certificates.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using std::chrono::milliseconds;
using test::Socket;
using test::TlsClient;

class ReloadOfUsers : public Reloading<LoginScene> {
 protected:
  config::AuthSwap& swap() { return *config.auth_swap; }
  std::vector<Bytes> login_of(const config::Credential& who, std::string_view mechanism = "PLAIN") const {
    return {auth::handshake(mechanism, 1, 50), auth::authenticate(auth::plain_token(who.user, who.secret), 1, 51)};
  }
};

TEST_F(ReloadOfUsers, ThatRemovesOneEndsItsSessionsAndNoOthers) {
  start_with_logins();
  const Socket removed = logged_in(alice);
  const Socket other = logged_in(bob);
  const auto in_flight = ask(removed);
  swap().downstream_credentials = {bob};
  reload();
  EXPECT_TRUE(gets_answer(removed, in_flight));
  EXPECT_TRUE(removed.ended());
  EXPECT_TRUE(works(other));
  EXPECT_TRUE(drained("identity"));
}

TEST_F(ReloadOfUsers, ThatRemovesOneLetsItInNoMore) {
  start_with_logins();
  swap().downstream_credentials = {bob};
  reload();
  EXPECT_FALSE(log_in(to_broker(), Mechanism::Plain, alice));
}

TEST_F(ReloadOfUsers, ThatChangesAPasswordEndsTheSessions) {
  start_with_logins();
  const Socket changed = logged_in(alice);
  const Socket other = logged_in(bob);
  swap().downstream_credentials = {{"alice", std::string(clients_secrets[2])}, bob};
  reload();
  EXPECT_TRUE(changed.ended());
  EXPECT_TRUE(works(other));
  const Socket again = logged_in({"alice", std::string(clients_secrets[2])});
  EXPECT_TRUE(works(again));
}

TEST_F(ReloadOfUsers, InAnotherOrderEndsNobody) {
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().downstream_credentials = {carol, bob, alice};
  reload();
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, ThatMovesThemToAFileEndsNobody) {
  const test::TemporaryDirectory directory;
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().downstream_credentials_file = directory.write("users", "alice=" + alice.secret + "\nbob=" + bob.secret + "\n");
  swap().downstream_credentials = {carol};
  reload();
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, WhereOnlyTheFileChangesEndsWhomItConcerns) {
  const test::TemporaryDirectory directory;
  swap().downstream_credentials_file = directory.write("users", "alice=" + alice.secret + "\nbob=" + bob.secret + "\n");
  swap().downstream_credentials.clear();
  start_with_logins();
  const Socket removed = logged_in(alice);
  const Socket other = logged_in(bob);
  (void)directory.write("users", "bob=" + bob.secret + "\n");
  reload();
  EXPECT_TRUE(removed.ended());
  EXPECT_TRUE(works(other));
}

TEST_F(ReloadOfUsers, ThatAddsOneEndsNobody) {
  swap().downstream_credentials = {alice};
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().downstream_credentials = {alice, bob};
  reload();
  EXPECT_TRUE(works(client));
  EXPECT_TRUE(works(logged_in(bob)));
}

TEST_F(ReloadOfUsers, ThatMapsOneToAnotherUpstreamUserEndsItsSessions) {
  start_with_logins();
  const Socket mapped = logged_in(alice);
  const Socket other = logged_in(bob);
  swap().mapping = {{"alice", "bob"}, {"bob", "$self"}};
  reload();
  EXPECT_TRUE(mapped.ended());
  EXPECT_TRUE(works(other));
  const Socket again = logged_in(alice);
  const auto arrived = ask(again);
  EXPECT_EQ(keeper->user(arrived.from), "bob");
}

TEST_F(ReloadOfUsers, ThatMapsOneToTheSameByAnotherRuleEndsNobody) {
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().mapping = {{"*", "svc"}, {"bob", "$self"}};
  reload();
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, ThatEndsAuthSwapDrainsAll) {
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().enabled = false;
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained("protocol"));
}

TEST_F(ReloadOfUsers, ThatCannotBeBuiltChangesNothing) {
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().mapping = {{"alice", "nobody-there"}};
  EXPECT_EQ(refused(), Errc::Invalid);
  EXPECT_TRUE(works(client));
  EXPECT_TRUE(works(logged_in(bob)));
}

/// Success was told already when it turns out that the user is gone: the connection ends before anything is forwarded.
TEST_F(ReloadOfUsers, ThatRemovesOneInTheMiddleOfItsLoginEndsItThen) {
  start_with_logins();
  const Socket client = to_broker();
  client.send(auth::handshake("PLAIN", 1, 50));
  EXPECT_EQ(next_id(client), 50);
  swap().downstream_credentials = {bob};
  reload();
  client.send(joined({auth::authenticate(auth::plain_token("alice", alice.secret), 1, 51), beat(1)}));
  (void)client.receive_to_end();
  EXPECT_FALSE(keeper->was_asked(heartbeat));
  EXPECT_TRUE(metric_comes("connections_open 0"));
}

TEST_F(ReloadOfUsers, ThatAddsOneWhoIsConnectedButNotLoggedInLetsItIn) {
  swap().downstream_credentials = {bob};
  start_with_logins();
  const Socket client = to_broker();
  ASSERT_TRUE(metric_comes("connections_open 1"));
  swap().downstream_credentials = {alice, bob};
  reload();
  const Status done = log_in(client, Mechanism::Plain, alice);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, WithAnotherPasswordIsForWhoIsConnectedButNotLoggedIn) {
  start_with_logins();
  const Socket client = to_broker();
  ASSERT_TRUE(metric_comes("connections_open 1"));
  const config::Credential changed{"alice", std::string(clients_secrets[2])};
  swap().downstream_credentials = {changed, bob};
  reload();
  const Status done = log_in(client, Mechanism::Plain, changed);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, OfTheSessionLifetimeIsToldWithTheNextLogin) {
  config.downstream.sasl_session_lifetime = std::chrono::hours(1);
  start_with_logins();
  const Socket client = logged_in(alice);
  config.downstream.sasl_session_lifetime = std::chrono::minutes(10);
  reload();
  client.send(joined(login_of(alice)));
  EXPECT_EQ(next_id(client), 50);
  const auto told = auth::read<kafka::SaslAuthenticateResponse>(client.receive_frame(), 1);
  EXPECT_EQ(told.session_lifetime_ms, milliseconds(std::chrono::minutes(10)).count());
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, OfTheMechanismsIsForTheNextLogins) {
  start_with_logins();
  const Socket client = logged_in(alice);
  config.downstream.sasl_mechanisms = {Mechanism::ScramSha512};
  reload();
  EXPECT_TRUE(works(client));
  EXPECT_FALSE(log_in(to_broker(), Mechanism::Plain, alice));
  client.send(joined(login_of(alice)));
  const auto told = auth::read<kafka::SaslHandshakeResponse>(client.receive_frame(), 1);
  EXPECT_EQ(told.error_code, 33);
  EXPECT_TRUE(client.ended());
}

TEST_F(ReloadOfUsers, WhoLoggedInBeforeLogsInAgainAsTheSame) {
  start_with_logins();
  const Socket client = logged_in(alice);
  swap().downstream_credentials = {alice};
  reload();
  client.send(joined(login_of(alice)));
  expect_ids(client, {50, 51});
  EXPECT_TRUE(works(client));
}

TEST_F(ReloadOfUsers, OfAnUpstreamPasswordIsForTheNextRenewalOfTheSameConnection) {
  constexpr milliseconds lifetime{600};
  keeper->want_logins_every(lifetime);
  keeper->leave_further_logins();
  start_with_logins();
  const Socket client = logged_in(alice);
  const auto in_flight = ask(client);
  swap().upstream_credentials = {{"svc", "svc-renewed"}, {"bob", "bob-upstream"}};
  reload();
  EXPECT_TRUE(gets_answer(client, in_flight));
  const auto handshake = arrival();
  EXPECT_EQ(handshake.from, in_flight.from);
  keeper->take_login(handshake);
  const auto login = arrival();
  EXPECT_EQ(login.from, in_flight.from);
  EXPECT_TRUE(holds(login.frame, "svc-renewed"));
}

TEST_F(ReloadOfUsers, ThatRemovesAnUpstreamUserEndsWhoWentOnAsIt) {
  start_with_logins();
  const Socket client = logged_in(alice);
  const Socket other = logged_in(bob);
  swap().mapping = {{"bob", "$self"}};
  swap().upstream_credentials = {{"bob", "bob-upstream"}};
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(works(other));
}

/// Clients with certificates: alice goes on as svc, bob as bob.
class ReloadOfCertificates : public ReloadOfUsers {
 protected:
  ReloadOfCertificates() {
    std::signal(SIGPIPE, SIG_IGN);
    const auto leaf = authority.issue("DNS:proxy.test");
    config.downstream.security_protocol = config::SecurityProtocol::Ssl;
    config.downstream.sasl_mechanisms.clear();
    tls().cert = leaf.cert;
    tls().key = leaf.key;
    tls().mtls_enabled = true;
    tls().ca_certs = authority.ca();
    swap().downstream_credentials.clear();
  }
  config::DownstreamTls& tls() { return config.downstream.tls; }

  std::unique_ptr<TlsClient> come_with(const test::Certificates::Leaf& mine) {
    auto client = std::make_unique<TlsClient>(to_broker(), TlsClient::Options{.cert = mine.cert, .key = mine.key});
    EXPECT_TRUE(client->handshake());
    EXPECT_TRUE(serves(*client));
    return client;
  }
  std::unique_ptr<TlsClient> come_as(const std::string& common_name) {
    return come_with(authority.issue("DNS:client.test", std::chrono::hours(1), common_name));
  }
  bool serves(TlsClient& client) {
    client.send(beat(5));
    const auto arrived = arrival();
    arrived.reply(Bytes(6));
    return client.receive_frame() == arrived.response(Bytes(6));
  }
  static bool ends(TlsClient& client) { return client.receive(1).empty(); }

  test::Certificates authority;
  test::Certificates stranger{"stranger CA"};
};

TEST_F(ReloadOfCertificates, ToAnotherAuthorityEndsThoseOfTheOld) {
  start_with_logins();
  const auto client = come_as("alice");
  tls().ca_certs = stranger.ca();
  reload();
  EXPECT_TRUE(ends(*client));
  EXPECT_TRUE(drained("certificate"));
  (void)come_with(stranger.issue("DNS:client.test", std::chrono::hours(1), "alice"));
}

TEST_F(ReloadOfCertificates, WithOneMoreAuthorityEndsNobody) {
  start_with_logins();
  const auto client = come_as("alice");
  tls().ca_certs =
      authority.directory().write("both.pem", test::contents(authority.ca()) + test::contents(stranger.ca()));
  reload();
  EXPECT_TRUE(serves(*client));
}

TEST_F(ReloadOfCertificates, OfTheListOfRevokedOnesEndsThoseAndNoOthers) {
  const auto held = authority.issue("DNS:client.test", std::chrono::hours(1), "alice");
  tls().crl = authority.crl({});
  start_with_logins();
  const auto revoked = come_with(held);
  const auto other = come_as("bob");
  const std::string renewed = test::contents(authority.crl({held}));
  (void)authority.directory().write("list.pem", renewed);
  tls().crl = authority.directory().file("list.pem");
  reload();
  EXPECT_TRUE(ends(*revoked));
  EXPECT_TRUE(serves(*other));
}

TEST_F(ReloadOfCertificates, OfTheRulesThatMakeNamesEndsWhoGetsAnother) {
  swap().mapping = {{"alice", "svc"}, {"bob", "$self"}, {"carol", "svc"}};
  start_with_logins();
  const auto renamed = come_as("alice");
  const auto same = come_as("bob");
  tls().principal_mapping_rules = "RULE:^CN=alice$/carol/,RULE:^CN=(.*)$/$1/";
  reload();
  EXPECT_TRUE(ends(*renamed));
  EXPECT_TRUE(serves(*same));
  EXPECT_TRUE(drained("identity"));
}

TEST_F(ReloadOfCertificates, OfTheServersOwnEndsNobodyAndIsForTheNextHandshakes) {
  start_with_logins();
  const auto client = come_as("alice");
  const auto renewed = authority.issue("DNS:proxy.test", std::chrono::hours(1), "renewed");
  tls().cert = renewed.cert;
  tls().key = renewed.key;
  reload();
  EXPECT_TRUE(serves(*client));
  EXPECT_EQ(come_as("bob")->presented().front(), "renewed");
}

TEST_F(ReloadOfCertificates, ToWhereNoneIsWantedEndsWhoWasSomebodyByIt) {
  swap().mapping.emplace_back("$anonymous", "bob");
  start_with_logins();
  const auto client = come_as("alice");
  tls().mtls_enabled = false;
  reload();
  EXPECT_TRUE(ends(*client));
}

TEST_F(ReloadOfCertificates, ToWhereOneIsRequiredEndsWhoCameWithout) {
  swap().mapping.emplace_back("$anonymous", "bob");
  tls().client_auth = config::ClientAuth::Optional;
  start_with_logins();
  TlsClient without(to_broker(), {});
  ASSERT_TRUE(without.handshake());
  EXPECT_TRUE(serves(without));
  const auto with = come_as("alice");
  tls().client_auth = config::ClientAuth::Required;
  reload();
  EXPECT_TRUE(ends(without));
  EXPECT_TRUE(serves(*with));
}

TEST_F(ReloadOfCertificates, WhomTheMappingNamesNoMoreEnds) {
  start_with_logins();
  const auto gone = come_as("alice");
  const auto stays = come_as("bob");
  swap().mapping = {{"bob", "$self"}};
  reload();
  EXPECT_TRUE(ends(*gone));
  EXPECT_TRUE(serves(*stays));
}

TEST_F(ReloadOfCertificates, ThatCannotBeReadChangesNothing) {
  start_with_logins();
  const auto client = come_as("alice");
  tls().ca_certs = "no-such-file.pem";
  EXPECT_EQ(refused(), Errc::Invalid);
  EXPECT_TRUE(serves(*client));
  (void)come_as("bob");
}

}  // namespace
}  // namespace kp::proxy
