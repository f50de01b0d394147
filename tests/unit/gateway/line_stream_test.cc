#include "gateway/line_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "unit/gateway/http_pair.h"
#include "unit/gateway/packed.h"

namespace kp::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string line(std::string_view value) { return "{\"data\":\"" + std::string(value) + "\",\"partition\":0}\n"; }

std::string lines(int from, int to) {
  std::string all;
  for (int n = from; n < to; ++n) all += line(std::to_string(n));
  return all;
}

std::vector<std::string> numbers(int to) {
  std::vector<std::string> all;
  for (int n = 0; n < to; ++n) all.push_back(std::to_string(n));
  return all;
}

std::string chunk(std::string_view text) {
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
  return size.data() + std::string(text) + "\r\n";
}

std::string head(const std::string& more, std::string_view query = "") {
  return "POST /topics/t/records" + std::string(query) +
         " HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\n" + more + "\r\n";
}
const std::string chunked = "Transfer-Encoding: chunked\r\n";

std::string sized(const std::string& body, std::string_view query = "", const std::string& more = "") {
  return head("Content-Length: " + std::to_string(body.size()) + "\r\n" + more, query) + body;
}

/// Lines that come by HTTP, at brokers that take them.
class Stream : public testing::Test {
 protected:
  Stream() : config_(config_at(kafka_.servers())) {
    kafka_.topic("t");
    config_.http_produce->http.max_body_bytes = 1024;
    config_.http_produce->kafka.settings = {{"message_timeout_ms", 60'000}};
  }
  HttpPair& open() {
    pair_ = std::make_unique<HttpPair>(config_);
    return *pair_;
  }

  MockKafka kafka_;
  config::Config config_;
  std::unique_ptr<HttpPair> pair_;
};

TEST_F(Stream, MayBeLongerThanAnyBody) {
  HttpPair& http = open();
  http.say(sized(lines(0, 3000)));
  EXPECT_THAT(http.hear(), HasSubstr(R"({"status":"ok","errors":[],"lines":3000,"failed":0})"));
  EXPECT_EQ(kafka_.values("t", 3000), numbers(3000));
}

TEST_F(Stream, IsSentWhileItComes) {
  HttpPair& http = open();
  http.say(head(chunked) + chunk(lines(0, 10) + "{\"da"));
  EXPECT_EQ(kafka_.values("t", 10), numbers(10)) << "before the body has ended";
  http.say(chunk("ta\":\"10\"}") + "0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_THAT(http.hear(), HasSubstr(R"("lines":11,)"));
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 200")) << "the connection goes on";
}

TEST_F(Stream, MayBePacked) {
  HttpPair& http = open();
  const std::string packed = gzip(lines(0, 20'000));
  http.say(head("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n") + packed);
  EXPECT_THAT(http.hear(), HasSubstr(R"("lines":20000,)"));
  EXPECT_EQ(kafka_.values("t", 20'000), numbers(20'000));
}

TEST_F(Stream, MayBeCutAnywhere) {
  HttpPair& http = open();
  const std::string first = "{\"data\":\"0\",\"partition\":0}\r\n\r\n" + line("\u00e4");
  const std::string second = "{\"data\":\"2\",\"partition\":0}";  // the last line needs no end
  const std::map<std::string, std::string> bodies{
      {"identity", first + second}, {"gzip", gzip(first) + gzip(second)}, {"zstd", zstd(first) + zstd(second)}};
  std::vector<std::string> all;
  for (const auto& [coding, body] : bodies) {
    std::string chunks;
    for (const char byte : body) chunks += chunk({&byte, 1});
    const std::string whole = head(chunked + "Content-Encoding: " + coding + "\r\n") + chunks + "0\r\n\r\n";
    http.say(whole + whole);
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(http.hear(), HasSubstr(R"("status":"ok","errors":[],"lines":4,"failed":0)")) << coding;
      all.insert(all.end(), {"0", "\u00e4", "2"});
    }
  }
  EXPECT_EQ(kafka_.values("t", all.size()), all);
}

TEST_F(Stream, ThatIsCutWhenItIsUnpackedHasSentWhatWasThere) {
  HttpPair& http = open();
  std::string packed = gzip(lines(0, 20));
  packed.resize(packed.size() - 4);
  http.say(head("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n") + packed);
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr(R"("line":21}],"lines":20,"failed":0)"));
}

TEST_F(Stream, ABadLineEndsItAndTheAnswerSaysWhere) {
  HttpPair& http = open();
  const std::string before = line("0") + "\r\n" + line("1");
  http.say(sized(before + "{\"data\":1}\n" + line("2")));
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer,
              HasSubstr(R"("errors":[{"error":true,"message":"data: must be a string or null","line":4,"position":)" +
                        std::to_string(before.size()) + R"(}],"lines":3,"failed":0})"));
  EXPECT_EQ(http.hear(), "") << "the rest of it is no request";
  HttpPair& again = open();
  again.say(sized(line("last")));
  again.hear();
  EXPECT_THAT(kafka_.values("t", 3), ElementsAre("0", "1", "last"));
}

TEST_F(Stream, ALineHasALimit) {
  HttpPair& http = open();
  http.say(sized(line("0") + line(std::string(100'000, 'x')) + line("2")));
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, HasSubstr(R"("line":2}],"lines":1,"failed":0)"));
}

TEST_F(Stream, RateLimitsEndItAtTheRecordThatMayNot) {
  config_.http_produce->ratelimit_enabled = true;
  config_.http_produce->ratelimit = {{"t", 5}};
  HttpPair& http = open();
  http.say(sized(lines(0, 8)));
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 429"));
  EXPECT_THAT(answer, HasSubstr("Retry-After: "));
  EXPECT_THAT(answer, HasSubstr(R"([{"error":true,"message":"ratelimit","line":6}],"lines":5,"failed":0)"));
}

TEST_F(Stream, ALineThatIsNotWholeIsNotSentWhenTheClientGoes) {
  HttpPair& http = open();
  http.say(head(chunked) + chunk(lines(0, 3) + R"({"data":"half","partition":0})"));
  http.leave();
  HttpPair& other = open();  // the first has ended
  other.say(sized(line("last")));
  other.hear();
  EXPECT_THAT(kafka_.values("t", 4), ElementsAre("0", "1", "2", "last"));
}

TEST_F(Stream, WhoSaysNothingIsToldWhatWasTaken) {
  config_.http_produce->http.idle_timeout = 300ms;
  HttpPair& http = open();
  http.say(head(chunked) + chunk(lines(0, 3) + "{"));
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(answer, HasSubstr(R"("line":4}],"lines":3,"failed":0)"));
}

TEST_F(Stream, ThatMayGoOnForEverEndsWithTheProcess) {
  HttpPair& http = open();
  http.say(head(chunked) + chunk(lines(0, 3)));
  kafka_.values("t", 3);
  http.drain();
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr(R"([{"error":true,"message":"the process ends","line":4}],"lines":3,"failed":0)"));
}

/// Lines for which there is no room before those of before are in Kafka.
class Waiting : public Stream {
 protected:
  Waiting() {
    config_.http_produce->kafka.settings = {{"message_timeout_ms", 60'000}, {"queue_buffering_max_messages", 40}};
    config_.http_produce->ratelimit_enabled = true;
    config_.http_produce->ratelimit = {{"t", 90}};  // who waits is counted once
    kafka_.go_down();
  }
  void say_more_than_there_is_room_for(HttpPair& http, const std::string& after) {
    http.say(head(chunked) + chunk(lines(0, 40)) + chunk(lines(40, 80)) + after);
    EXPECT_TRUE(becomes([&] { return !http.runtime()->producers->quiet(); }));
  }
};

TEST_F(Waiting, GoesOnWithWhatHasComeMeanwhile) {
  HttpPair& http = open();
  say_more_than_there_is_room_for(http, chunk(lines(80, 90)) + "0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
  kafka_.come_back();
  EXPECT_THAT(http.hear(), HasSubstr(R"("errors":[],"lines":90,"failed":0)"));
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 200")) << "the connection goes on";
  EXPECT_EQ(kafka_.values("t", 90), numbers(90));
}

TEST_F(Waiting, EndsWithTheProcessAlsoWhenItGoesOnBefore) {
  HttpPair& http = open();
  say_more_than_there_is_room_for(http, "");
  http.drain();
  kafka_.come_back();
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("the process ends"));
}

TEST_F(Stream, RecordsThatKafkaRefusesAreToldByTheirLines) {
  HttpPair& http = open();
  http.say(sized(line("0") + "\n" + R"({"data":"1","partition":7})" + "\n" + line("2")));
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer,
              HasSubstr(R"([{"error":true,"message":"Local: Unknown partition","line":3}],"lines":4,"failed":1})"));
}

TEST_F(Stream, PlacesAreToldToWhoAsks) {
  HttpPair& http = open();
  http.say(sized(line("0") + R"({"data":"1","partition":7})" + "\n" + line("2"), "?results=true"));
  EXPECT_THAT(http.hear(), HasSubstr(R"("results":[{"partition":0,"offset":0},null,{"partition":0,"offset":1}]})"));
}

TEST_F(Stream, WithAKeyItIsOneRequest) {
  HttpPair& http = open();
  const std::string key = "Idempotency-Key: k\r\n";
  http.say(sized(line("0") + "{", "", key) + sized(line("1"), "", key) + sized(line("1"), "", key));
  const std::string refused = http.hear();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(refused, HasSubstr(R"("line":2)"));
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(http.hear(), HasSubstr("Idempotent-Replayed: true"));
  http.say(sized(line("last")));
  http.hear();
  EXPECT_THAT(kafka_.values("t", 2), ElementsAre("1", "last"));
}

/// Part of such a record stands in headers: they are compared as the body is.
TEST_F(Stream, AnotherRecordWithTheKeyOfOneBeforeIsRefused) {
  HttpPair& http = open();
  const auto raw = [](const std::string& key) {
    return "POST /topics/t/records HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\nKafka-Key: " + key +
           "\r\nContent-Length: 1\r\n\r\nx";
  };
  http.say(raw("a") + raw("a") + raw("b"));
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(http.hear(), HasSubstr("Idempotent-Replayed: true"));
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 422"));
}

TEST_F(Stream, GoesOnByWhatAReloadHasBrought) {
  MockKafka other;
  other.topic("t");
  HttpPair& http = open();
  http.say(head(chunked) + chunk(line("0")));
  EXPECT_THAT(kafka_.values("t", 1), ElementsAre("0"));
  config_.http_produce->kafka.brokers = config_at(other.servers()).http_produce->kafka.brokers;
  http.reload(config_);
  http.say(chunk(line("1")) + "0\r\n\r\n");
  EXPECT_THAT(http.hear(), HasSubstr(R"("lines":2,"failed":0)"));
  EXPECT_THAT(other.values("t", 1), ElementsAre("1"));
}

TEST_F(Stream, EndsWhenAReloadLetsItsClientInNoMore) {
  HttpPair& http = open();
  http.say(head(chunked) + chunk(line("0")));
  EXPECT_THAT(kafka_.values("t", 1), ElementsAre("0"));
  config_.http_produce->http.logins = {config::HttpLogin::Bearer};
  config_.http_produce->http.bearer_tokens = {{"carol", "token"}};
  http.reload(config_);
  http.say(chunk(line("1")) + "0\r\n\r\n");
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(answer, HasSubstr(R"("line":2}],"lines":1,"failed":0)"));
}

TEST_F(Stream, IsAnsweredWhenItIsInTheLog) {
  config_.http_produce->wal.emplace().directory = testing::TempDir() + "kp-lines-" + std::to_string(::getpid());
  {
    HttpPair& http = open();
    http.say(sized(lines(0, 5000) + "\n", "?wait=false"));
    EXPECT_THAT(http.hear(), HasSubstr(R"("errors":[],"lines":5001,"failed":0)"));
    EXPECT_EQ(http.runtime()->wal->figures().appended, 5000U);
    EXPECT_EQ(kafka_.values("t", 5000), numbers(5000));
  }
  pair_.reset();
  std::filesystem::remove_all(config_.http_produce->wal->directory);
}

TEST_F(Stream, WhatTheLogDoesNotTakeEndsItWhateverFollows) {
  auto& log = config_.http_produce->wal.emplace();
  log.directory = testing::TempDir() + "kp-lines-full-" + std::to_string(::getpid());
  log.max_bytes = 2000;
  HttpPair& http = open();
  http.say(head(chunked, "?wait=false") + chunk(lines(0, 500)));
  EXPECT_TRUE(becomes([&] { return http.runtime()->wal->figures().refused.contains("full"); }));
  http.say(chunk(line("there would be room for this one")) + "0\r\n\r\n");
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("the log is full"));
  EXPECT_THAT(answer, HasSubstr(R"("line":1}],"lines":0,"failed":0)"));
  EXPECT_EQ(http.runtime()->wal->figures().appended, 0U);
  pair_.reset();
  std::filesystem::remove_all(log.directory);
}

TEST_F(Stream, InChunksByHttp10EndsTheConnection) {
  HttpPair& http = open();
  std::string old = head(chunked + "Connection: keep-alive\r\n");
  old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
  http.say(old + chunk(line("0")) + "0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n");
  const std::string answer = http.hear();
  EXPECT_THAT(answer, HasSubstr(R"("lines":1,)"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_EQ(http.hear(), "") << "a server before this one may take what follows for a part of the body";
}

/// Nothing takes records: no more is read than there is room for.
class Stalled : public Stream {
 protected:
  Stalled() {
    config_ = config_at("127.0.0.1:1");
    config_.http_produce->kafka.settings = {{"message_timeout_ms", 600'000}, {"queue_buffering_max_messages", 40}};
    config_.http_produce->http.request_timeout = 2s;
  }
  void TearDown() override { pair_->runtime()->producers->give_up(); }  // or their end would wait for Kafka
};

TEST_F(Stalled, ReadsNoMoreAndSaysWhatWasTaken) {
  HttpPair& http = open();
  http.say(head(chunked, "?wait=false"));
  const std::string some = chunk(lines(0, 500));
  std::size_t said = 0;
  const auto no_more = [&] {
    const std::size_t now = http.try_say(some);
    said += now;
    return now < some.size();
  };
  EXPECT_TRUE(becomes(no_more));
  EXPECT_LT(said, 4U << 20) << "sockets, and what is held";
  EXPECT_LT(http.buffered(), 1U << 20);
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
  EXPECT_THAT(answer, HasSubstr(R"("line":41)"));
  EXPECT_THAT(answer, HasSubstr(R"("lines":40,)"));
}

TEST_F(Stalled, WhatIsStillPackedCounts) {
  HttpPair& http = open();
  const std::string packed = gzip(lines(0, 20'000));
  http.say(head("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n", "?wait=false") +
           packed);
  EXPECT_TRUE(becomes([&] { return http.buffered() > 2 * net::Loop::buffer_size; }));
  EXPECT_THAT(http.hear(), StartsWith("HTTP/1.1 503"));
}

TEST_F(Stalled, TheClientMayLeaveBeforeItIsKnownWhatBecameOfItsLines) {
  HttpPair& http = open();
  http.say(sized(lines(0, 3), "?wait=false"));
  EXPECT_THAT(http.hear(), HasSubstr(R"("errors":[],"lines":3,)"));
  http.leave();
  http.runtime()->producers->give_up();
  EXPECT_TRUE(becomes([&] { return http.runtime()->producers->quiet(); }));
}

TEST_F(Stalled, WhatMayHaveArrivedIsToldFromWhichLineOn) {
  HttpPair& http = open();
  http.say(sized(lines(0, 3)));
  const std::string answer = http.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 504"));
  EXPECT_THAT(answer, HasSubstr(R"(they may arrive yet","line":1}],"lines":3,"failed":0)"));
}

}  // namespace
}  // namespace kp::gateway
