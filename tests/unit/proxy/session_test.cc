#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "kafka/messages/01_fetch.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/18_api_versions.h"
#include "unit/proxy/running_proxy.h"

/// Requests and responses through a session, in and out of order, small and large; limits and drain.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using std::chrono::milliseconds;
using test::Socket;

class SessionTest : public RunningProxy {
 protected:
  /// The next `count` requests that reach the broker.
  std::vector<test::FakeBroker::Request> requests(std::size_t count) {
    std::vector<test::FakeBroker::Request> all;
    while (all.size() < count) {
      auto next = broker.next();
      if (!next) break;
      all.push_back(std::move(*next));
    }
    EXPECT_EQ(all.size(), count);
    return all;
  }
};

Bytes joined(const std::vector<Bytes>& frames) {
  Bytes all;
  for (const Bytes& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

TEST_F(SessionTest, PipelinedRequestsAreAnsweredInOrderAndByteForByte) {
  start();
  const Socket client = to_broker();
  std::vector<Bytes> sent;
  for (int i = 0; i < 200; ++i)
    sent.push_back(test::request_frame(heartbeat, 4, i, Bytes(static_cast<std::size_t>(i), 9)));
  client.send(joined(sent));
  const auto arrived = requests(200);
  std::vector<Bytes> answers;
  for (const auto& request : arrived) answers.push_back(request.response(Bytes(1 + answers.size() % 7, 5)));
  const Bytes stream = joined(answers);
  for (std::size_t at = 0; at < stream.size(); at += 11)  // odd pieces
    arrived.front().from->send(BytesView(stream).subspan(at, std::min<std::size_t>(11, stream.size() - at)));
  EXPECT_EQ(client.receive(stream.size()), stream);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(arrived[i].frame, sent[i]);
}

TEST_F(SessionTest, AProduceThatWantsNoAnswerGetsNoPlaceInTheQueue) {
  start();
  const Socket client = to_broker();
  const Bytes silent = test::request_frame(api::produce, 8, 1, Bytes{0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0});
  const Bytes asking = test::request_frame(heartbeat, 4, 2, Bytes(4));
  client.send(joined({silent, asking}));
  const auto arrived = requests(2);
  arrived[1].reply(Bytes(3));
  EXPECT_EQ(client.receive_frame(), arrived[1].response(Bytes(3)));
}

TEST_F(SessionTest, AWrongCorrelationIdEndsTheConnection) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
  auto arrived = requests(1).front();
  arrived.head.correlation_id = 2;
  arrived.reply(Bytes(3));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"malformed\"} 1"));
}

TEST_F(SessionTest, AResponseThatNobodyAskedForEndsTheConnection) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
  const auto arrived = requests(1).front();
  arrived.from->send(joined({arrived.response(Bytes(3)), arrived.response(Bytes(3))}));
  EXPECT_EQ(client.receive_frame(), arrived.response(Bytes(3)));
  EXPECT_TRUE(client.ended());
}

TEST_F(SessionTest, ApiVersionsOfAnUnknownVersionIsAnsweredInItsTurn) {
  start();
  const Socket client = to_broker();
  client.send(joined({test::request_frame(heartbeat, 4, 1, Bytes(4)), test::request_frame(api::api_versions, 30, 2),
                      test::request_frame(heartbeat, 4, 3, Bytes(4))}));
  for (const auto& request : requests(2)) request.reply(Bytes(3));
  for (const std::int32_t correlation_id : {1, 2, 3}) {
    const Bytes frame = client.receive_frame();
    ASSERT_GE(frame.size(), 8U);
    EXPECT_EQ(kafka::peek_response(frame).correlation_id, correlation_id);
    if (correlation_id == 2) {
      const auto answer = kafka::decode_response<kafka::ApiVersionsResponse>(frame, 0);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->error_code, 35);
    }
  }
}

