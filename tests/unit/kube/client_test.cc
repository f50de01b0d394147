#include "kube/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "support/certificates.h"
#include "unit/kube/api.h"

namespace kp::kube {
namespace {

using namespace std::chrono_literals;
using test::a_config_map;
using test::answers;
using test::Api;
using test::orders;
using test::Reply;
using test::Request;
using test::status_body;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Client, GetsAnObjectByItsPath) {
  Api api(answers(200, a_config_map().dump()));

  const auto got = api.client->get(config_map, orders);

  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(name_of(*got), orders);
  EXPECT_EQ(api.server.requests().front().target, "/api/v1/namespaces/shop/configmaps/orders");
}

TEST(Client, ShowsItsToken) {
  Api api(answers(200, "{}"), {}, {}, {.server = "", .token = "abc"});

  (void)api.client->get(config_map, orders);

  EXPECT_EQ(api.server.requests().front().headers["authorization"], "Bearer abc");
}

TEST(Client, AppliesByServerSideApplyAsItsOwnManager) {
  Api api(answers(200, "{}"));

  (void)api.client->apply(a_config_map());

  const Request request = api.server.requests().front();
  EXPECT_EQ(request.method + " " + request.target,
            "PATCH /api/v1/namespaces/shop/configmaps/orders?fieldManager=kafkaproxy-operator&force=true");
  EXPECT_EQ(request.headers.at("content-type"), "application/apply-patch+yaml");
  EXPECT_EQ(Json::parse(request.body), a_config_map());
}

TEST(Client, AppliesStatusToItsSubresource) {
  Api api(answers(200, "{}"));
  const Json object{{"apiVersion", "kafkaproxy.dev/v1alpha1"},
                    {"kind", "KafkaProxy"},
                    {"metadata", {{"namespace", "shop"}, {"name", "orders"}}}};

  (void)api.client->apply_status(object);

  EXPECT_THAT(api.server.requests().front().target,
              HasSubstr("/apis/kafkaproxy.dev/v1alpha1/namespaces/shop/kafkaproxies/orders/status?"));
}

TEST(Client, WhoMayNoLongerWriteOnlyReads) {
  Api api(answers(200, a_config_map().dump()), {.may_write = [] { return false; }});

  const auto applied = api.client->apply(a_config_map());
  const Status removed = api.client->remove(config_map, orders);
  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Errc::Draining);
  EXPECT_FALSE(removed);
  EXPECT_TRUE(got);
  EXPECT_EQ(api.server.requests().size(), 1u);
}

TEST(Client, AnObjectOfAnUnknownKindIsInvalid) {
  Api api(answers(200, "{}"));

  const auto applied = api.client->apply({{"apiVersion", "v2"}, {"kind", "Nothing"}});

  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Errc::Invalid);
}

TEST(Client, AListIsReadChunkByChunk) {
  Api api([](const Request& request, Reply& reply) {
    const bool second = request.target.find("continue=more%2F1") != std::string::npos;
    const Json item{{"metadata", {{"name", second ? "b" : "a"}}}};
    const Json metadata{{"resourceVersion", "7"}, {"continue", second ? "" : "more/1"}};
    reply.json(200, Json{{"metadata", metadata}, {"items", {item}}}.dump());
  });

  const auto listed = api.client->list(secret, {"shop", ""});

  ASSERT_TRUE(listed) << listed.error().message;
  std::vector<std::string> names;
  for (const Json& item : listed->items) names.push_back(name_of(item).name);
  EXPECT_THAT(names, ElementsAre("a", "b"));
  EXPECT_EQ(listed->resource_version, "7");
}

/// Secrets of `bytes` each, in pages as they are asked for.
kp::test::HttpServer::Handler secrets(std::size_t count, std::size_t bytes) {
  return [=](const Request& request, Reply& reply) {
    const auto number = [&](const std::string& key) {
      const std::size_t at = request.target.find(key);
      return at == std::string::npos ? 0 : std::stoul(request.target.substr(at + key.size()));
    };
    const std::size_t begin = number("continue=");
    const std::size_t end = std::min(begin + number("limit="), count);
    Json items = Json::array();
    for (std::size_t i = begin; i < end; ++i)
      items.push_back({{"metadata", {{"name", std::to_string(i)}}}, {"data", {{"x", std::string(bytes, 'x')}}}});
    const Json metadata{{"resourceVersion", "7"}, {"continue", end < count ? std::to_string(end) : ""}};
    reply.json(200, Json{{"metadata", metadata}, {"items", items}}.dump());
  };
}

std::vector<std::string> targets(const Api& api) {
  std::vector<std::string> out;
  for (const Request& each : api.server.requests()) out.push_back(each.target.substr(each.target.find('?')));
  return out;
}

