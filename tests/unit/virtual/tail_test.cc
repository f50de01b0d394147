#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "kafka/errors.h"
#include "unit/virtual/batches.h"
#include "unit/virtual/model_broker.h"
#include "virtual/batch.h"
#include "virtual/reads_under_way.h"

/// The tail cache: what is kept, who may have it, and what becomes of the Fetches of several consumers.
namespace kp::virt {
namespace {

using kafka::FetchRequest;
using kafka::FetchResponse;
using kafka::Version;
using std::chrono::milliseconds;
using Time = TailCache::Time;

constexpr Time start{std::chrono::hours(1)};
constexpr Version usual = 11;
constexpr std::int16_t not_leader = 6;

Bytes batch_of(std::uint8_t fill, std::int32_t delta = 0, std::size_t payload = 40) {
  sample::BatchOf of;
  of.fill = fill;
  of.delta = delta;
  of.payload = payload;
  return sample::batch(of);
}

// ------ what is kept

TailPlace place(std::int64_t offset, std::int32_t partition = 0) {
  TailQuestion question;
  question.reader = "b1";
  question.partition = partition;
  return {question, offset};
}

/// One batch of ten records from `offset` on, in a frame of so many bytes.
std::shared_ptr<const TailRead> read_from(std::int64_t offset, std::size_t frame_bytes = 1000) {
  Bytes records = sample::batch(sample::stored(0, offset, 9));
  auto frame = std::make_shared<Bytes>(frame_bytes);
  std::ranges::copy(records, frame->begin());
  auto sieve = Sieve::over(MutableBytes(*frame).first(records.size()));
  EXPECT_TRUE(sieve);
  return std::make_shared<const TailRead>(TailRead{frame, {}, std::move(*sieve)});
}

TEST(TailCache, HasWhatWasReadFromTheOffsetThatWasAskedForToTheEndOfIt) {
  TailCache cache;
  cache.limit(1 << 20);
  const auto read = read_from(105);
  cache.keep({{place(100), read}}, start);

  EXPECT_EQ(cache.find(place(99), start), nullptr);
  EXPECT_EQ(cache.find(place(100), start), read) << "where compaction has left nothing";
  EXPECT_EQ(cache.find(place(114), start), read);
  EXPECT_EQ(cache.find(place(115), start), nullptr) << "what comes next only a broker knows";
  EXPECT_EQ(cache.find(place(105, 1), start), nullptr);
}

TEST(TailCache, KnowsEachReadOfARow) {
  TailCache cache;
  cache.limit(1 << 20);
  const std::vector<std::shared_ptr<const TailRead>> reads{read_from(0), read_from(10), read_from(20)};
  for (const auto& read : reads) cache.keep({{place(read->next_offset() - 10), read}}, start);

  for (std::int64_t offset = 0; offset < 30; ++offset)
    EXPECT_EQ(cache.find(place(offset), start), reads.at(static_cast<std::size_t>(offset / 10)));
}

TEST(TailCache, ForgetsFast) {
  TailCache cache;
  cache.limit(1 << 20);
  cache.keep({{place(0), read_from(0)}}, start);
  cache.keep({{place(10), read_from(10)}}, start + milliseconds(1));

  const Time late = start + TailCache::good_for;
  EXPECT_NE(cache.find(place(0), late), nullptr);
  EXPECT_EQ(cache.find(place(0), late + milliseconds(1)), nullptr);
  EXPECT_NE(cache.find(place(10), late + milliseconds(1)), nullptr);
  EXPECT_EQ(cache.find(place(10), late + milliseconds(2)), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(TailCache, HoldsNoMoreThanItMay) {
  constexpr std::size_t most = 100'000;
  TailCache cache;
  cache.limit(most);
  for (std::int64_t i = 0; i < 100; ++i) {
    cache.keep({{place(i * 10), read_from(i * 10, 9'000)}}, start);
    EXPECT_LE(cache.bytes(), most);
    EXPECT_NE(cache.find(place(i * 10), start), nullptr);
  }
  EXPECT_GT(cache.bytes(), most / 2);
  EXPECT_EQ(cache.find(place(0), start), nullptr) << "the oldest goes first";
  const std::size_t before = cache.bytes();

  cache.keep({{place(5000), read_from(5000, most)}}, start);
  EXPECT_EQ(cache.find(place(5000), start), nullptr);
  EXPECT_EQ(cache.bytes(), before) << "what is too large alone drives nothing out";

  cache.limit(0);
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(cache.find(place(990), start), nullptr);
}

TEST(TailCache, WhatWasReadAgainOutlivesTheFirst) {
  TailCache cache;
  cache.limit(1 << 20);
  cache.keep({{place(0), read_from(0)}}, start);
  const auto again = read_from(0);
  cache.keep({{place(0), again}}, start + milliseconds(100));

  EXPECT_EQ(cache.find(place(0), start + TailCache::good_for + milliseconds(50)), again);
}

// ------ reads under way

TEST(ReadsUnderWay, EndForThoseWhoWaitWithTheFirstOfThem) {
  ReadsUnderWay reads;
  const ReadsUnderWay::Terms terms{1, start + milliseconds(500)};
  auto first = std::make_unique<ReadsUnderWay::Read>(reads, std::vector{place(7)}, terms);
  auto second = std::make_unique<ReadsUnderWay::Read>(reads, std::vector{place(7, 1), place(7, 2)}, terms);
  int woken = 0;
  const auto both = reads.wait({place(7), place(7, 1)}, terms);
  const auto one = reads.wait({place(7, 2)}, terms);
  ASSERT_NE(both, nullptr);
  ASSERT_NE(one, nullptr);
  both->wake = [&woken] { ++woken; };

  first.reset();
  EXPECT_TRUE(both->over);
  EXPECT_FALSE(one->over);
  EXPECT_EQ(reads.wait({place(7)}, terms), nullptr);
  second.reset();
  EXPECT_TRUE(one->over);
  EXPECT_EQ(woken, 1);
}

TEST(ReadsUnderWay, AreWaitedForOnlyWhereTheyBringAllAndNoLater) {
  ReadsUnderWay reads;
  const ReadsUnderWay::Read read(reads, {place(7)}, {10, start});

  EXPECT_NE(reads.wait({place(7)}, {10, start}), nullptr);
  EXPECT_NE(reads.wait({place(7)}, {11, start + milliseconds(1)}), nullptr);
  EXPECT_EQ(reads.wait({place(7)}, {9, start}), nullptr) << "would have had less sooner";
  EXPECT_EQ(reads.wait({place(7)}, {10, start - milliseconds(1)}), nullptr);
  EXPECT_EQ(reads.wait({place(8)}, {10, start}), nullptr);
  EXPECT_EQ(reads.wait({place(7), place(7, 1)}, {10, start}), nullptr);
  EXPECT_EQ(reads.wait({}, {10, start}), nullptr);
}

// ------ Fetches of several consumers: "orders" has 20 on 2

class TailTest : public ::testing::Test {
 protected:
  TailTest() {
    broker.add_topic("orders", 2);
    broker.add_topic("plain", 2);
    tail.cache.limit(1 << 20);
    proxy.context.now = start;
    proxy.context.tail = &tail;
    proxy.context.reader = "b1";
    proxy.context.used = start;
  }

  void produce(std::int32_t partition, std::uint8_t fill, std::int32_t delta = 0, std::size_t payload = 40) {
    kafka::ProduceRequest request;
    request.acks = -1;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "orders";
    auto& added = topic.partition_data.emplace_back();
    added.index = partition;
    const Bytes records = batch_of(fill, delta, payload);
    added.records = kafka::Records{records};
    proxy.send(kafka::encode_request(request, 9, 5, "producer"));
    broker.asked.clear();
  }

  using Wanted = std::vector<std::pair<std::int32_t, std::int64_t>>;

  FetchRequest fetch_of(const Wanted& wanted, Version version = usual) const {
    FetchRequest request;
    request.max_wait_ms = 500;
    request.min_bytes = 1;
    auto& topic = request.topics.emplace_back();
    if (version >= 13)
      topic.topic_id = broker.ids.at("orders");
    else
      topic.topic = "orders";
    for (const auto& [index, offset] : wanted) {
      auto& each = topic.partitions.emplace_back();
      each.partition = index;
      each.fetch_offset = offset;
      each.partition_max_bytes = 1 << 20;
    }
    return request;
  }

  /// A session of a consumer's, step by step.
  struct Consumer {
    explicit Consumer(TailTest& of) : test(of), context(of.proxy.context) { context.turns = &turns; }

    Step::Kind ask(const FetchRequest& request, Version version = usual) {
      spoken = version;
      exchange = std::move(*translate(context, kafka::encode_request(request, version, 77, "me")));
      return go(exchange->begin());
    }
    Step::Kind wait_is_over(milliseconds later = milliseconds(0)) {
      context.now += later;
      return go(exchange->proceed({}));
    }
    Step::Kind broker_answers(const std::function<void(FetchResponse&)>& change = {}) {
      std::vector<Bytes> answers;
      for (const Ask& ask : step.asks) {
        answers.push_back(test.broker.answer(whole(ask)));
        if (!change || ask.key != FetchRequest::key) continue;
        const Bytes as_it_was = answers.back();
        auto said_so = said<FetchResponse>(as_it_was, ask.version);
        change(said_so);
        answers.back() = kafka::encode_response(said_so, ask.version, 77);
      }
      return go(exchange->proceed(std::move(answers)));
    }
    /// To the end of it; nobody else has a turn meanwhile.
    const FetchResponse::Topic& read(const FetchRequest& request, Version version = usual) {
      for (Step::Kind kind = ask(request, version); kind != Step::Kind::Answer;) {
        EXPECT_EQ(kind, Step::Kind::Ask);
        kind = broker_answers();
      }
      return answer();
    }
    const FetchResponse::Topic& answer() {
      EXPECT_EQ(step.kind, Step::Kind::Answer);
      frame = step.answer->whole();
      response = said<FetchResponse>(frame, spoken);
      return response.responses.at(0);
    }
    FetchRequest question() const { return asked_for<FetchRequest>(whole(step.asks.at(0))); }

    Step::Kind go(Result<Step> next) {
      if (!next) throw std::runtime_error(next.error().message);
      step = std::move(*next);
      return step.kind;
    }

    TailTest& test;
    Context context;
    Turns turns;
    Version spoken = usual;
    std::unique_ptr<Exchange> exchange;
    Step step;
    Bytes frame;
    FetchResponse response;
  };

  /// What a consumer gets that shares nothing.
  Bytes alone(const Wanted& wanted, Version version = usual) {
    Consumer one(*this);
    one.context.tail = nullptr;
    one.read(fetch_of(wanted, version), version);
    broker.asked.clear();
    return one.frame;
  }

  int fetches() const { return static_cast<int>(std::ranges::count(broker.asked, FetchRequest::key, &Ask::key)); }

  static std::vector<std::uint8_t> fills(const FetchResponse::Topic::Partition& partition) {
    Bytes records(partition.records->bytes.begin(), partition.records->bytes.end());
    std::vector<std::uint8_t> out;
    BatchWalk walk(records);
    for (auto batch = walk.next(); batch && *batch; batch = walk.next()) {
      EXPECT_TRUE(sample::crc_is_right((*batch)->bytes()));
      if (!(*batch)->control()) out.push_back((*batch)->bytes()[61]);
    }
    return out;
  }

  ModelBroker broker;
  ModelProxy proxy{broker};
  Tail tail;
};

class TailAt : public TailTest, public ::testing::WithParamInterface<Version> {};

TEST_P(TailAt, OneReadServesAllVirtualPartitionsOfAPhysicalOne) {
  for (int i = 0; i < 3; ++i) {
    for (const std::int32_t v : {0, 2, 4, 2}) produce(v, static_cast<std::uint8_t>(10 * v + i));
  }
  std::map<std::int32_t, Bytes> expected;
  for (std::int32_t v = 0; v < 8; v += 2) expected[v] = alone({{v, 3}}, GetParam());
  Consumer(*this).read(fetch_of({{1, 0}}, GetParam()), GetParam());  // so that ids are known
  broker.asked.clear();

  for (const std::int32_t v : {2, 0, 2, 6, 4, 0}) {
    Consumer consumer(*this);
    consumer.read(fetch_of({{v, 3}}, GetParam()), GetParam());
    EXPECT_EQ(consumer.frame, expected[v]) << v;
  }
  EXPECT_EQ(fetches(), 1);
  EXPECT_EQ(tail.hits, 5U);
  EXPECT_EQ(tail.misses, 2U);
}

INSTANTIATE_TEST_SUITE_P(Versions, TailAt, ::testing::Values(4, 7, 11, 12, 13, 16, 18));

TEST_F(TailTest, WhoWantsTheSameMeanwhileWaitsForTheAnswer) {
  produce(0, 1);
  Consumer first(*this);
  Consumer second(*this);
  Consumer third(*this);
  EXPECT_EQ(first.ask(fetch_of({{0, 1}})), Step::Kind::Ask);
  EXPECT_EQ(second.ask(fetch_of({{2, 1}})), Step::Kind::Wait);
  EXPECT_EQ(third.ask(fetch_of({{4, 1}})), Step::Kind::Wait);
  EXPECT_FALSE(second.step.wait->over);

  produce(2, 7);
  EXPECT_EQ(first.broker_answers(), Step::Kind::Answer);
  EXPECT_TRUE(second.step.wait->over);
  EXPECT_TRUE(third.step.wait->over);
  EXPECT_EQ(second.wait_is_over(), Step::Kind::Answer);
  EXPECT_EQ(third.wait_is_over(), Step::Kind::Answer);
  EXPECT_EQ(fetches(), 1);
  EXPECT_EQ(fills(second.answer().partitions.at(0)), (std::vector<std::uint8_t>{7}));
  EXPECT_EQ(fills(third.answer().partitions.at(0)), std::vector<std::uint8_t>{});
}

TEST_F(TailTest, ThatThereIsNothingNewABrokerSaysToEachWithinTheTimeThatIsLeft) {
  produce(0, 1);
  Consumer first(*this);
  Consumer second(*this);
  first.ask(fetch_of({{0, 1}}));
  EXPECT_EQ(second.ask(fetch_of({{2, 1}})), Step::Kind::Wait);
  first.broker_answers();
  EXPECT_TRUE(second.step.wait->over);

  EXPECT_EQ(second.wait_is_over(milliseconds(300)), Step::Kind::Ask);
  EXPECT_EQ(second.question().max_wait_ms, 200);
  EXPECT_EQ(second.broker_answers(), Step::Kind::Answer);
  EXPECT_EQ(second.answer().partitions.at(0).high_watermark, 1);
}

TEST_F(TailTest, WhoHasWaitedLongEnoughDoesNotWaitAtTheBroker) {
  Consumer first(*this);
  Consumer second(*this);
  first.ask(fetch_of({{0, 0}}));
  EXPECT_EQ(second.ask(fetch_of({{2, 0}})), Step::Kind::Wait);
  EXPECT_EQ(second.step.wait->until, start + milliseconds(500));

  EXPECT_EQ(second.wait_is_over(milliseconds(600)), Step::Kind::Ask);
  EXPECT_EQ(second.question().max_wait_ms, 0);
}

TEST_F(TailTest, WhoWaitsAsksWhenTheOtherIsGone) {
  Consumer first(*this);
  Consumer second(*this);
  first.ask(fetch_of({{0, 0}}));
  second.ask(fetch_of({{2, 0}}));
  first.exchange.reset();

  EXPECT_TRUE(second.step.wait->over);
  EXPECT_EQ(second.wait_is_over(), Step::Kind::Ask);
}

TEST_F(TailTest, AnErrorIsNobodyElses) {
  Consumer first(*this);
  Consumer second(*this);
  first.ask(fetch_of({{0, 0}}));
  EXPECT_EQ(second.ask(fetch_of({{2, 0}})), Step::Kind::Wait);
  first.broker_answers([](FetchResponse& response) { response.responses[0].partitions[0].error_code = not_leader; });

  EXPECT_EQ(first.answer().partitions.at(0).error_code, not_leader);
  EXPECT_EQ(second.wait_is_over(), Step::Kind::Ask);
}

TEST_F(TailTest, NobodyWaitsWhereSomethingElseIsWantedToo) {
  Consumer first(*this);
  first.ask(fetch_of({{0, 0}}));

  for (const Wanted& wanted : std::vector<Wanted>{{{2, 0}, {3, 0}}, {{2, 0}, {4, 5}}}) {
    Consumer other(*this);
    EXPECT_EQ(other.ask(fetch_of(wanted)), Step::Kind::Ask);
  }
  FetchRequest plain = fetch_of({{2, 0}});
  plain.topics.emplace_back().topic = "plain";
  plain.topics.back().partitions.emplace_back();
  EXPECT_EQ(Consumer(*this).ask(plain), Step::Kind::Ask);
  FetchRequest hurry = fetch_of({{2, 0}});
  hurry.max_wait_ms = 0;
  EXPECT_EQ(Consumer(*this).ask(hurry), Step::Kind::Ask);
}

TEST_F(TailTest, TheRestIsAskedForWithoutWaiting) {
  produce(0, 1);
  produce(2, 2);
  produce(1, 3);
  Consumer(*this).read(fetch_of({{0, 0}}));
  broker.asked.clear();

  Consumer other(*this);
  const Wanted wanted{{2, 0}, {3, 1}, {40, 0}};
  EXPECT_EQ(other.ask(fetch_of(wanted)), Step::Kind::Ask);
  const FetchRequest rest = other.question();
  ASSERT_EQ(rest.topics.at(0).partitions.size(), 1U);
  EXPECT_EQ(rest.topics[0].partitions[0].partition, 1);
  EXPECT_EQ(rest.max_wait_ms, 0);
  EXPECT_LT(rest.max_bytes, fetch_of(wanted).max_bytes);

  EXPECT_EQ(other.broker_answers(), Step::Kind::Answer);
  other.answer();
  EXPECT_EQ(other.frame, alone(wanted));
}

TEST_F(TailTest, NobodyGetsMoreThanHeHasRoomFor) {
  for (const std::int32_t v : {2, 2, 0}) produce(v, 1);
  Consumer(*this).read(fetch_of({{0, 0}}));
  const std::int32_t a_batch = 101;
  FetchRequest request = fetch_of({{0, 2}, {2, 0}});
  request.max_bytes = 2 * a_batch;

  Consumer small(*this);
  EXPECT_EQ(small.ask(request), Step::Kind::Ask) << "two batches more, from an earlier offset of the same read";
  ASSERT_EQ(small.question().topics.at(0).partitions.size(), 1U);
  EXPECT_EQ(small.question().topics[0].partitions[0].fetch_offset, 0);
  EXPECT_EQ(small.question().max_bytes, a_batch);
  request.max_bytes = 3 * a_batch;
  EXPECT_EQ(Consumer(*this).ask(request), Step::Kind::Answer);
}

TEST_F(TailTest, WhoAsksOtherwiseIsAnsweredByABroker) {
  produce(0, 1);
  produce(2, 2);
  using Change = std::function<void(FetchRequest&)>;
  const auto partition = [](FetchRequest& request) -> auto& { return request.topics[0].partitions[0]; };
  const std::map<std::string, Change> changes{
      {"isolation level", [](FetchRequest& request) { request.isolation_level = 1; }},
      {"rack", [](FetchRequest& request) { request.rack_id = "r2"; }},
      {"leader epoch", [&](FetchRequest& request) { partition(request).current_leader_epoch = 4; }},
      {"last fetched epoch", [&](FetchRequest& request) { partition(request).last_fetched_epoch = 4; }},
      {"a replica", [](FetchRequest& request) { request.replica_id = -2; }},
      {"more bytes", [](FetchRequest& request) { request.min_bytes = 1000; }},
      {"fewer bytes", [](FetchRequest& request) { request.max_bytes = 100; }},
      {"fewer of a partition", [&](FetchRequest& request) { partition(request).partition_max_bytes = 100; }},
      {"from another offset", [&](FetchRequest& request) { partition(request).fetch_offset = 2; }},
  };
  for (const auto& [what, change] : changes) {
    Consumer(*this).read(fetch_of({{0, 0}}, 12), 12);
    FetchRequest request = fetch_of({{2, 0}}, 12);
    change(request);
    EXPECT_EQ(Consumer(*this).ask(request, 12), Step::Kind::Ask) << what;
  }
  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 0}}), usual), Step::Kind::Ask) << "another version";
  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 0}}, 12), 12), Step::Kind::Answer);
}

