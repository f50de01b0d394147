#include <array>
#include <thread>

#include "kafka/messages/18_api_versions.h"
#include "support/running.h"
#include "unit/proxy/running_proxy.h"

/// What a session does beside passing requests and responses: logins, ends, trouble, many at once.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using std::chrono::milliseconds;
using test::FakeBroker;
using test::Socket;

class Conduct : public RunningProxy {
 protected:
  FakeBroker::Request arrival() {
    auto arrived = broker.next();
    EXPECT_TRUE(arrived) << "nothing reached the broker";
    return arrived.value_or(FakeBroker::Request{});
  }
};

TEST_F(Conduct, ARequestThatComesByteByByteArrivesWhole) {
  start();
  const Socket client = to_broker();
  const Bytes sent = beat(1, 30);
  for (const std::uint8_t byte : sent) client.send(BytesView(&byte, 1));
  EXPECT_EQ(arrival().frame, sent);
}

TEST_F(Conduct, ApiVersionsOffersNoVersionThatCouldNotBeRewritten) {
  broker.be_cluster({{id, broker.address()}}, 99, 99);
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(api::api_versions, 0, 1));
  const auto answer = kafka::decode_response<kafka::ApiVersionsResponse>(client.receive_frame(), 0);
  ASSERT_TRUE(answer) << answer.error().message;
  for (const auto& offer : answer->api_keys)
    EXPECT_LE(offer.max_version, kafka::find_api(offer.api_key)->rewriting.max) << offer.api_key;
}

TEST_F(Conduct, BareSaslTokensPassBothWays) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(api::sasl_handshake, 0, 1, Bytes{0, 5, 'P', 'L', 'A', 'I', 'N'}));
  const auto handshake = arrival();
  handshake.reply(Bytes{0, 0, 0, 0, 0, 1, 0, 5, 'P', 'L', 'A', 'I', 'N'});
  EXPECT_EQ(client.receive_frame().size(), 21U);
  const Bytes token{0, 0, 0, 7, 0, 'a', 0, 'p', 'w', '1', '2'};
  client.send(token);
  EXPECT_EQ(arrival().frame, token);
  const Bytes accepted{0, 0, 0, 0};  // a token too, an empty one
  handshake.from->send(accepted);
  EXPECT_EQ(client.receive(4), accepted);
  client.send(beat(2));
  arrival().reply(Bytes(3));
  EXPECT_EQ(kafka::peek_response(client.receive_frame()).correlation_id, 2);
}

TEST_F(Conduct, AClientThatHasSaidAllStillGetsItsAnswers) {
  broker.outlast_peers();
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  client.shutdown_write();
  const auto arrived = arrival();
  arrived.reply(Bytes(5));
  EXPECT_EQ(client.receive_frame(), arrived.response(Bytes(5)));
  arrived.from->close();
}

TEST_F(Conduct, AClientThatIsGoneEndsItsBrokerConnection) {
  start();
  Socket client = to_broker();
  client.send(beat(1));
  (void)arrival();
  client.reset();
  EXPECT_TRUE(metric_comes("connections_open 0"));
  EXPECT_TRUE(test::eventually([this] { return broker.ended() >= 1; }));
}

TEST_F(Conduct, AnIdleClientIsClosedAtTheIdleTimeout) {
  config.limits.idle_timeout = milliseconds(300);
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  arrival().reply(Bytes(5));
  (void)client.receive_frame();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 1"));
}

TEST_F(Conduct, AResponseAboveTheFrameLimitEndsTheConnection) {
  config.limits.max_frame_bytes = 65536;
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  arrival().from->send(Bytes{0, 1, 0, 1, 0, 0, 0, 1});
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"malformed\"} 1"));
}

TEST_F(Conduct, ABrokerThatAnswersInTlsEndsTheConnection) {
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  arrival().from->send(Bytes{0x15, 3, 3, 0, 2, 2, 70, 0});
  EXPECT_TRUE(client.ended());
}

TEST_F(Conduct, AResponseThatCannotBeReadNeverReachesTheClient) {
  start();
  const Socket client = to_broker();
  broker.on(api::metadata, [](const auto& request) { request.reply(Bytes{0x7f, 0xff, 0xff, 0xff, 0, 0}); });
  client.send(test::request_frame(api::metadata, 1, 1, Bytes{0, 0, 0, 0}));
  EXPECT_EQ(client.receive_to_end(), Bytes{});
}

TEST_F(Conduct, OneBadClientLeavesTheOthersAlone) {
  start();
  const Socket good = to_broker();
  good.send(beat(1));
  const auto arrived = arrival();
  const Socket bad = to_broker();
  bad.send(Bytes{0, 0, 0, 8, 0xff, 0xff, 0, 0, 0, 0, 0, 1});
  EXPECT_TRUE(bad.ended());
  arrived.reply(Bytes(5));
  EXPECT_EQ(good.receive_frame(), arrived.response(Bytes(5)));
}

