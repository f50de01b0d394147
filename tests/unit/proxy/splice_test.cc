#include <gtest/gtest.h>

#include <future>
#include <random>

#include "kafka/messages/01_fetch.h"
#include "proxy/run.h"
#include "unit/proxy/running_proxy.h"

/// Frames so large that their bodies go through the kernel: whole, cut anywhere, mixed with small ones, and broken off.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using std::chrono::milliseconds;
using test::Socket;

constexpr std::size_t half = spliced_from;
constexpr std::int16_t list_groups = 16;

Bytes random_bytes(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed + 1);
  Bytes made(size);
  for (std::uint8_t& byte : made) byte = static_cast<std::uint8_t>(random() >> 7);
  return made;
}

class Spliced : public RunningProxy {
 protected:
  test::FakeBroker::Request request() {
    auto next = broker.next();
    EXPECT_TRUE(next);
    return next.value_or(test::FakeBroker::Request{});
  }

  /// A round trip over another connection of the same loop: what was sent before has been dealt with when it is back.
  void settle() {
    if (!other_.open()) {
      broker.on(list_groups, [](const auto& asked) { asked.reply(Bytes(8)); });
      other_ = to_broker();
    }
    other_.send(test::request_frame(list_groups, 3, 77));
    ASSERT_GT(other_.receive_frame().size(), 8U);
  }

 private:
  Socket other_;
};

/// Sizes around every bound of the path: the little read, what is spliced, the buffer, the pipe.
const std::vector<std::size_t> sizes = {
    1,           100,         4084,   4096,   5000,  half - 20, half,      half + 4000,
    half + 4096, half + 5000, 65500,  65536,  65600, 100'000,   1'048'500, 1'048'576,
    1'100'000,   2,           70'000, 70'000, 3,     40'000,    20'000,    2'500'000,
};

class InPieces : public Spliced, public testing::WithParamInterface<std::size_t> {
 protected:
  template <class To>
  static void send_in_pieces(To& to, BytesView bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += GetParam())
      to.send(bytes.subspan(at, std::min(GetParam(), bytes.size() - at)));
  }
};

TEST_P(InPieces, RequestsArriveAsTheyWereSent) {
  start();
  const Socket client = to_broker();
  Bytes stream;
  std::vector<Bytes> sent;
  for (const std::size_t size : sizes) {
    const auto number = static_cast<std::int32_t>(sent.size());
    sent.push_back(
        test::request_frame(heartbeat, heartbeat_version, number, random_bytes(size, static_cast<unsigned>(number))));
    stream.insert(stream.end(), sent.back().begin(), sent.back().end());
  }
  const auto sender = std::async(std::launch::async, [&] { send_in_pieces(client, stream); });
  for (const Bytes& frame : sent) ASSERT_EQ(request().frame, frame);
}

TEST_P(InPieces, ResponsesArriveAsTheyWereSent) {
  start();
  const Socket client = to_broker();
  for (std::size_t i = 0; i < sizes.size(); ++i) client.send(beat(static_cast<std::int32_t>(i)));
  Bytes stream;
  std::shared_ptr<test::FakeBroker::Connection> from;
  for (const std::size_t size : sizes) {
    const auto asked = request();
    from = asked.from;
    const Bytes answer = asked.response(random_bytes(size, static_cast<unsigned>(size)));
    stream.insert(stream.end(), answer.begin(), answer.end());
  }
  const auto sender = std::async(std::launch::async, [&] { send_in_pieces(*from, stream); });
  ASSERT_EQ(client.receive(stream.size()), stream);
}

INSTANTIATE_TEST_SUITE_P(OfBytes, InPieces, testing::Values(1021, 4096, 32'768, 65'537, 8'000'000));

