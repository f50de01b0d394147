#include "kafka/messages/18_api_versions.h"
#include "unit/proxy/login_scene.h"

/// Delegation tokens (KIP-48): none where the proxy logs in to the brokers, since they would be its own users' and good
/// without the proxy; elsewhere they pass.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using test::Socket;

/// A broker that has delegation tokens.
void offer_tokens(test::FakeBroker& broker) {
  broker.on(api::api_versions, [](const auto& request) {
    kafka::ApiVersionsResponse answer;
    answer.api_keys = {{api::metadata, 0, 13, {}}, {api::api_versions, 0, 4, {}}, {api::describe_cluster, 0, 2, {}}};
    for (const std::int16_t key : api::delegation_tokens) answer.api_keys.push_back({key, 1, 3, {}});
    request.from->send(kafka::encode_response(answer, request.head.api_version, request.head.correlation_id));
  });
}

/// What of them the next response offers.
Apis tokens_offered_to(const Socket& client) {
  client.send(test::request_frame(api::api_versions, 0, 1));
  const auto answer = kafka::decode_response<kafka::ApiVersionsResponse>(client.receive_frame(), 0);
  EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->api_keys.empty());
  Apis offered;
  for (const auto& one : answer->api_keys)
    if (std::ranges::find(api::delegation_tokens, one.api_key) != api::delegation_tokens.end())
      offered.push_back(one.api_key);
  return offered;
}

class WithheldTokens : public LoginScene {
 protected:
  WithheldTokens() { offer_tokens(broker); }
};

TEST_F(WithheldTokens, AreNotOfferedBeforeTheLogin) {
  start_with_logins();
  EXPECT_EQ(tokens_offered_to(to_broker()), Apis{});
}

TEST_F(WithheldTokens, AreNotOfferedAfterTheLogin) {
  start_with_logins();
  EXPECT_EQ(tokens_offered_to(logged_in(alice)), Apis{});
}

TEST_F(WithheldTokens, AreNotOfferedToClientsWithoutSasl) {
  config.downstream.security_protocol = config::SecurityProtocol::Plaintext;
  config.downstream.sasl_mechanisms.clear();
  config.auth_swap->downstream_credentials.clear();
  config.auth_swap->mapping = {{"$anonymous", "svc"}};
  start_with_logins();
  EXPECT_EQ(tokens_offered_to(to_broker()), Apis{});
}

TEST_F(WithheldTokens, EndTheConnectionOfWhoAsksAllTheSameAndReachNobody) {
  start_with_logins();
  for (const std::int16_t key : api::delegation_tokens) {
    const Socket client = logged_in(alice);
    client.send(test::request_frame(key, 3, 1));
    EXPECT_EQ(client.receive_to_end(), Bytes{}) << key;
    EXPECT_FALSE(keeper->was_asked(key));
  }
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"unsupported\"} 4"));
}

/// Clients log in to the proxy, but it doesn't log in to the brokers: nobody's token is at stake.
TEST_F(WithheldTokens, PassWhereTheProxyOnlyTakesLogins) {
  config.upstream->security_protocol = config::SecurityProtocol::Plaintext;
  config.upstream->sasl_mechanism.reset();
  start();
  const Socket client = logged_in(alice);
  EXPECT_EQ(tokens_offered_to(client).size(), api::delegation_tokens.size());
  client.send(test::request_frame(api::create_delegation_token, 3, 2));
  EXPECT_EQ(arrival().head.api_key, api::create_delegation_token);
}

class PassedTokens : public RunningProxy {
 protected:
  PassedTokens() { offer_tokens(broker); }
};

TEST_F(PassedTokens, AreOffered) {
  start();
  EXPECT_EQ(tokens_offered_to(to_broker()), Apis(api::delegation_tokens.begin(), api::delegation_tokens.end()));
}

TEST_F(PassedTokens, ReachTheBrokerAsTheyAre) {
  start();
  const Socket client = to_broker();
  for (const std::int16_t key : api::delegation_tokens) {
    const Bytes asked = test::request_frame(key, 3, key, Bytes(5));
    client.send(asked);
    const auto arrived = broker.next();
    ASSERT_TRUE(arrived) << key;
    EXPECT_EQ(arrived->frame, asked);
  }
}

}  // namespace
}  // namespace kp::proxy