TEST(Client, AChunkThatIsTooLargeIsAskedForByHalf) {
  Api api(secrets(8, 10'000), {.page = 6}, {.body = 35'000});

  const auto listed = api.client->list(secret, {});

  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->items.size(), 8U);
  EXPECT_THAT(targets(api), ElementsAre("?limit=6", "?limit=3", "?limit=3&continue=3", "?limit=3&continue=6"));
}

TEST(Client, AnObjectThatIsTooLargeByItselfIsAnError) {
  Api api(secrets(2, 10'000), {.page = 4}, {.body = 5'000});

  const auto listed = api.client->list(secret, {});

  ASSERT_FALSE(listed);
  EXPECT_THAT(listed.error().message, HasSubstr("more than 5000 bytes"));
}

TEST(Client, SmallChunksGrow) {
  Api api(secrets(20, 10), {.page = 10});

  const auto listed = api.client->list(secret, {.first_page = 3});

  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->items.size(), 20U);
  EXPECT_THAT(targets(api),
              ElementsAre("?limit=3", "?limit=6&continue=3", "?limit=10&continue=9", "?limit=10&continue=19"));
}

TEST(Client, ListedItemsSayWhatTheyAre) {
  Api api(answers(200, R"({"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"}}]})"));

  const auto listed = api.client->list(deployment, {});

  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(kind_of(listed->items.at(0)), &*std::ranges::find(kinds, deployment));
}

TEST(Client, ALabelSelectorIsSentEncoded) {
  Api api(answers(200, R"({"metadata":{},"items":[]})"));

  (void)api.client->list(pod, {"", "a in (b,c)"});

  EXPECT_EQ(api.server.requests().front().target, "/api/v1/pods?limit=100&labelSelector=a%20in%20%28b%2Cc%29");
}

TEST(Client, AnErrorHasTheServersReasonAndMessage) {
  Api api(answers(404, status_body(404, "NotFound", R"(configmaps "orders" not found)")));

  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::NotFound);
  EXPECT_EQ(got.error().message, R"(configmaps "orders" not found)");
}

TEST(Client, ABusyServerIsAskedAgainAfterTheTimeItNames) {
  std::atomic<int> asked = 0;
  Api api([&](const Request&, Reply& reply) {
    if (++asked < 3)
      reply.json(429, status_body(429, "TooManyRequests", "slow down"), "Retry-After: 0\r\n");
    else
      reply.json(200, "{}");
  });

  const auto got = api.client->get(config_map, orders);

  EXPECT_TRUE(got) << got.error().message;
}

TEST(Client, AServerThatIsBusyBeyondTheDeadlineIsBusy) {
  Api api(answers(503, status_body(503, "ServiceUnavailable", "starting"), "Retry-After: 60\r\n"), {.deadline = 5s});

  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Busy);
}

TEST(Client, WhatABrokenConnectionTookIsAskedAgain) {
  std::atomic<int> asked = 0;
  Api api([&](const Request&, Reply& reply) {
    if (++asked == 1)
      reply.cut();
    else
      reply.json(200, "{}");
  });

  const auto got = api.client->get(config_map, orders);

  EXPECT_TRUE(got) << got.error().message;
}

TEST(Client, AnUpdateThatBreaksOffIsNotSentTwice) {
  Api api([](const Request&, Reply& reply) { reply.cut(); });

  const auto updated = api.client->update(a_config_map());

  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, Errc::Io);
  EXPECT_EQ(api.server.requests().size(), 1U);
}

TEST(Client, HalfABodyIsNoAnswer) {
  Api api([](const Request&, Reply& reply) {
    reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"half\":");
    reply.cut();
  });

  const auto updated = api.client->update(a_config_map());

  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code, Errc::Io);
}

TEST(Client, ASlowAnswerEndsWithTheDeadline) {
  Api api([](const Request&, Reply& reply) { reply.until_client_leaves(); }, {.deadline = 50ms});

  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Timeout);
}

TEST(Client, AnAnswerThatTricklesEndsWithTheDeadlineToo) {
  Api api(
      [](const Request&, Reply& reply) {
        reply.begin_stream();
        while (reply.line("{}")) kp::test::breathe();
        reply.cut();
      },
      {.deadline = 100ms});

  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Timeout);
}

TEST(Client, ARedirectIsNotFollowed) {
  kp::test::HttpServer elsewhere(answers(200, "{}"));
  Api api(answers(302, "", "Location: " + elsewhere.url() + "/\r\n"), {}, {}, {.server = "", .token = "abc"});

  const auto got = api.client->get(config_map, orders);

  EXPECT_FALSE(got);
  EXPECT_EQ(elsewhere.connections(), 0U);
}