TEST_F(TailTest, OthersReadersHaveNothingOfIt) {
  produce(0, 1);
  produce(2, 2);
  Consumer(*this).read(fetch_of({{0, 0}}));
  Consumer parked(*this);
  parked.ask(fetch_of({{0, 2}}));
  for (const char* const reader : {"b2", ""}) {
    Consumer other(*this);
    other.context.reader = reader;
    EXPECT_EQ(other.ask(fetch_of({{2, 0}})), Step::Kind::Ask) << reader;
    Consumer at_the_end(*this);
    at_the_end.context.reader = reader;
    EXPECT_EQ(at_the_end.ask(fetch_of({{2, 2}})), Step::Kind::Ask) << reader;
  }
  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 0}})), Step::Kind::Answer);
  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 2}})), Step::Kind::Wait);
}

TEST_F(TailTest, WhoseConnectionHasRestedForLongAsksItself) {
  produce(0, 1);
  produce(2, 2);
  Consumer(*this).read(fetch_of({{0, 0}}));
  Consumer parked(*this);
  parked.ask(fetch_of({{0, 2}}));
  for (const std::int64_t offset : {0, 2}) {
    Consumer rested(*this);
    rested.context.used -= std::chrono::minutes(1);
    EXPECT_EQ(rested.ask(fetch_of({{2, offset}})), Step::Kind::Ask);
  }
  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 0}})), Step::Kind::Answer);
  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 2}})), Step::Kind::Wait);
}