TEST_F(Spliced, OurOwnAnswerWaitsBehindWhatIsSpliced) {
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  const auto asked = request();
  const Bytes answer = asked.response(random_bytes(300'000, 1));
  asked.from->send(BytesView(answer).first(100'000));
  EXPECT_EQ(client.receive(100'000).size(), 100'000U);
  client.send(test::request_frame(api::api_versions, 30, 2));  // answered here: there is no such version
  settle();
  asked.from->send(BytesView(answer).subspan(100'000));
  EXPECT_EQ(client.receive(200'000 + answer.size() - 300'000), Bytes(answer.begin() + 100'000, answer.end()));
  EXPECT_EQ(next_id(client), 2);
}

/// A Fetch response whose records are spliced while its partitions are walked.
Bytes fetch_response(const std::vector<Bytes>& records, const std::string& host) {
  kafka::FetchResponse large;
  large.responses.emplace_back();
  for (const Bytes& each : records) {
    large.responses.back().partitions.emplace_back();
    large.responses.back().partitions.back().records = kafka::Records{BytesView(each)};
  }
  if (!host.empty()) {
    large.node_endpoints.emplace();
    auto& hint = large.node_endpoints->emplace_back();
    hint.node_id = 2;
    hint.host = host;
    hint.port = 9092;
  }
  return kafka::encode_response(large, 16, 1);
}

class Walked : public Spliced {
 protected:
  void expect_records(const Bytes& received, const std::vector<Bytes>& records) {
    auto decoded = kafka::decode_response<kafka::FetchResponse>(received, 16);
    ASSERT_TRUE(decoded) << decoded.error().message;
    answer = std::move(*decoded);
    ASSERT_EQ(answer.responses.size(), 1U);
    ASSERT_EQ(answer.responses.at(0).partitions.size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto kept = answer.responses.at(0).partitions.at(i).records;
      ASSERT_TRUE(kept && std::equal(kept->bytes.begin(), kept->bytes.end(), records[i].begin(), records[i].end()))
          << "records of partition " << i;
    }
  }
  kafka::FetchResponse answer;
};

TEST_F(Walked, EveryCutOfHeadAndTailGivesTheSameResponse) {
  start();
  const std::vector<Bytes> records = {random_bytes(half + 100, 1), random_bytes(10, 2), random_bytes(half + 5000, 3)};
  const Bytes frame = fetch_response(records, "a-broker-with-quite-a-long-name.internal");
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < 80; ++i) cuts.push_back(i);                            // head, first partition
  for (std::size_t i = half + 90; i < half + 300; ++i) cuts.push_back(i);            // from one to the next
  for (std::size_t i = frame.size() - 90; i < frame.size(); ++i) cuts.push_back(i);  // tail
  const Socket client = to_broker();
  for (const std::size_t cut : cuts) {
    client.send(test::request_frame(api::fetch, 16, 1, Bytes(30)));
    const auto asked = request();
    asked.from->send(BytesView(frame).first(cut));
    settle();
    asked.from->send(BytesView(frame).subspan(cut));
    const Bytes received = client.receive_frame();
    ASSERT_EQ(received.size(), frame.size()) << "cut at " << cut;
    expect_records(received, records);
    ASSERT_TRUE(answer.node_endpoints && answer.node_endpoints->size() == 1) << "cut at " << cut;
    ASSERT_EQ(answer.node_endpoints->front().host, "proxy.example.com") << "cut at " << cut;
    if (HasFatalFailure()) return;
  }
}

TEST_F(Walked, ATailKeepsItsLengthWhetherTheNameIsShorterOrLongerOrThereIsNone) {
  start();
  const std::vector<Bytes> records = {random_bytes(200'000, 1)};
  const Socket client = to_broker();
  struct {
    const char* upstream;
    bool fits;
  } const tails[] = {{"a-very-long-secret-name.of-a-broker.internal", true}, {"proxy.example.com", true}, {"k", false}};
  for (const auto& tail : tails) {
    const Bytes frame = fetch_response(records, tail.upstream);
    client.send(test::request_frame(api::fetch, 16, 1, Bytes(30)));
    request().from->send(frame);
    const Bytes received = client.receive_frame();
    ASSERT_EQ(received.size(), frame.size()) << tail.upstream;
    expect_records(received, records);
    const bool named = answer.node_endpoints && !answer.node_endpoints->empty();
    ASSERT_EQ(named, tail.fits) << tail.upstream;
    if (!named) continue;
    EXPECT_EQ(answer.node_endpoints->front().host, "proxy.example.com");
  }
  const Bytes bare = fetch_response(records, "");
  client.send(test::request_frame(api::fetch, 16, 1, Bytes(30)));
  request().from->send(bare);
  EXPECT_EQ(client.receive_frame(), bare);
}

TEST_F(Walked, RecordsThatReachBeyondTheirFrameEndTheConnection) {
  start();
  Bytes frame = fetch_response({random_bytes(200'000, 1)}, "");
  frame[1] = 1;  // 65,536 and more instead of 200,000
  frame[2] = 0;
  const Socket client = to_broker();
  client.send(test::request_frame(api::fetch, 16, 1, Bytes(30)));
  request().from->send(frame);
  EXPECT_LT(client.receive_to_end().size(), 65'536U);
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"malformed\"} 1"));
}

TEST_F(Spliced, WhatWasLeftInAPipeIsNobodyElses) {
  start();
  for (int i = 0; i < 5; ++i) {
    Socket client = Socket::connect(port_of(id), "127.0.0.1", 4096);
    client.send(beat(1));
    const auto asked = request();
    const Bytes answer = asked.response(random_bytes(4'000'000, 1));
    const auto sender = std::async(std::launch::async, [&] { asked.from->send(answer); });
    EXPECT_EQ(client.receive(50'000).size(), 50'000U);
    client.reset();  // with the pipe full
    sender.wait();
  }
  EXPECT_TRUE(metric_comes("connections_open 0"));
  const Socket client = to_broker();
  client.send(beat(2));
  const auto asked = request();
  const Bytes answer = asked.response(random_bytes(4'000'000, 2));
  const auto sender = std::async(std::launch::async, [&] { asked.from->send(answer); });
  EXPECT_EQ(client.receive(answer.size()), answer);
}

TEST_F(Spliced, ABrokerThatClosesWithinABodyEndsTheClientsConnectionBehindWhatCame) {
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  const auto asked = request();
  const Bytes answer = asked.response(random_bytes(500'000, 1));
  asked.from->send(BytesView(answer).first(300'000));
  asked.from->close();
  EXPECT_EQ(client.receive_to_end().size(), 300'000U);
}

TEST_F(Spliced, AClientThatEndsWithinABodyIsPassedOn) {
  start();
  {
    const Socket client = to_broker();
    client.send(beat(1));
    const auto asked = request();
    asked.reply(Bytes(1));
    EXPECT_EQ(next_id(client), 1);
    client.send(BytesView(test::request_frame(heartbeat, heartbeat_version, 2, Bytes(500'000))).first(300'000));
  }
  EXPECT_TRUE(metric_comes("connections_open 0"));
  EXPECT_TRUE(test::eventually([this] { return broker.bytes_read() >= 300'000; }));
}

TEST_F(Spliced, AReaderThatTakesNothingIsGivenUpAtTheIdleTimeout) {
  config.limits.idle_timeout = milliseconds(300);
  start();
  const Socket client = Socket::connect(port_of(id), "127.0.0.1", 4096);
  client.send(beat(1));
  const auto asked = request();
  const Bytes answer = asked.response(Bytes(20'000'000));
  const auto sender = std::async(std::launch::async, [&] { asked.from->send(answer); });
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 1"));
}

TEST_F(Spliced, AReaderThatTakesALittleNowAndThenIsNot) {
  config.limits.idle_timeout = milliseconds(600);
  start();
  const Socket client = Socket::connect(port_of(id), "127.0.0.1", 4096);
  client.send(beat(1));
  const auto asked = request();
  const Bytes answer = asked.response(random_bytes(3'000'000, 1));
  const auto sender = std::async(std::launch::async, [&] { asked.from->send(answer); });
  Bytes got;
  while (got.size() < answer.size()) {
    const Bytes piece = client.receive(std::min<std::size_t>(250'000, answer.size() - got.size()));
    ASSERT_FALSE(piece.empty());
    got.insert(got.end(), piece.begin(), piece.end());
    settle();
  }
  EXPECT_EQ(got, answer);
}

}  // namespace
}  // namespace kp::proxy
