#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "kafka/errors.h"
#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/32_describe_configs.h"
#include "kafka/writer.h"
#include "proxy/gathering.h"
#include "unit/proxy/running_proxy.h"
#include "unit/virtual/batches.h"

// Of the address sanitizer, where it is.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes() __attribute__((weak));

/// Requests with virtual partitions through a session: four on two, in the topic "t".
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using kafka::FetchRequest;
using kafka::FetchResponse;
using kafka::ProduceRequest;
using kafka::ProduceResponse;
using std::chrono::milliseconds;
using test::Socket;

constexpr kafka::Version fetch_version = 11;
constexpr kafka::Version produce_version = 9;

class TranslationTest : public RunningProxy {
 protected:
  TranslationTest() {
    auto& mapping = config.partition_mapping.emplace();
    mapping.virtual_partitions = 4;
    mapping.physical_partitions = 2;
    mapping.topics.emplace_back().topic = "t";
  }

  test::FakeBroker::Request next() {
    auto request = broker.next();
    EXPECT_TRUE(request) << "the broker was not asked";
    return std::move(request).value_or(test::FakeBroker::Request{});
  }

  template <class Message>
  static Message body_of(const test::FakeBroker::Request& request) {
    const auto at = kafka::request_body(request.frame);
    EXPECT_TRUE(at);
    auto decoded = kafka::decode<Message>(BytesView(request.frame).subspan(*at), request.head.api_version);
    EXPECT_TRUE(decoded);
    return std::move(*decoded);
  }

  /// Answers a Produce: each partition at offset 7.
  static void accept(const test::FakeBroker::Request& request) {
    const auto asked = body_of<ProduceRequest>(request);
    ProduceResponse response;
    for (const auto& topic : asked.topic_data) {
      auto& answered = response.responses.emplace_back();
      answered.name = topic.name;
      for (const auto& each : topic.partition_data) {
        auto& partition = answered.partition_responses.emplace_back();
        partition.index = each.index;
        partition.base_offset = 7;
      }
    }
    Bytes body;
    encode(response, request.head.api_version, body);
    request.reply(body);
  }

  /// Answers a Fetch with these batches in each partition.
  static void serve(const test::FakeBroker::Request& request, const Bytes& batches) {
    const auto asked = body_of<FetchRequest>(request);
    FetchResponse response;
    for (const auto& topic : asked.topics) {
      auto& answered = response.responses.emplace_back();
      answered.topic = topic.topic;
      for (const auto& each : topic.partitions) {
        auto& partition = answered.partitions.emplace_back();
        partition.partition_index = each.partition;
        partition.high_watermark = 100;
        partition.records = kafka::Records{batches};
      }
    }
    Bytes body;
    encode(response, request.head.api_version, body);
    request.reply(body);
  }
};

Bytes fetch_of(std::int32_t correlation_id, const std::string& name, std::int32_t partition, std::int32_t epoch = -1,
               std::int32_t session = 0) {
  FetchRequest request;
  request.max_wait_ms = 500;
  request.session_id = session;
  request.session_epoch = epoch;
  if (!name.empty()) {
    auto& topic = request.topics.emplace_back();
    topic.topic = name;
    topic.partitions.emplace_back().partition = partition;
  }
  return kafka::encode_request(request, fetch_version, correlation_id, "test");
}

Bytes produce_of(std::int32_t correlation_id, const std::vector<std::int32_t>& partitions, const Bytes& batch,
                 std::int16_t acks = -1) {
  ProduceRequest request;
  request.acks = acks;
  auto& topic = request.topic_data.emplace_back();
  topic.name = "t";
  for (const std::int32_t partition : partitions) {
    auto& one = topic.partition_data.emplace_back();
    one.index = partition;
    one.records = kafka::Records{batch};
  }
  return kafka::encode_request(request, produce_version, correlation_id, "test");
}