TEST_F(SessionTest, AMetadataVersionThatWeCannotRewriteNeverReachesTheBroker) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(api::metadata, 99, 1, Bytes(4)));
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(broker.next(milliseconds(50)));
}

TEST_F(SessionTest, AMetadataResponseLargerThanTheBufferIsRewrittenWhole) {
  start();
  const Socket client = bootstrap();
  kafka::MetadataResponse large;
  for (BrokerId broker_id : {1, 2, 5000}) {
    auto& broker_entry = large.brokers.emplace_back();
    broker_entry.node_id = broker_id;
    broker_entry.host = "secret.internal";
    broker_entry.port = 9092;
  }
  for (int i = 0; i < 5000; ++i) {
    large.topics.emplace_back();
    large.topics.back().name = "a-topic-with-a-rather-long-name-" + std::to_string(i);
  }
  const Bytes frame = kafka::encode_response(large, 12, 1);
  ASSERT_GT(frame.size(), 2 * net::Loop::buffer_size);
  broker.on(api::metadata, [frame](const auto& request) { request.from->send(frame); });
  client.send(test::request_frame(api::metadata, 12, 1, Bytes{1, 0, 0, 0}));
  const auto answer = kafka::decode_response<kafka::MetadataResponse>(client.receive_frame(), 12);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->brokers.size(), 2U) << "the one above max_broker_id is left out";
  for (const auto& seen : answer->brokers) EXPECT_EQ(seen.host, "proxy.example.com");
  EXPECT_EQ(answer->brokers[0].port, base_ + 21);
  EXPECT_EQ(answer->topics.size(), 5000U);
}