TEST_F(TailTest, ARackOfAnySizeIsNoKey) {
  produce(0, 1);
  produce(2, 2);
  for (const std::size_t size : {std::size_t{255}, std::size_t{256}}) {
    FetchRequest request = fetch_of({{0, 0}});
    request.rack_id = std::string(size, 'r');
    Consumer(*this).read(request);
    request.topics[0].partitions[0].partition = 2;
    EXPECT_EQ(Consumer(*this).ask(request), size > 255 ? Step::Kind::Ask : Step::Kind::Answer) << size;
  }
}

TEST_F(TailTest, WhoIsBeingAnsweredHoldsNothingThatIsShared) {
  produce(2, 7, 0, 100'000);
  Consumer first(*this);
  first.read(fetch_of({{0, 0}}));
  Consumer second(*this);
  ASSERT_EQ(second.ask(fetch_of({{2, 0}})), Step::Kind::Answer);
  ASSERT_FALSE(second.step.answer->loans.empty());
  TailQuestion question;
  question.reader = "b1";
  question.version = usual;
  question.topic = {"orders", 0, 0};
  const std::weak_ptr<const TailRead> read = tail.cache.find({question, 0}, start);
  ASSERT_FALSE(read.expired());

  first.exchange.reset();
  tail.cache.limit(0);
  EXPECT_TRUE(read.expired());
  EXPECT_EQ(fills(second.answer().partitions.at(0)), (std::vector<std::uint8_t>{7}));
}

TEST_F(TailTest, WhatIsNotOrdinaryIsNotKept) {
  produce(0, 1);
  produce(2, 2);
  using Partition = FetchResponse::Topic::Partition;
  const std::map<std::string, std::function<void(Partition&)>> changes{
      {"an error beside records", [](Partition& answered) { answered.error_code = not_leader; }},
      {"another replica", [](Partition& answered) { answered.preferred_read_replica = 2; }},
      {"aborted transactions",
       [](Partition& answered) { answered.aborted_transactions.emplace().emplace_back().producer_id = 7; }},
      {"far from the end", [](Partition& answered) { answered.high_watermark = 1'000'000; }},
  };
  for (const auto& [what, change] : changes) {
    Consumer first(*this);
    EXPECT_EQ(first.ask(fetch_of({{0, 0}})), Step::Kind::Ask) << what;
    first.broker_answers([&](FetchResponse& response) { change(response.responses[0].partitions[0]); });
    EXPECT_EQ(tail.cache.bytes(), 0U) << what;
  }
}

TEST_F(TailTest, ItIsForgottenBeforeItCanBeWrong) {
  produce(0, 1);
  produce(2, 2);
  Consumer(*this).read(fetch_of({{0, 0}}));
  proxy.context.now += TailCache::good_for + milliseconds(1);

  EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, 0}})), Step::Kind::Ask);
}