template <class Response>
Response decoded(const Bytes& frame, kafka::Version version) {
  auto response = kafka::decode_response<Response>(frame, version);
  EXPECT_TRUE(response);
  return response ? std::move(*response) : Response{};
}

Bytes joined(std::initializer_list<Bytes> frames) {
  Bytes all;
  for (const Bytes& frame : frames) virt::sample::append(all, frame);
  return all;
}

TEST_F(TranslationTest, RequestsAndResponsesLargerThanAnyBufferAreTakenWhole) {
  start();
  const Socket client = to_broker();
  virt::sample::BatchOf large;
  large.producer_id = 9;
  large.epoch = 0;
  large.sequence = 0;
  large.payload = 700'000;
  const auto sent =
      std::async(std::launch::async, [&] { client.send(produce_of(1, {3}, virt::sample::batch(large))); });
  const auto asked = next();
  const auto produce = body_of<ProduceRequest>(asked);
  ASSERT_EQ(produce.topic_data.at(0).partition_data.at(0).index, 1);
  large.producer_id = 9 | (std::int64_t{1} << 48);
  const Bytes tagged = virt::sample::batch(large);
  const BytesView records = produce.topic_data[0].partition_data[0].records->bytes;
  EXPECT_EQ(Bytes(records.begin(), records.end()), tagged);
  accept(asked);
  const auto answer = decoded<ProduceResponse>(client.receive_frame(), produce_version);
  EXPECT_EQ(answer.responses.at(0).partition_responses.at(0).index, 3);
  EXPECT_EQ(answer.responses[0].partition_responses[0].base_offset, 7);

  client.send(fetch_of(2, "t", 3));
  serve(next(), tagged);
  const Bytes frame = client.receive_frame();  // the records are part of it
  const auto fetched = decoded<FetchResponse>(frame, fetch_version);
  large.producer_id = 9;
  const BytesView own = fetched.responses.at(0).partitions.at(0).records->bytes;
  EXPECT_EQ(Bytes(own.begin(), own.end()), virt::sample::batch(large));
}

/// As a broker has it, group 1's. Its CRC is wrong, which is the client's to find.
Bytes batch_of(std::size_t bytes) {
  Bytes batch = virt::sample::batch(virt::sample::stored(1, 0, 0));
  batch.resize(bytes);
  Bytes length;
  kafka::Writer(length).integer(static_cast<std::int32_t>(bytes - 12));
  std::ranges::copy(length, batch.begin() + 8);
  return batch;
}

TEST_F(TranslationTest, WhatIsGatheredTogetherHasALimitAndWhatIsLargerAloneHasNone) {
  start();
  const Socket slow = to_broker();
  const Socket other = to_broker();
  const Bytes more_than_all = batch_of(Gathering::usual_budget + (20 << 20));
  slow.send(fetch_of(1, "t", 3));
  serve(next(), more_than_all);                         // is taken whole, but its client reads nothing
  const std::string held = "virtual_gathered_bytes 5";  // and seven more digits
  EXPECT_TRUE(page_comes("/metrics", "kafka_proxy_" + held));

  other.send(fetch_of(2, "t", 3));
  const Bytes enough = batch_of(1 << 20);
  const auto asked = next();
  const auto served = std::async(std::launch::async, [&] { serve(asked, enough); });
  EXPECT_TRUE(metric_comes("virtual_gathering_waits_total 1"));
  other.send(beat(3));
  const Socket third = to_broker();  // what is small never waits
  third.send(fetch_of(4, "t", 3));
  serve(next(), batch_of(1000));
  EXPECT_EQ(next_id(third), 4);

  EXPECT_GT(slow.receive_frame().size(), more_than_all.size());
  EXPECT_GT(other.receive_frame().size(), enough.size());
  next().reply(Bytes(3));
  EXPECT_EQ(next_id(other), 3);
  EXPECT_TRUE(metric_comes("virtual_gathered_bytes 0"));
}

