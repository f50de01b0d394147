#include "telemetry/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "unit/telemetry/http_client.h"

namespace kp::telemetry {
namespace {

using test::ask;
using test::body_of;
using test::HttpClient;
using test::status_of;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view get_health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

AdminPages quiet_pages() {
  return {.metrics = [] { return std::string("up 1\n"); },
          .health = [] { return std::optional<std::string>{}; },
          .ready = [] { return std::optional<std::string>{}; },
          .config = [] { return std::string(R"({"hash":"ab"})"); },
          .brokers = [] { return std::string("[]"); }};
}

std::unique_ptr<AdminServer> serve(AdminPages pages = quiet_pages(), AdminLimits limits = {}) {
  auto server = AdminServer::start({"127.0.0.1", 0}, std::move(pages), limits);
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

TEST(Admin, MetricsHaveThePrometheusContentType) {
  const auto server = serve();

  const std::string response = ask(server->address(), "GET", "/metrics");

  EXPECT_THAT(response, AllOf(HasSubstr("Content-Type: text/plain; version=0.0.4"), HasSubstr("\r\n\r\nup 1\n")));
}

TEST(Admin, ConfigAndBrokersAreJson) {
  const auto server = serve();

  const std::string config = ask(server->address(), "GET", "/config");
  const std::string brokers = ask(server->address(), "GET", "/brokers");

  EXPECT_THAT(config, AllOf(HasSubstr("Content-Type: application/json"), HasSubstr(R"({"hash":"ab"})")));
  EXPECT_THAT(brokers, AllOf(HasSubstr("Content-Type: application/json"), HasSubstr("[]")));
}

TEST(Admin, AHealthyAndReadyProcessSaysOk) {
  const auto server = serve();

  const std::string health = ask(server->address(), "GET", "/healthz");
  const std::string ready = ask(server->address(), "GET", "/readyz");

  EXPECT_EQ(status_of(health) + "|" + body_of(health), "HTTP/1.1 200 OK|ok\n");
  EXPECT_EQ(status_of(ready) + "|" + body_of(ready), "HTTP/1.1 200 OK|ok\n");
}

TEST(Admin, WhatIsNotReadySaysWhyInOneLine) {
  AdminPages pages = quiet_pages();
  pages.ready = [] { return std::optional<std::string>("no broker\nanswers"); };
  const auto server = serve(std::move(pages));

  const std::string ready = ask(server->address(), "GET", "/readyz");

  EXPECT_EQ(status_of(ready), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(body_of(ready), "no broker answers\n");
}

TEST(Admin, AProcessThatDoesNotTurnIs503) {
  AdminPages pages = quiet_pages();
  pages.health = [] { return std::optional<std::string>("loop 1 hangs"); };
  const auto server = serve(std::move(pages));

  EXPECT_EQ(status_of(ask(server->address(), "GET", "/healthz")), "HTTP/1.1 503 Service Unavailable");
}

TEST(Admin, TheRootListsThePages) {
  const auto server = serve();

  EXPECT_THAT(body_of(ask(server->address(), "GET", "/")), AllOf(HasSubstr("/metrics"), HasSubstr("/brokers")));
}

TEST(Admin, AnUnknownPathIs404AndListsThePages) {
  const auto server = serve();

  const std::string response = ask(server->address(), "GET", "/metricsx");

  EXPECT_EQ(status_of(response), "HTTP/1.1 404 Not Found");
  EXPECT_THAT(body_of(response), HasSubstr("/metrics"));
}

TEST(Admin, APageThatIsNotGivenIs404AndNotListed) {
  AdminPages pages = quiet_pages();
  pages.brokers = nullptr;
  const auto server = serve(std::move(pages));

  const std::string response = ask(server->address(), "GET", "/brokers");

  EXPECT_EQ(status_of(response), "HTTP/1.1 404 Not Found");
  EXPECT_THAT(body_of(response), testing::Not(HasSubstr("/brokers")));
}

TEST(Admin, AnythingButGetAndHeadIs405) {
  const auto server = serve();

  const std::string response = ask(server->address(), "DELETE", "/metrics");

  EXPECT_EQ(status_of(response), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_THAT(response, HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST(Admin, HeadHasTheLengthWithoutTheBody) {
  const auto server = serve();

  const std::string response = ask(server->address(), "HEAD", "/metrics");

  EXPECT_THAT(response, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(body_of(response), "");
}

TEST(Admin, AQueryIsIgnored) {
  const auto server = serve();

  EXPECT_EQ(body_of(ask(server->address(), "GET", "/healthz?verbose=1")), "ok\n");
}

TEST(Admin, PagesAreMadeAnewForEachRequest) {
  AdminPages pages = quiet_pages();
  pages.metrics = [n = 0]() mutable { return std::to_string(++n); };
  const auto server = serve(std::move(pages));

  const std::string first = body_of(ask(server->address(), "GET", "/metrics"));
  const std::string second = body_of(ask(server->address(), "GET", "/metrics"));

  EXPECT_EQ(first + " " + second, "1 2");
}

TEST(Admin, AConnectionServesManyRequests) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say(get_health);
  const std::string first = client.response();
  client.say(get_health);
  const std::string second = client.response();

  EXPECT_EQ(body_of(first) + body_of(second), "ok\nok\n");
}

TEST(Admin, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /brokers HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string first = client.response();
  const std::string second = client.response();

  EXPECT_EQ(body_of(first) + body_of(second), "up 1\n[]");
}

TEST(Admin, ARequestInPiecesIsAnswered) {
  const auto server = serve();
  HttpClient client(server->address());

  for (const char c : get_health) client.say({&c, 1});

  EXPECT_EQ(body_of(client.response()), "ok\n");
}

TEST(Admin, AHeaderOver8KiBIsRefused) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a') + "\r\n\r\n");

  EXPECT_THAT(client.rest(), HasSubstr("HTTP/1.1 431 "));
}

TEST(Admin, AHeaderThatNeverEndsIsRefused) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say("GET / HTTP/1.1\r\nX: " + std::string(60'000, 'a'));

  EXPECT_THAT(client.rest(), HasSubstr("HTTP/1.1 431 "));
}

TEST(Admin, ABodyIsRefused) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");

  EXPECT_EQ(status_of(client.rest()), "HTTP/1.1 413 Payload Too Large");
}

TEST(Admin, AChunkedBodyIsRefused) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say("GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");

  EXPECT_EQ(status_of(client.rest()), "HTTP/1.1 413 Payload Too Large");
}

TEST(Admin, BytesThatAreNotHttpAreRefused) {
  const auto server = serve();
  HttpClient client(server->address());

  client.say(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));

  EXPECT_EQ(status_of(client.rest()), "HTTP/1.1 400 Bad Request");
}

TEST(Admin, AClientThatSaysNothingIsClosed) {
  const auto server = serve(quiet_pages(), {.request = std::chrono::milliseconds(20)});
  HttpClient client(server->address());

  EXPECT_EQ(client.rest(), "");
}

TEST(Admin, AClientThatStopsAmidARequestIsClosed) {
  const auto server = serve(quiet_pages(), {.request = std::chrono::milliseconds(20)});
  HttpClient client(server->address());

  client.say("GET /healthz HT");

  EXPECT_EQ(client.rest(), "");
}

TEST(Admin, AnIdleConnectionIsClosedAfterItsAnswer) {
  const auto server = serve(quiet_pages(), {.idle = std::chrono::milliseconds(20)});
  HttpClient client(server->address());

  client.say(get_health);

  EXPECT_EQ(body_of(client.rest()), "ok\n");
}

TEST(Admin, AClientThatDoesNotTakeItsAnswerGivesItsPlaceBack) {
  AdminPages pages = quiet_pages();
  pages.metrics = [] { return std::string(64'000'000, 'x'); };  // more than the kernel's buffers take
  const auto server = serve(std::move(pages), {.request = std::chrono::milliseconds(50), .connections = 1});
  HttpClient stuck(server->address());
  stuck.say("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");

  std::string response;
  for (int tries = 0; tries < 10'000 && body_of(response) != "ok\n"; ++tries)
    response = ask(server->address(), "GET", "/healthz");

  EXPECT_EQ(body_of(response), "ok\n");
}

TEST(Admin, AConnectionTooManyIsTurnedAway) {
  const auto server = serve(quiet_pages(), {.connections = 2});
  std::vector<std::unique_ptr<HttpClient>> holders;
  for (int i = 0; i < 2; ++i) {
    holders.push_back(std::make_unique<HttpClient>(server->address()));
    holders.back()->say(get_health);
    ASSERT_EQ(body_of(holders.back()->response()), "ok\n");
  }

  HttpClient surplus(server->address());

  EXPECT_EQ(status_of(surplus.rest()), "HTTP/1.1 503 Service Unavailable");
}

TEST(Admin, APageThatThrowsEndsOnlyItsConnection) {
  AdminPages pages = quiet_pages();
  pages.metrics = []() -> std::string { throw std::runtime_error("no"); };
  const auto server = serve(std::move(pages));

  const std::string broken = ask(server->address(), "GET", "/metrics");
  const std::string next = ask(server->address(), "GET", "/healthz");

  EXPECT_EQ(broken, "");
  EXPECT_EQ(body_of(next), "ok\n");
}

TEST(Admin, ServesOnIpv6) {
  auto server = AdminServer::start({"::1", 0}, quiet_pages());
  ASSERT_TRUE(server) << server.error().message;

  EXPECT_EQ(body_of(ask((*server)->address(), "GET", "/healthz")), "ok\n");
}

TEST(Admin, TheIpv6WildcardServesIpv4Too) {
  auto server = AdminServer::start({"::", 0}, quiet_pages());
  ASSERT_TRUE(server) << server.error().message;

  EXPECT_EQ(body_of(ask({"127.0.0.1", (*server)->address().port}, "GET", "/healthz")), "ok\n");
}

TEST(Admin, ATakenPortIsAConflict) {
  const auto first = serve();

  const auto second = AdminServer::start(first->address(), quiet_pages());

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Conflict);
  EXPECT_THAT(second.error().message, HasSubstr("admin " + to_string(first->address()) + ": bind: "));
}

TEST(Admin, ANameThatDoesNotResolveIsAnError) {
  const auto server = AdminServer::start({"no such host", 0}, quiet_pages());

  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("resolve"));
}

TEST(Admin, EndsWhileClientsAreConnected) {
  auto server = serve();
  HttpClient idle(server->address());
  HttpClient halfway(server->address());
  idle.say(get_health);
  halfway.say("GET /hea");
  ASSERT_EQ(body_of(idle.response()), "ok\n");

  server.reset();

  EXPECT_EQ(idle.rest(), "");
}

TEST(Admin, ManyClientsAtOnceAllGetAnAnswer) {
  const auto server = serve();
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i)
      clients.emplace_back([&] {
        for (int n = 0; n < 50; ++n) answered += body_of(ask(server->address(), "GET", "/metrics")) == "up 1\n";
      });
  }

  EXPECT_EQ(answered, 400);
}

}  // namespace
}  // namespace kp::telemetry