TEST_F(TailTest, WithoutMemoryEverybodyReadsForHimself) {
  produce(0, 1);
  produce(2, 2);
  Consumer(*this).read(fetch_of({{0, 0}}));
  Consumer parked(*this);
  parked.ask(fetch_of({{0, 2}}));
  const std::size_t before = tail.cache.bytes();
  tail.crowded = true;
  for (const std::int64_t offset : {0, 2}) EXPECT_EQ(Consumer(*this).ask(fetch_of({{2, offset}})), Step::Kind::Ask);
  Consumer other(*this);
  other.read(fetch_of({{0, 1}}));
  EXPECT_EQ(tail.cache.bytes(), before);
}

TEST_F(TailTest, NothingIsKeptWhereItIsOff) {
  produce(0, 1);
  proxy.context.tail = nullptr;
  for (const std::int32_t v : {0, 2}) EXPECT_EQ(Consumer(*this).ask(fetch_of({{v, 0}})), Step::Kind::Ask);
}

TEST_F(TailTest, EachHasItsOwnRecordsInOrderWhoeverReadsThem) {
  std::mt19937 random(7);
  std::map<std::int32_t, std::vector<std::uint8_t>> written;
  std::map<int, std::vector<std::uint8_t>> got;
  std::map<int, std::int64_t> stands;
  constexpr int consumers = 15;  // of 0, 2, 4, 6 and 8, three of each
  const auto partition_of = [](int consumer) { return 2 * (consumer % 5); };
  broker.fetch_batches = 4;
  for (int round = 0; round < 2000; ++round) {
    proxy.context.now += milliseconds(random() % 20);
    if (round < 1500 && random() % 5 == 0) {
      const auto v = static_cast<std::int32_t>(random() % 5) * 2;
      written[v].push_back(static_cast<std::uint8_t>(random()));
      produce(v, written[v].back(), static_cast<std::int32_t>(random() % 3));
    }
    const int who = round < 1500 ? static_cast<int>(random() % consumers) : round % consumers;
    Consumer consumer(*this);
    const auto& partition = consumer.read(fetch_of({{partition_of(who), stands[who]}})).partitions.at(0);
    ASSERT_EQ(partition.error_code, 0);
    for (const std::uint8_t fill : fills(partition)) got[who].push_back(fill);
    Bytes records(partition.records->bytes.begin(), partition.records->bytes.end());
    BatchWalk walk(records);
    for (auto batch = walk.next(); batch && *batch; batch = walk.next()) stands[who] = (*batch)->last_offset() + 1;
  }
  for (int who = 0; who < consumers; ++who) EXPECT_EQ(got[who], written[partition_of(who)]) << who;
  EXPECT_GT(tail.hits, 100U);
}

}  // namespace
}  // namespace kp::virt