TEST_F(TranslationTest, ARequestBehindOneThatIsTranslatedWaitsForItsAnswer) {
  start();
  const Socket client = to_broker();
  client.send(joined({beat(1), fetch_of(2, "t", 2), beat(3)}));
  const auto first = next();
  EXPECT_EQ(first.head.api_key, heartbeat);
  EXPECT_FALSE(broker.next(milliseconds(50)));
  first.reply(Bytes(3));
  const auto fetch = next();
  EXPECT_EQ(fetch.head.api_key, api::fetch);
  EXPECT_FALSE(broker.next(milliseconds(50)));
  serve(fetch, {});
  next().reply(Bytes(3));
  for (const std::int32_t id_due : {1, 2, 3}) EXPECT_EQ(next_id(client), id_due);
}

TEST_F(TranslationTest, WhatNamesNoVirtualTopicPassesAsItIs) {
  start();
  const Socket client = to_broker();
  const Bytes sent = fetch_of(5, "plain", 2);
  client.send(joined({sent, beat(6)}));
  const auto fetch = next();
  EXPECT_EQ(fetch.frame, sent);
  const auto second = next();  // nobody waits for the answer before
  serve(fetch, {});
  second.reply(Bytes(3));
  EXPECT_EQ(next_id(client), 5);
  EXPECT_EQ(next_id(client), 6);
}

TEST_F(TranslationTest, PartsOfAProduceThatShareAPartitionGoByConnectionsOfTheirOwn) {
  start();
  const Socket client = to_broker();
  for (std::int32_t round = 0; round < 2; ++round) {
    client.send(produce_of(round, {0, 1, 2, 3}, virt::sample::batch({})));
    const auto one = next();
    const auto other = next();
    EXPECT_NE(one.from, other.from);
    accept(one);
    accept(other);
    const auto answer = decoded<ProduceResponse>(client.receive_frame(), produce_version);
    std::set<std::int32_t> answered;
    for (const auto& each : answer.responses.at(0).partition_responses) answered.insert(each.index);
    EXPECT_EQ(answered, (std::set<std::int32_t>{0, 1, 2, 3}));
  }
  EXPECT_TRUE(metric_comes("virtual_upstream_requests_total{api_key=\"Produce\"} 4"));
}

TEST_F(TranslationTest, ALaneThatRestsIsClosedAndOpenedAgainWhenItIsNeeded) {
  config.limits.idle_timeout = std::chrono::seconds(40);  // lanes rest for four; the session has to outlive that
  start();
  const Socket client = to_broker();
  std::set<std::shared_ptr<test::FakeBroker::Connection>> used;
  for (std::int32_t round = 0; round < 2; ++round) {
    client.send(produce_of(round, {0, 2}, virt::sample::batch({})));
    for (int part = 0; part < 2; ++part) {
      const auto request = next();
      used.insert(request.from);
      accept(request);
    }
    EXPECT_EQ(next_id(client), round);
    const auto ended = [&] { return std::ranges::count_if(used, [](const auto& each) { return each->ended(); }); };
    EXPECT_TRUE(test::eventually([&] { return ended() == round + 1; }));
  }
  EXPECT_EQ(used.size(), 3U) << "the session's own stays";
}

TEST_F(TranslationTest, WhereTheClientLogsInAtTheBrokerThereIsOneConnectionOnly) {
  start();
  const Socket client = to_broker();
  client.send(kafka::encode_request(kafka::SaslHandshakeRequest{}, 1, 1, "test"));
  next().reply(Bytes{0, 0, 0, 0, 0, 0});
  EXPECT_EQ(next_id(client), 1);
  client.send(produce_of(2, {0, 2}, virt::sample::batch({})));
  const auto one = next();
  const auto other = next();
  EXPECT_EQ(one.from, other.from);
  accept(one);
  accept(other);
  EXPECT_EQ(next_id(client), 2);
}