TEST_F(SessionTest, ALargeFetchKeepsItsRecordsAndLengthAndLosesTheUpstreamAddress) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(api::fetch, 16, 1, Bytes(30)));
  const auto arrived = requests(1).front();
  const Bytes records(300'000, 0x5a);
  kafka::FetchResponse large;
  large.responses.emplace_back();
  large.responses.back().partitions.emplace_back();
  large.responses.back().partitions.back().records = kafka::Records{BytesView(records)};
  large.node_endpoints.emplace();
  auto& hint = large.node_endpoints->emplace_back();
  hint.node_id = 2;
  hint.host = "a-very-long-secret-name.of-a-broker.internal";
  hint.port = 9092;
  const Bytes frame = kafka::encode_response(large, 16, 1);
  for (std::size_t at = 0; at < frame.size(); at += 50'001)
    arrived.from->send(BytesView(frame).subspan(at, std::min<std::size_t>(50'001, frame.size() - at)));
  const Bytes received = client.receive_frame();
  EXPECT_EQ(received.size(), frame.size());
  const auto answer = kafka::decode_response<kafka::FetchResponse>(received, 16);
  ASSERT_TRUE(answer) << answer.error().message;
  const auto kept = answer->responses.at(0).partitions.at(0).records;
  ASSERT_TRUE(kept);
  EXPECT_TRUE(std::equal(kept->bytes.begin(), kept->bytes.end(), records.begin(), records.end()));
  ASSERT_TRUE(answer->node_endpoints && answer->node_endpoints->size() == 1);
  EXPECT_EQ(answer->node_endpoints->front().host, "proxy.example.com");
}

TEST_F(SessionTest, AFullQueueHoldsBackReading) {
  config.limits.max_in_flight = 5;
  start();
  const Socket client = to_broker();
  std::vector<Bytes> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(test::request_frame(heartbeat, 4, i, Bytes(4)));
  client.send(joined(sent));
  const auto first = requests(5);
  EXPECT_FALSE(broker.next(milliseconds(100)));
  for (const auto& request : first) request.reply(Bytes(1));
  for (const auto& request : requests(5)) request.reply(Bytes(1));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(kafka::peek_response(client.receive_frame()).correlation_id, i);
}

TEST_F(SessionTest, ARequestAboveTheFrameLimitIsRefused) {
  config.limits.max_frame_bytes = 65536;
  start();
  const Socket client = to_broker();
  client.send(joined({test::request_frame(heartbeat, 4, 1, Bytes(4)), {0, 2, 0, 0, 0, 12, 0, 4, 0, 0, 0, 2}}));
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"malformed\"} 1"));
}

struct Stranger {
  const char* name;
  const char* spoke;
  Bytes first;
};
class WrongProtocol : public SessionTest, public testing::WithParamInterface<Stranger> {};

TEST_P(WrongProtocol, IsCountedAndClosed) {
  start();
  const Socket client = bootstrap();
  client.send(GetParam().first);
  EXPECT_TRUE(client.ended(milliseconds(2000)));
  EXPECT_TRUE(metric_comes(std::string("wrong_protocol_total{spoke=\"") + GetParam().spoke + "\"} 1"));
}
INSTANTIATE_TEST_SUITE_P(OnAPlaintextPort, WrongProtocol,
                         testing::Values(Stranger{"TlsHello", "tls", {0x16, 3, 1, 0, 200, 1, 0, 0}},
                                         Stranger{"Http", "http", test::bytes_of("GET / HTTP/1.1\r\n\r\n")},
                                         Stranger{"Garbage", "unknown", {0x7f, 0x45, 0x4c, 0x46, 2, 1, 1}}),
                         [](const auto& instance) { return instance.param.name; });

TEST_F(SessionTest, AClientThatSaysNothingIsClosedAtTheHandshakeTimeout) {
  config.limits.handshake_timeout = milliseconds(200);
  start();
  EXPECT_TRUE(bootstrap().ended());
  const Socket half = bootstrap();
  half.send(Bytes{0, 0, 0});
  EXPECT_TRUE(half.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 2"));
}

TEST_F(SessionTest, ASilentBrokerIsGivenUpAtTheIdleTimeout) {
  config.limits.idle_timeout = milliseconds(300);
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
  (void)requests(1);
  EXPECT_TRUE(client.ended());
}

TEST_F(SessionTest, ConnectionsAboveTheLimitAreRefused) {
  config.limits.max_connections = 2;
  start();
  const Socket first = bootstrap();
  const Socket second = bootstrap();
  EXPECT_TRUE(metric_comes("connections_open 2"));
  EXPECT_TRUE(bootstrap().ended());
  EXPECT_TRUE(metric_comes("connections_refused_total{reason=\"max_connections\"} 1"));
}

TEST_F(SessionTest, ABrokerThatClosesWithinAResponseEndsTheClientsConnection) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
  const auto arrived = requests(1).front();
  const Bytes whole = arrived.response(Bytes(100));
  arrived.from->send(BytesView(whole).first(50));
  arrived.from->close();
  EXPECT_EQ(client.receive_to_end().size(), 50U);
}

TEST_F(SessionTest, WhatAClientSentBeforeItClosedStillReachesTheBroker) {
  start();
  {
    const Socket client = to_broker();
    for (int i = 0; i < 50; ++i) client.send(test::request_frame(heartbeat, 4, i, Bytes(2000)));
    client.shutdown_write();
    EXPECT_EQ(requests(50).size(), 50U);
  }
  EXPECT_TRUE(metric_comes("connections_open 0"));
}

TEST_F(SessionTest, DrainAnswersWhatIsInFlightAndClosesTheIdleAtOnce) {
  start();
  const Socket busy = to_broker();
  const Socket idle = bootstrap();
  busy.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
  const auto arrived = requests(1).front();
  EXPECT_TRUE(metric_comes("connections_open 2"));
  auto drained = std::async(std::launch::async, [this] { return proxy->drain([] { return false; }); });
  EXPECT_TRUE(idle.ended());
  EXPECT_NE(page("/readyz").find("draining"), std::string::npos);
  arrived.reply(Bytes(3));
  EXPECT_EQ(busy.receive_to_end(), arrived.response(Bytes(3)));
  busy.shutdown_write();
  EXPECT_TRUE(drained.get());
}

/// The last piece of a response waits for a client that doesn't read: its size decides which piece that is, so several.
class SlowReader : public SessionTest, public testing::WithParamInterface<std::size_t> {
 protected:
  /// A client that has asked, whose answer is on its way, and that has asked for `next` without reading.
  Socket ask_and_do_not_read(const Bytes& next) {
    Socket client = Socket::connect(static_cast<std::uint16_t>(base_ + 20 + id), "127.0.0.1", 4096);
    client.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
    const auto arrived = requests(1).front();
    whole = arrived.response(Bytes(GetParam(), 7));
    sender = std::async(std::launch::async, [arrived, this] { arrived.from->send(whole); });
    EXPECT_EQ(sender.wait_for(milliseconds(5000)), std::future_status::ready);
    client.send(next);
    return client;
  }
  Bytes whole;
  std::future<void> sender;
};

TEST_P(SlowReader, GetsOurOwnAnswerBehindTheResponse) {
  start();
  const Socket client = ask_and_do_not_read(test::request_frame(api::api_versions, 30, 2));
  EXPECT_EQ(client.receive(whole.size()), whole);
  EXPECT_EQ(kafka::peek_response(client.receive_frame()).correlation_id, 2);
}

TEST_P(SlowReader, GetsTheWholeResponseInADrain) {
  start();
  const Socket client = ask_and_do_not_read({});
  const Socket idle = to_broker();
  idle.send(test::request_frame(heartbeat, 4, 9, Bytes(4)));
  const auto arrived = requests(1).front();
  arrived.from->send(arrived.response(Bytes(4)));
  (void)idle.receive_frame();
  auto drained = std::async(std::launch::async, [this] { return proxy->drain([] { return false; }); });
  EXPECT_TRUE(idle.ended());  // as all connections were told in one turn
  client.send(test::request_frame(heartbeat, 4, 2, Bytes(4)));
  EXPECT_EQ(client.receive(whole.size()), whole);
  client.shutdown_write();  // else the proxy takes leave of us for a second
  EXPECT_TRUE(drained.get());
}

INSTANTIATE_TEST_SUITE_P(OfBytes, SlowReader, testing::Range<std::size_t>(2'700'000, 2'940'000, 20'000));

TEST_F(SessionTest, DrainEndsAfterDrainTimeout) {
  config.limits.drain_timeout = milliseconds(200);
  start();
  const Socket busy = to_broker();
  busy.send(test::request_frame(heartbeat, 4, 1, Bytes(4)));
  (void)requests(1);
  EXPECT_FALSE(proxy->drain([] { return false; }));
}

TEST_F(SessionTest, BrokersPageSaysWhereEachBrokerIs) {
  start();
  const std::string answer = page("/brokers");
  const auto brokers = nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  ASSERT_EQ(brokers.size(), 1U);
  EXPECT_EQ(brokers[0]["id"], id);
  EXPECT_EQ(brokers[0]["downstream"], "proxy.example.com:" + std::to_string(base_ + 21));
  EXPECT_EQ(brokers[0]["upstream"], to_string(broker.address()));
}

TEST_F(SessionTest, ConfigPageCarriesHashAndNoSecret) {
  config.auth_swap.emplace();
  config.auth_swap->downstream_credentials = {{"alice", "hush-hush"}};
  start();
  const std::string answer = page("/config");
  const auto shown = nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  EXPECT_EQ(shown["hash"].get<std::string>().size(), 64U);
  EXPECT_EQ(answer.find("hush-hush"), std::string::npos);
}

TEST_F(SessionTest, ATakenPortIsAConflict) {
  start();
  const auto second = Proxy::start(config, 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Conflict);
}

}  // namespace
}  // namespace kp::proxy
