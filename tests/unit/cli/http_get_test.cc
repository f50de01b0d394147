#include "net/http_get.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "support/socket.h"

namespace kp::net {
namespace {

using test::bytes_of;
using test::ListeningSocket;
using test::Socket;
using testing::HasSubstr;

constexpr std::size_t limit = 1000;

/// Asks a server that takes the request and then does `answer`.
Result<std::string> ask(const std::function<void(Socket&)>& answer,
                        std::chrono::milliseconds deadline = test::patience) {
  const ListeningSocket listener;
  std::thread server([&] {
    Socket client = listener.accept();
    std::string asked;
    while (!asked.ends_with("\r\n\r\n")) {
      const Bytes more = client.receive(1);
      if (more.empty()) return;
      asked.append(more.begin(), more.end());
    }
    answer(client);
  });
  auto body = http_get(listener.address(), "/config", limit, deadline);
  server.join();
  return body;
}

Result<std::string> ask_for(const std::string& answer) {
  return ask([&](Socket& client) { client.send(bytes_of(answer)); });
}

Errc code_of(const Result<std::string>& outcome) { return outcome ? Errc::Internal : outcome.error().code; }

TEST(HttpGet, ReturnsTheBody) {
  const auto body = ask_for("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, "hello");
}

TEST(HttpGet, TakesABodyInChunks) {
  const auto body = ask_for("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, "hello");
}

TEST(HttpGet, TakesABodyThatEndsWithTheConnection) {
  const auto body = ask_for("HTTP/1.0 200 OK\r\n\r\nhello");
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, "hello");
}

TEST(HttpGet, AsksForThePathOfTheHost) {
  const ListeningSocket listener;
  std::string asked;
  std::thread server([&] {
    const Bytes request = listener.accept().receive_to_end();
    asked.assign(request.begin(), request.end());
  });
  const auto body = http_get(listener.address(), "/here", limit, std::chrono::milliseconds(200));
  server.join();
  EXPECT_FALSE(body);
  EXPECT_TRUE(asked.starts_with("GET /here HTTP/1.1\r\n")) << asked;
  EXPECT_THAT(asked, HasSubstr("\r\nHost: " + to_string(listener.address()) + "\r\n"));
}

TEST(HttpGet, RefusesALargeBodyByItsLength) {
  EXPECT_EQ(code_of(ask_for("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")), Errc::Invalid);
}

TEST(HttpGet, EndsABodyThatNeverEnds) {
  const auto body = ask([](Socket& client) {
    client.send(bytes_of("HTTP/1.1 200 OK\r\n\r\n"));
    while (client.send(bytes_of(std::string(100, 'x')))) continue;
  });
  EXPECT_EQ(code_of(body), Errc::Invalid);
}

TEST(HttpGet, EndsAHeaderThatNeverEnds) {
  const auto body = ask([](Socket& client) {
    client.send(bytes_of("HTTP/1.1 200 OK\r\n"));
    while (client.send(bytes_of("X: " + std::string(100, 'x') + "\r\n"))) continue;
  });
  EXPECT_EQ(code_of(body), Errc::Malformed);
}

TEST(HttpGet, WaitsNoLongerThanTheDeadlineForAnAnswer) {
  const auto body = ask([](Socket& client) { EXPECT_TRUE(client.ended()); }, std::chrono::milliseconds(100));
  EXPECT_EQ(code_of(body), Errc::Timeout);
}

TEST(HttpGet, WaitsNoLongerThanTheDeadlineForABodyThatTrickles) {
  const auto body = ask(
      [](Socket& client) {
        client.send(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"));
        while (!client.ended(std::chrono::milliseconds(10)))
          if (!client.send(bytes_of("x"))) return;
      },
      std::chrono::milliseconds(200));
  EXPECT_EQ(code_of(body), Errc::Timeout);
}

TEST(HttpGet, SaysThatGarbageIsNotHttp) {
  EXPECT_EQ(code_of(ask_for("\x15\x03\x01\x01\x02 garbage\r\n\r\n")), Errc::Malformed);
}

TEST(HttpGet, SaysThatTheAnswerIsIncomplete) {
  EXPECT_EQ(code_of(ask_for("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")), Errc::Eof);
}

TEST(HttpGet, SaysThatNothingCame) { EXPECT_EQ(code_of(ask_for("")), Errc::Eof); }

TEST(HttpGet, SaysWhichStatusCame) {
  const auto missing = ask_for("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(code_of(missing), Errc::NotFound);
  EXPECT_THAT(missing.error().message, testing::EndsWith("404 Not Found"));
  EXPECT_EQ(code_of(ask_for("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n")), Errc::Io);
}

TEST(HttpGet, SaysThatNothingListens) {
  const auto body = http_get({"127.0.0.1", test::free_ports()}, "/", limit);
  EXPECT_EQ(code_of(body), Errc::Io);
  EXPECT_THAT(body.error().message, HasSubstr("refused"));
}

TEST(HttpGet, SaysThatANameHasNoAddress) {
  EXPECT_EQ(code_of(http_get({"no-such-host.invalid", 1}, "/", limit)), Errc::NotFound);
}

}  // namespace
}  // namespace kp::net