TEST_F(TranslationTest, AnswersOfABrokerThatTakesNoMoreQuestionsEndTheConnection) {
  // Two questions on one connection; the second is too large for any buffer, and the broker reads the first alone.
  broker.on(api::produce, [](const test::FakeBroker::Request& request) {
    const Bytes answer = request.response({});
    request.from->send(joined({answer, answer}));
    request.from->reset();
  });
  start();
  const Socket client = to_broker();
  client.send(kafka::encode_request(kafka::SaslHandshakeRequest{}, 1, 1, "test"));
  next().reply(Bytes{0, 0, 0, 0, 0, 0});
  EXPECT_EQ(next_id(client), 1);
  virt::sample::BatchOf large;
  large.payload = 12 << 20;
  client.send(produce_of(2, {0, 2}, virt::sample::batch(large)));
  EXPECT_TRUE(client.ended());
  const Socket other = to_broker();
  other.send(beat(3));
  next().reply(Bytes(3));
  EXPECT_EQ(next_id(other), 3);
}

TEST_F(TranslationTest, ALaneThatBreaksEndsTheConnection) {
  start();
  const Socket client = to_broker();
  client.send(produce_of(1, {0, 2}, virt::sample::batch({})));
  const auto one = next();
  const auto other = next();
  const bool first_is_lane = body_of<ProduceRequest>(one).topic_data[0].partition_data[0].records->bytes[50] != 0xff;
  accept(first_is_lane ? other : one);
  (first_is_lane ? one : other).from->close();
  EXPECT_TRUE(client.ended());
}

TEST_F(TranslationTest, ABrokerThatClosesInTheMiddleEndsTheConnection) {
  start();
  const Socket client = to_broker();
  client.send(fetch_of(1, "t", 2));
  next().from->close();
  EXPECT_TRUE(client.ended());
}

TEST_F(TranslationTest, AnAnswerToSomethingElseEndsTheConnection) {
  start();
  const Socket client = to_broker();
  client.send(fetch_of(1, "t", 2));
  auto fetch = next();
  fetch.head.correlation_id = 9;
  fetch.reply(Bytes(20));
  EXPECT_TRUE(client.ended());
}

/// What the process has allocated and not freed. Resident memory says less: it has what the allocator keeps.
std::int64_t allocated_bytes() {
  if (__sanitizer_get_current_allocated_bytes != nullptr)
    return static_cast<std::int64_t>(__sanitizer_get_current_allocated_bytes());
  const auto info = ::mallinfo2();
  return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
}

TEST_F(TranslationTest, WhoWaitsForRecordsHoldsNoBuffer) {
  constexpr int count = 150;
  start();
  broker.on(heartbeat, [](const test::FakeBroker::Request& request) { request.reply(Bytes(3)); });
  std::vector<Socket> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(to_broker());
    clients.back().send(beat(1));
    EXPECT_EQ(next_id(clients.back()), 1);
  }
  const std::int64_t before = allocated_bytes();
  std::vector<test::FakeBroker::Request> waiting;
  for (const Socket& client : clients) client.send(fetch_of(2, "t", 2));
  for (int i = 0; i < count; ++i) waiting.push_back(next());
  EXPECT_LT(allocated_bytes() - before, count * std::int64_t{net::Loop::buffer_size} / 2);

  for (const auto& each : waiting) serve(each, {});
  for (const Socket& client : clients) EXPECT_EQ(next_id(client), 2);
}

TEST_F(TranslationTest, ADrainWaitsForTheAnswer) {
  start();
  const Socket client = to_broker();
  client.send(fetch_of(1, "t", 2));
  const auto fetch = next();
  auto drained = std::async(std::launch::async, [&] { return proxy->drain([] { return false; }); });
  EXPECT_EQ(drained.wait_for(milliseconds(100)), std::future_status::timeout);
  serve(fetch, {});
  EXPECT_EQ(next_id(client), 1);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained.get());
}

