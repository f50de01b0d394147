#include "gateway/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/gateway/http_pair.h"

namespace kp::gateway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

std::string push(const std::string& body, const std::string& more = "") {
  return "POST /push HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string nothing = R"({"records":[]})";
const std::string from_a = "Origin: https://a\r\n";
const std::string preflight = "OPTIONS /push HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + from_a + "\r\n";

TEST(Cors, IsOffByDefault) {
  HttpPair http(config_at("127.0.0.1:1"));
  http.say(push(nothing, from_a) + preflight);
  EXPECT_THAT(http.hear(), AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("Access-Control"))));
  EXPECT_THAT(http.hear(), AllOf(StartsWith("HTTP/1.1 405"), Not(HasSubstr("Access-Control"))));
}

TEST(Cors, IsForTheOriginsThatAreNamed) {
  config::Config config = config_at("127.0.0.1:1");
  config.http_produce->http.cors_origins = {"https://a"};
  HttpPair http(config);
  http.say(push(nothing, from_a) + push(nothing, "Origin: https://b\r\n") + preflight);
  EXPECT_THAT(http.hear(), HasSubstr("Access-Control-Allow-Origin: https://a\r\nVary: Origin\r\n"));
  EXPECT_THAT(http.hear(), AllOf(StartsWith("HTTP/1.1 200"), Not(HasSubstr("Access-Control"))));
  EXPECT_THAT(http.hear(), AllOf(StartsWith("HTTP/1.1 204"), HasSubstr("Access-Control-Allow-Methods: POST"),
                                 HasSubstr("Access-Control-Allow-Origin: https://a")));
}

TEST(Body, InChunksHasTheLimitOfOthers) {
  config::Config config = config_at("127.0.0.1:1");
  config.http_produce->http.max_body_bytes = 1024;
  HttpPair http(config);
  const std::string chunk = "400\r\n" + std::string(1024, ' ') + "\r\n";
  http.say("POST /push HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk);
  EXPECT_THAT(http.hear(), AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("Connection: close")));
}

TEST(Body, ForWhichThereIsNoRoomMayComeLater) {
  config::Config config = config_at("127.0.0.1:1");
  config.http_produce->http.max_buffered_bytes = 100'000;
  HttpPair http(config);
  http.say("POST /push HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + std::string(150'000, ' '));
  EXPECT_THAT(http.hear(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many bytes"), HasSubstr("Retry-After")));
}

TEST(Readiness, FollowsTheBrokers) {
  MockKafka kafka;
  HttpPair http(config_at(kafka.servers()));
  const auto ready = [&] {
    http.say("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n");
    return http.hear().starts_with("HTTP/1.1 200");
  };
  EXPECT_TRUE(becomes(ready));
  kafka.go_down();
  EXPECT_TRUE(becomes([&] { return !ready(); }));
  http.say("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 200"));
  kafka.come_back();
  EXPECT_TRUE(becomes(ready));
}

TEST(Properties, HaveTheSeedsDefaults) {
  const auto direct = properties_of(config_at("kafka-0:9092"), Producers::Kind::Direct);
  EXPECT_THAT(direct, IsSupersetOf(std::vector<std::pair<std::string, std::string>>{
                          {"bootstrap.servers", "kafka-0:9092"},
                          {"security.protocol", "PLAINTEXT"},
                          {"message.max.bytes", "1048576"},
                          {"queue.buffering.max.ms", "10"},
                          {"retries", "3"},
                          {"message.timeout.ms", "2000"},
                          {"request.timeout.ms", "30000"},
                          {"request.required.acks", "-1"},
                          {"statistics.interval.ms", "0"},
                          {"enable.idempotence", "true"},
                      }));
}

TEST(Properties, OfTheLogKnowNoEndOfTrying) {
  const auto logged = properties_of(config_at("kafka-0:9092"), Producers::Kind::Logged);
  EXPECT_THAT(logged, IsSupersetOf(std::vector<std::pair<std::string, std::string>>{
                          {"retries", "2147483647"}, {"message.timeout.ms", "0"}, {"enable.idempotence", "true"}}));
}

}  // namespace
}  // namespace kp::gateway
