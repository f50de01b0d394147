#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "kube/client.h"
#include "unit/kube/api.h"

namespace kp::kube {
namespace {

using test::answers;
using test::Api;
using test::Reply;
using test::Request;
using test::status_body;
using testing::ElementsAre;
using testing::HasSubstr;
using Why = WatchEnd::Why;

std::string event(const std::string& type, const std::string& name) {
  return Json{{"type", type}, {"object", {{"metadata", {{"name", name}}}}}}.dump();
}

/// Watches until the end; what came, as "type name".
struct Watched {
  explicit Watched(Client& client, const std::stop_token& stop = {})
      : end(client.watch(
            secret, {"shop", ""}, "7",
            [this](WatchEvent type, Json&& object) {
              events.push_back(std::to_string(static_cast<int>(type)) + " " + name_of(object).name);
            },
            stop)) {}

  std::vector<std::string> events;
  WatchEnd end;
};

TEST(Watch, AsksForBookmarksFromTheVersionOn) {
  Api api(answers(200, ""));

  (void)Watched(*api.client);

  EXPECT_THAT(api.server.requests().front().target,
              testing::MatchesRegex("/api/v1/namespaces/shop/secrets\\?watch=1&allowWatchBookmarks=true"
                                    "&timeoutSeconds=[0-9]+&resourceVersion=7"));
}

TEST(Watch, HandsOutEventsInOrder) {
  Api api([](const Request&, Reply& reply) {
    reply.begin_stream();
    reply.line(event("ADDED", "a"));
    reply.line(event("MODIFIED", "b") + "\n" + event("DELETED", "c"));
    reply.line(event("BOOKMARK", ""));
    reply.end_stream();
  });

  const Watched watched(*api.client);

  EXPECT_THAT(watched.events, ElementsAre("0 a", "1 b", "2 c", "3 "));
  EXPECT_EQ(watched.end.why, Why::Ended);
}

TEST(Watch, AnEventMayComeInPieces) {
  Api api([](const Request&, Reply& reply) {
    const std::string line = event("ADDED", "a") + "\n";
    reply.begin_stream();
    for (const char c : line) reply.raw("1\r\n" + std::string(1, c) + "\r\n");
    reply.end_stream();
  });

  EXPECT_THAT(Watched(*api.client).events, ElementsAre("0 a"));
}

TEST(Watch, ABrokenStreamFailsAfterWhatCame) {
  Api api([](const Request&, Reply& reply) {
    reply.begin_stream();
    reply.line(event("ADDED", "a"));
    reply.raw("ff\r\n{\"type\":\"ADD");
    reply.cut();
  });

  const Watched watched(*api.client);

  EXPECT_THAT(watched.events, ElementsAre("0 a"));
  EXPECT_EQ(watched.end.why, Why::Failed);
  EXPECT_EQ(watched.end.error.code, Errc::Io);
}

TEST(Watch, AnErrorEventOfCode410IsExpired) {
  Api api([](const Request&, Reply& reply) {
    reply.begin_stream();
    reply.line(Json{{"type", "ERROR"}, {"object", Json::parse(status_body(410, "Expired", "too old"))}}.dump());
    reply.until_client_leaves();
    reply.cut();
  });

  EXPECT_EQ(Watched(*api.client).end.why, Why::Expired);
}

TEST(Watch, AnAnswerOfCode410IsExpired) {
  Api api(answers(410, status_body(410, "Gone", "too old")));

  EXPECT_EQ(Watched(*api.client).end.why, Why::Expired);
}

TEST(Watch, ARefusalFailsWithItsReason) {
  Api api(answers(403, status_body(403, "Forbidden", "secrets is forbidden")));

  const Watched watched(*api.client);

  EXPECT_EQ(watched.end.why, Why::Failed);
  EXPECT_EQ(watched.end.error.code, Errc::Unauthorized);
  EXPECT_EQ(watched.end.error.message, "secrets is forbidden");
}

TEST(Watch, WhatIsNoEventFails) {
  Api api([](const Request&, Reply& reply) {
    reply.begin_stream();
    reply.line("what?");
    reply.until_client_leaves();
    reply.cut();
  });

  const Watched watched(*api.client);

  EXPECT_EQ(watched.end.error.code, Errc::Malformed);
}

TEST(Watch, AQuietOneIsStopped) {
  std::promise<void> begun;
  Api api([&](const Request&, Reply& reply) {
    reply.begin_stream();
    begun.set_value();
    reply.until_client_leaves();
    reply.cut();
  });
  std::stop_source stop;
  auto why = std::async(std::launch::async, [&] { return Watched(*api.client, stop.get_token()).end.why; });
  begun.get_future().wait();

  stop.request_stop();

  EXPECT_EQ(why.get(), Why::Stopped);
}

TEST(Watch, ShutDownStopsIt) {
  std::promise<void> begun;
  Api api([&](const Request&, Reply& reply) {
    reply.begin_stream();
    begun.set_value();
    reply.until_client_leaves();
    reply.cut();
  });
  auto why = std::async(std::launch::async, [&] { return Watched(*api.client).end.why; });
  begun.get_future().wait();

  api.client->shut_down();

  EXPECT_EQ(why.get(), Why::Stopped);
}

TEST(Watch, SilenceBeyondTheLimitFails) {
  Api api(
      [](const Request&, Reply& reply) {
        reply.begin_stream();
        reply.until_client_leaves();
        reply.cut();
      },
      {}, {.watch_silence = std::chrono::milliseconds(100)});

  const Watched watched(*api.client);

  EXPECT_EQ(watched.end.why, Why::Failed);
  EXPECT_EQ(watched.end.error.code, Errc::Timeout);
}

TEST(Watch, AFloodThatNobodyTakesIsBrokenOff) {
  std::promise<void> flooded;
  Api api(
      [&](const Request&, Reply& reply) {
        reply.begin_stream();
        while (reply.line(event("ADDED", std::string(1000, 'a')))) {
        }
        flooded.set_value();
        reply.cut();
      },
      {}, {.watch_backlog = 100'000});
  auto cut = flooded.get_future();

  const WatchEnd end = api.client->watch(secret, {}, "7", [&](WatchEvent, Json&&) { cut.wait(); }, {});

  EXPECT_EQ(end.why, Why::Failed);
  EXPECT_EQ(end.error.code, Errc::Busy);
}

TEST(Watch, AHundredThousandEventsCome) {
  static constexpr int many = 100'000;
  Api api(
      [](const Request&, Reply& reply) {
        reply.begin_stream();
        const std::string line = event("ADDED", "a");
        for (int i = 0; i < many / 100; ++i) {
          std::string chunk = line;
          for (int j = 1; j < 100; ++j) chunk += "\n" + line;
          reply.line(chunk);
        }
        reply.end_stream();
      },
      {}, {.watch_backlog = 64u << 20});

  EXPECT_EQ(Watched(*api.client).events.size(), static_cast<std::size_t>(many));
}

}  // namespace
}  // namespace kp::kube