TEST_F(TranslationTest, AFetchSessionFromBeforeTheMappingBeginsAnew) {
  start();
  const Socket client = to_broker();
  client.send(fetch_of(1, "", 0, 4, 77));
  const auto refused = decoded<FetchResponse>(client.receive_frame(), fetch_version);
  EXPECT_EQ(refused.error_code, kafka::error::fetch_session_id_not_found);
  client.send(fetch_of(2, "plain", 0, 0));
  serve(next(), {});
  EXPECT_EQ(next_id(client), 2);
  const Bytes further = fetch_of(3, "", 0, 1, 78);
  client.send(further);
  EXPECT_EQ(next().frame, further);
}

TEST_F(TranslationTest, TopicsThatDoNotFitAreShownUntilTheyDo) {
  std::atomic<std::int32_t> partitions = 3;
  broker.on(api::metadata, [&](const test::FakeBroker::Request& request) {
    kafka::MetadataResponse response;
    auto& topic = response.topics.emplace_back();
    topic.name = "t";
    for (std::int32_t n = 0; n < partitions; ++n) topic.partitions.emplace_back().partition_index = n;
    if (partitions == 0) topic.error_code = kafka::error::unknown_topic_or_partition;
    Bytes body;
    encode(response, request.head.api_version, body);
    request.reply(body);
  });
  broker.on(kafka::DescribeConfigsRequest::key, [](const test::FakeBroker::Request& request) {
    kafka::DescribeConfigsResponse response;
    auto& of_topic = response.results.emplace_back();
    of_topic.resource_name = "t";
    of_topic.configs.emplace_back().name = "cleanup.policy";
    of_topic.configs.back().value = "delete";
    Bytes body;
    encode(response, request.head.api_version, body);
    request.reply(body);
  });
  start();
  const Socket client = to_broker();
  const auto ask = [&](std::int32_t found) {
    partitions = found;
    client.send(kafka::encode_request(kafka::MetadataRequest{}, 8, found, "test"));
    EXPECT_EQ(next_id(client), found);
    const std::string shown = page("/config");
    return nlohmann::json::parse(shown.substr(shown.find("\r\n\r\n")))["unfit_topics"];
  };
  const nlohmann::json unfit{{{"topic", "t"}, {"partitions", 3}, {"physical_partitions", 2}, {"compacted", false}}};
  EXPECT_EQ(ask(3), unfit);
  EXPECT_EQ(ask(2), nlohmann::json::array());
  EXPECT_EQ(ask(3), unfit);
  EXPECT_EQ(ask(0), nlohmann::json::array());
}

TEST_F(TranslationTest, ApiVersionsOffersWhatCanBeTranslated) {
  start();
  const Socket client = to_broker();
  const Bytes asked = test::request_frame(api::api_versions, 0, 1);
  client.send(asked);
  const auto answer = decoded<kafka::ApiVersionsResponse>(client.receive_frame(), 0);
  for (const auto& each : answer.api_keys) {
    if (each.api_key == api::fetch) {
      EXPECT_GE(each.min_version, 4);
    }
  }
}

TEST_F(TranslationTest, AVersionThatCannotBeReadNeverReachesTheBroker) {
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(api::fetch, 3, 1, Bytes(40)));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"unsupported\"} 1"));
}

TEST_F(TranslationTest, AProduceThatWantsNoAnswerGoesOutAndNothingComesBack) {
  start();
  const Socket client = to_broker();
  client.send(joined({produce_of(1, {0, 2}, virt::sample::batch({}), 0), beat(2)}));
  std::set<std::int16_t> keys;
  for (int i = 0; i < 3; ++i) {
    const auto request = next();
    keys.insert(request.head.api_key);
    if (request.head.api_key == heartbeat) request.reply(Bytes(3));
  }
  EXPECT_EQ(keys, (std::set<std::int16_t>{api::produce, heartbeat}));
  EXPECT_EQ(next_id(client), 2);
}

}  // namespace
}  // namespace kp::proxy