TEST(Client, NobodyListeningIsIo) {
  const std::uint16_t port = kp::test::free_ports();
  RequestCounters counters;
  const auto client = make_client(*connect({.server = "http://127.0.0.1:" + std::to_string(port)}), counters);

  const auto got = client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Io);
}

TEST(Client, AnAnswerThatIsNoJsonIsMalformed) {
  Api api(answers(200, "<html>"));

  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Malformed);
}

TEST(Client, WhatStandsInTheWayOfACreateMayBeItsOwn) {
  Json there = a_config_map();
  there["metadata"]["uid"] = "1";
  Api api([&](const Request& request, Reply& reply) {
    if (request.method == "POST")
      reply.json(409, status_body(409, "AlreadyExists", "exists"));
    else
      reply.json(200, there.dump());
  });

  const auto created = api.client->create(a_config_map());

  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(*created, there);
}

TEST(Client, ACreateThatMeetsAnotherObjectExists) {
  Json there = a_config_map();
  there["data"] = {{"a", "theirs"}};
  Api api([&](const Request& request, Reply& reply) {
    if (request.method == "POST")
      reply.json(409, status_body(409, "AlreadyExists", "exists"));
    else
      reply.json(200, there.dump());
  });
  Json ours = a_config_map();
  ours["data"] = {{"a", "ours"}};

  const auto created = api.client->create(ours);

  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::Exists);
}

TEST(Client, RemovesOnlyTheObjectOfThatUid) {
  Api api(answers(200, "{}"));

  const Status removed = api.client->remove(config_map, orders, "u1");

  EXPECT_TRUE(removed);
  const Request request = api.server.requests().front();
  EXPECT_EQ(request.method, "DELETE");
  EXPECT_EQ(Json::parse(request.body),
            Json::parse(R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background",
                            "preconditions":{"uid":"u1"}})"));
}

TEST(Client, WhatIsGoneAlreadyIsRemoved) {
  Api api(answers(404, status_body(404, "NotFound", "gone")));

  EXPECT_TRUE(api.client->remove(config_map, orders));
}

TEST(Client, WhatHasAnotherUidByNowIsLeftAlone) {
  Api api(answers(409, status_body(409, "Conflict", "the UID in the precondition does not match")));

  EXPECT_TRUE(api.client->remove(config_map, orders, "u1"));
}

TEST(Client, ARefusedTokenIsReadAgainFromItsFile) {
  const kp::test::TemporaryDirectory directory;
  const std::string file = directory.write("token", "old\n");
  Api api(
      [](const Request& request, Reply& reply) {
        if (request.headers.at("authorization") == "Bearer new")
          reply.json(200, "{}");
        else
          reply.json(401, status_body(401, "Unauthorized", "Unauthorized"));
      },
      {}, {}, {.server = "", .token_file = file});
  (void)api.client->get(config_map, orders);
  directory.write("token", "new\n");

  const auto got = api.client->get(config_map, orders);

  EXPECT_TRUE(got) << got.error().message;
}

TEST(Client, ShutDownEndsWhatIsUnderWay) {
  std::promise<void> asked;
  Api api([&](const Request&, Reply& reply) {
    asked.set_value();
    reply.until_client_leaves();
  });
  auto got = std::async(std::launch::async, [&] { return api.client->get(config_map, orders); });
  asked.get_future().wait();

  api.client->shut_down();

  const auto ended = got.get();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::Draining);
}

TEST(Client, AfterShutDownNothingIsSent) {
  Api api(answers(200, "{}"));
  api.client->shut_down();

  const auto got = api.client->get(config_map, orders);

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Draining);
  EXPECT_EQ(api.server.requests().size(), 0U);
}

TEST(Client, CountsItsRequestsByVerbAndCode) {
  Api api([](const Request& request, Reply& reply) { reply.json(request.method == "GET" ? 404 : 200, "{}"); });

  (void)api.client->get(config_map, orders);
  (void)api.client->apply(a_config_map());
  (void)api.client->apply(a_config_map());

  EXPECT_THAT(api.counters.snapshot(), ElementsAre(testing::Pair(testing::Pair("get", "404"), 1U),
                                                   testing::Pair(testing::Pair("patch", "200"), 2U)));
}

TEST(Client, DoesNotFloodTheServer) {
  Api api(answers(200, "{}"), {.deadline = 5s, .requests_per_second = 0.1, .burst = 3});

  std::vector<bool> worked;
  for (int i = 0; i < 4; ++i) worked.push_back(api.client->get(config_map, orders).has_value());

  EXPECT_THAT(worked, ElementsAre(true, true, true, false));
}

}  // namespace
}  // namespace kp::kube