/// A Produce v8 frame with acks=0 and `body_bytes` behind its header.
Bytes silent_produce(std::size_t body_bytes) {
  Bytes body(body_bytes);
  body[0] = body[1] = 0xff;  // no transactional id
  return test::request_frame(api::produce, 8, 1, body);
}

TEST_F(Conduct, DrainFinishesARequestWithoutAnswerThatIsOnItsWay) {
  config.limits.drain_timeout = test::patience;
  start();
  const Bytes sent = silent_produce(16 << 20);
  const Socket client = to_broker();
  broker.stop_reading();
  auto written = std::async(std::launch::async, [&] { return client.send(sent); });
  ASSERT_TRUE(metric_comes("requests_total{api_key=\"Produce\",api_version=\"8\",broker=\"1\"} 1"));
  auto drained = std::async(std::launch::async, [this] { return proxy->drain([] { return false; }); });
  ASSERT_TRUE(page_comes("/readyz", "draining"));

  broker.read_again();

  EXPECT_TRUE(arrival().frame == sent);
  EXPECT_TRUE(written.get() && drained.get());
}

TEST_F(Conduct, WhatWantsNoAnswerReachesABrokerThatReadsAfterTheClientIsGone) {
  start();
  const Bytes sent = silent_produce(100'000);
  Socket client = to_broker();
  broker.stop_reading();
  client.send(sent);
  client.close();
  ASSERT_TRUE(metric_comes("connections_closed_total{reason=\"eof\"} 1"));

  broker.read_again();

  EXPECT_TRUE(arrival().frame == sent);
}

TEST_F(Conduct, DrainRefusesWhoComesNow) {
  start();
  EXPECT_TRUE(proxy->drain([] { return false; }));
  EXPECT_TRUE(test::eventually([this] { return !bootstrap().open() && !to_broker().open(); }));
}

TEST_F(Conduct, HurryEndsADrain) {
  config.limits.drain_timeout = 10 * test::patience;
  start();
  const Socket client = to_broker();
  client.send(beat(1));
  (void)arrival();
  EXPECT_FALSE(proxy->drain([] { return true; }));
}

TEST_F(Conduct, AProxyEndsWithConnectionsUnderWay) {
  start(2);
  std::array<Socket, 8> clients;
  for (Socket& client : clients) {
    client = to_broker();
    client.send(beat(1));
    (void)arrival();
  }
  proxy.reset();
  for (const Socket& client : clients) EXPECT_TRUE(client.ended());
}

/// Sends `count` requests in small runs and takes the answers; how many were right.
int exchange(std::uint16_t port, int count) {
  const Socket client = Socket::connect(port);
  int right = 0;
  for (int i = 0; i < count; i += 5) {
    Bytes run;
    for (int k = i; k < i + 5; ++k) {
      const Bytes frame = beat(k, static_cast<std::size_t>(4 + k * 37 % 3000));
      run.insert(run.end(), frame.begin(), frame.end());
    }
    client.send(run);
    for (int k = i; k < i + 5; ++k) {
      const Bytes frame = client.receive_frame();
      if (frame.size() >= 8 && kafka::peek_response(frame).correlation_id == k) ++right;
    }
  }
  return right;
}

TEST_F(Conduct, ManyClientsAtOnceEachGetTheirOwn) {
  broker.on(heartbeat, [](const FakeBroker::Request& request) { request.reply(Bytes(request.frame.size())); });
  start(2);
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 8; ++i)
    clients.push_back(std::async(std::launch::async, [this] { return exchange(port_of(id), 100); }));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(page("/metrics").starts_with("HTTP/1.1 200"));
  for (auto& client : clients) EXPECT_EQ(client.get(), 100);
}

TEST_F(Conduct, ReadyzAndHealthzSayOk) {
  start();
  EXPECT_TRUE(page("/readyz").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(page("/healthz").starts_with("HTTP/1.1 200"));
}

TEST_F(Conduct, TrafficIsCountedByApiVersionAndBroker) {
  start();
  const Socket client = to_broker();
  const Bytes sent = beat(1);
  client.send(sent);
  arrival().reply(Bytes(5));
  (void)client.receive_frame();
  const std::string labels = "{api_key=\"Heartbeat\",api_version=\"4\",broker=\"1\"} ";
  EXPECT_TRUE(metric_comes("responses_total" + labels + "1"));
  EXPECT_TRUE(metric_comes("request_bytes_total" + labels + std::to_string(sent.size())));
}

}  // namespace
}  // namespace kp::proxy
