#include <mutex>

#include "kafka/messages/01_fetch.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "unit/proxy/login_scene.h"
#include "unit/virtual/batches.h"

/// Sessions that share what one of them reads of a physical partition's end: the topic "t" has four on two.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using kafka::FetchRequest;
using kafka::FetchResponse;
using test::Socket;

constexpr kafka::Version fetch_version = 11;
constexpr std::int32_t long_wait = 60'000;  ///< ms: nobody's time is over

void share_tails(config::Config& config, std::uint32_t bytes = 1 << 20) {
  auto& mapping = config.partition_mapping.emplace();
  mapping.virtual_partitions = 4;
  mapping.physical_partitions = 2;
  mapping.tail_cache_bytes = bytes;
  mapping.topics.emplace_back().topic = "t";
}

Bytes fetch_of(std::int32_t correlation_id, std::int32_t partition, std::int64_t offset = 0,
               std::int32_t max_wait_ms = long_wait) {
  FetchRequest request;
  request.max_wait_ms = max_wait_ms;
  request.min_bytes = 1;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  topic.partitions.emplace_back().partition = partition;
  topic.partitions.back().fetch_offset = offset;
  topic.partitions.back().partition_max_bytes = 1 << 20;
  return kafka::encode_request(request, fetch_version, correlation_id, "test");
}

FetchRequest asked_by(const test::FakeBroker::Request& request) {
  const auto at = kafka::request_body(request.frame);
  auto decoded = kafka::decode<FetchRequest>(BytesView(request.frame).subspan(*at), request.head.api_version);
  EXPECT_TRUE(decoded);
  return decoded ? std::move(*decoded) : FetchRequest{};
}

enum class Answer { Nothing, ABatch };

/// What stands at the offset that is asked for, of group 1, in the only partition.
void serve(const test::FakeBroker::Request& request, Answer with = Answer::ABatch) {
  const auto asked = asked_by(request);
  const auto& wanted = asked.topics.at(0).partitions.at(0);
  const Bytes batch = virt::sample::batch(virt::sample::stored(1, wanted.fetch_offset, 0));
  FetchResponse response;
  auto& topic = response.responses.emplace_back();
  topic.topic = asked.topics[0].topic;
  auto& partition = topic.partitions.emplace_back();
  partition.partition_index = wanted.partition;
  partition.high_watermark = wanted.fetch_offset + (with == Answer::ABatch ? 1 : 0);
  partition.last_stable_offset = partition.high_watermark;
  partition.records = kafka::Records{with == Answer::ABatch ? BytesView(batch) : BytesView()};
  Bytes body;
  encode(response, request.head.api_version, body);
  request.reply(body);
}

template <class Scene>
class Sharing : public Scene {
 protected:
  test::FakeBroker::Request next() {
    auto request = this->broker.next();
    EXPECT_TRUE(request) << "the broker was not asked";
    return std::move(request).value_or(test::FakeBroker::Request{});
  }
  /// A session that has met its broker.
  Socket met(Socket client) {
    client.send(beat(9));
    auto request = next();
    request.reply(Bytes(6));
    EXPECT_EQ(next_id(client), 9);
    return client;
  }
  Socket met() { return met(this->to_broker()); }

  /// So many Fetches have been begun with.
  bool begun(int count) const {
    return this->metric_comes("virtual_requests_total{api_key=\"Fetch\"} " + std::to_string(count));
  }
  /// `other` asks the broker, though it works on the same for `first`, and though `first` has just got it.
  void expect_apart(const Socket& first, const Socket& other, std::int64_t offset = 0) {
    first.send(fetch_of(1, 0, offset));
    const auto parked = next();
    other.send(fetch_of(2, 2, offset));
    const auto meanwhile = next();
    EXPECT_NE(meanwhile.from, parked.from);
    serve(meanwhile, Answer::Nothing);
    EXPECT_EQ(next_id(other), 2);
    serve(parked);
    EXPECT_EQ(next_id(first), 1);
    other.send(fetch_of(3, 2, offset));
    serve(next(), Answer::Nothing);
    EXPECT_EQ(next_id(other), 3);
  }

