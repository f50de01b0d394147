#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/api/spec_with.h"

namespace kp::api {
namespace {

Parsed with(const char* http, const char* patch = "{}") { return spec_with("httpProduce", http, patch); }

TEST(HttpProduce, HasItsDefaultsWhenItIsEmpty) {
  const Parsed parsed = with("{}");
  ASSERT_EQ(errors(parsed), "");
  const HttpProduce& http = *parsed.proxy.spec.http_produce;
  EXPECT_EQ(http.door, config::HttpDoor{});
  EXPECT_EQ(http.kafka, config::HttpKafka{});
  EXPECT_FALSE(http.tls || http.bearer_tokens);
}

TEST(HttpProduce, RefersToItsSecrets) {
  const Parsed parsed = with(R"({"tls": {"certSecretRef": {"name": "cert"}, "mtls": true,
                                         "clientCaSecretRef": {"name": "clients"}},
                                 "authentication": ["bearer"], "bearerTokensSecretRef": {"name": "tokens"}})");
  ASSERT_EQ(errors(parsed), "");
  EXPECT_THAT(referenced_secrets(parsed.proxy.spec), testing::UnorderedElementsAre("cert", "clients", "tokens"));
  EXPECT_EQ(parsed.proxy.spec.http_produce->tls->client_ca->key, "ca.crt");
}

TEST(HttpProduce, SaysHowRecordsAreSentInTheSeedsWords) {
  const Parsed parsed = with(R"({"kafka": {"acks": "leader", "lingerMs": 0, "recordTimeout": "30s"}})");
  ASSERT_EQ(errors(parsed), "");
  const std::vector<std::pair<std::string, std::int64_t>> wanted{
      {"request_required_acks", 1}, {"queue_buffering_max_ms", 0}, {"message_timeout_ms", 30'000}};
  EXPECT_EQ(parsed.proxy.spec.http_produce->kafka.settings, wanted);
}

struct Wrong {
  const char* http;
  const char* patch;
  const char* said;
};

class WrongHttpProduce : public testing::TestWithParam<Wrong> {};

TEST_P(WrongHttpProduce, IsToldWithItsPlace) {
  EXPECT_THAT(errors(with(GetParam().http, GetParam().patch)), testing::HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongHttpProduce,
    testing::Values(
        Wrong{R"({"port": 9404})", "{}", "spec.httpProduce.port 9404 is the pods' port"},
        Wrong{R"({"port": 80})", "{}", "spec.httpProduce.port must"},
        Wrong{R"({"authentication": ["digest"]})", "{}", "spec.httpProduce.authentication[0] "},
        Wrong{R"({"authentication": ["bearer"]})", "{}", "spec.httpProduce.bearerTokensSecretRef stands with bearer"},
        Wrong{R"({"bearerTokensSecretRef": {"name": "t"}})", "{}", "stands with bearer"},
        Wrong{R"({"authentication": ["basic"]})", "{}", "basic needs authSwap.downstreamCredentialsSecretRef"},
        Wrong{R"({"tls": {}})", "{}", "spec.httpProduce.tls needs certSecretRef"},
        Wrong{R"({"tls": {"certSecretRef": {"name": "c"}, "mtls": true}})", "{}", "mtls needs clientCaSecretRef"},
        Wrong{R"({"tls": {"certSecretRef": {"name": "c"}, "clientAuth": "optional"}})", "{}",
              "clientAuth needs mtls: true"},
        Wrong{R"({"kafka": {"acks": "2"}})", "{}", "spec.httpProduce.kafka.acks"},
        Wrong{R"({"rateLimits": [{"topic": "t"}]})", "{}", "spec.httpProduce.rateLimits[0].recordsPerMinute"},
        Wrong{"{}", R"({"spec": {"upstream": {"securityProtocol": "SASL_SSL"}}})", "spec.httpProduce needs authSwap"},
        Wrong{R"({"port": 9092})",
              R"({"spec": {"downstream": {"securityProtocol": "SSL", "tls": {"selfSigned": {}}},
                           "routing": {"portOffset": null, "sni": {"port": 8000, "advertisedPort": 9092,
                                       "upstream": ".*", "downstream": "b<$id>.example.com"}}}})",
              "spec.httpProduce.port is routing.sni.advertisedPort too"}));

}  // namespace
}  // namespace kp::api