  /// What waits gets what is read for another. On a machine that stands still meanwhile it may be too late for that,
  /// and the broker is asked again: then we try once more.
  void expect_shared(const Socket& first, const Socket& other) {
    std::mutex mutex;
    bool hold = true;
    std::optional<test::FakeBroker::Request> held;
    this->broker.on(api::fetch, [&](const test::FakeBroker::Request& request) {
      const std::lock_guard lock(mutex);
      if (!std::exchange(hold, false)) return serve(request);
      held = request;
    });
    int begun_with = 0;
    EXPECT_TRUE(test::eventually([&] {
      first.send(fetch_of(1, 0));
      EXPECT_TRUE(test::eventually([&] {
        const std::lock_guard lock(mutex);
        return held.has_value();
      }));
      other.send(fetch_of(2, 2));
      begun_with += 2;
      EXPECT_TRUE(begun(begun_with));
      {
        const std::lock_guard lock(mutex);
        serve(*held);
        held.reset();
      }
      EXPECT_EQ(next_id(first), 1);
      const Bytes frame = other.receive_frame();
      const auto answer = kafka::decode_response<FetchResponse>(frame, fetch_version);
      EXPECT_TRUE(answer && answer->responses.at(0).partitions.at(0).records->bytes.size() == 101);
      const std::lock_guard lock(mutex);
      hold = true;
      return this->page("/metrics").find("tail_cache_hits_total 0\n") == std::string::npos;
    }));
  }
};

class TailTest : public Sharing<RunningProxy> {
 protected:
  TailTest() { share_tails(config); }
};

TEST_F(TailTest, OneReadServesWhoWaitsForIt) {
  start();
  const Socket first = met();
  const Socket second = met();
  expect_shared(first, second);
}

TEST_F(TailTest, NothingIsSharedWhereItIsOff) {
  share_tails(config, 0);
  start();
  const Socket first = met();
  const Socket second = met();
  expect_apart(first, second);
}

TEST_F(TailTest, WhoLogsInAtTheBrokerHimselfSharesNothing) {
  start();
  const Socket first = met();
  const Socket second = met();
  second.send(kafka::encode_request(kafka::SaslHandshakeRequest{}, 1, 1, "test"));
  next().reply(Bytes{0, 0, 0, 0, 0, 0});
  EXPECT_EQ(next_id(second), 1);
  expect_apart(first, second);
  expect_apart(second, first, 10);
}

TEST_F(TailTest, AConnectionThatAnyBrokerMayAnswerSharesNothing) {
  start();
  const Socket first = met();
  const Socket second = met(bootstrap());
  expect_apart(first, second);
  expect_apart(second, first, 10);
}

TEST_F(TailTest, WhoWaitsForAConnectionThatBreaksAsksItself) {
  start();
  const Socket first = met();
  const Socket second = met();
  first.send(fetch_of(1, 0));
  const auto parked = next();
  second.send(fetch_of(2, 2));
  ASSERT_TRUE(begun(2));
  parked.from->close();
  EXPECT_TRUE(first.ended());
  const auto own = next();
  EXPECT_GT(asked_by(own).max_wait_ms, 0);
  serve(own);
  EXPECT_EQ(next_id(second), 2);
}

TEST_F(TailTest, NobodyWaitsLongerThanTheBrokerWouldLetHim) {
  start();
  const Socket first = met();
  const Socket second = met();
  first.send(fetch_of(1, 0, 0, 300));
  const auto parked = next();
  second.send(fetch_of(2, 2, 0, 300));
  const auto own = next();
  EXPECT_EQ(asked_by(own).max_wait_ms, 0);
  serve(own);
  EXPECT_EQ(next_id(second), 2);
  serve(parked);
  EXPECT_EQ(next_id(first), 1);
}

TEST_F(TailTest, WhoWaitsEndsWithItsOwnConnection) {
  start();
  const Socket first = met();
  const Socket second = to_broker();
  second.send(beat(9));
  const auto beaten = next();
  beaten.reply(Bytes(6));
  EXPECT_EQ(next_id(second), 9);
  first.send(fetch_of(1, 0));
  const auto parked = next();
  second.send(fetch_of(2, 2));
  ASSERT_TRUE(begun(2));
  beaten.from->close();
  EXPECT_TRUE(second.ended());
  serve(parked);
  EXPECT_EQ(next_id(first), 1);
}

/// alice and carol go on as svc, bob as bob.
class TailOfUsers : public Sharing<LoginScene> {
 protected:
  TailOfUsers() {
    share_tails(config);
    config.auth_swap->mapping.emplace_back("carol", "svc");
  }
};

TEST_F(TailOfUsers, WhoIsTheSameToTheBrokerShares) {
  start_with_logins();
  const Socket alices = logged_in(alice);
  const Socket carols = logged_in(carol);
  expect_shared(alices, carols);
}

TEST_F(TailOfUsers, OthersDoNot) {
  start_with_logins();
  const Socket alices = logged_in(alice);
  const Socket bobs = logged_in(bob);
  expect_apart(alices, bobs);
  expect_apart(bobs, alices, 10);
}

}  // namespace
}  // namespace kp::proxy
