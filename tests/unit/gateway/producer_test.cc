#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "gateway/producers.h"
#include "unit/gateway/mock_kafka.h"

namespace kp::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

/// What became of marked records.
class Ledger {
 public:
  Settled settled() {
    return [this](std::uint64_t mark, const Outcome& outcome, const Record& record) {
      const std::lock_guard lock(mutex_);
      errors_.emplace(mark, outcome.error);
      untried_ += outcome.untried ? 1 : 0;
      values_[mark] = record.value.value_or("");
      timestamps_[mark] = record.timestamp;
    };
  }
  std::multimap<std::uint64_t, std::string> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }
  int untried() const {
    const std::lock_guard lock(mutex_);
    return untried_;
  }
  std::map<std::uint64_t, std::string> values() const {
    const std::lock_guard lock(mutex_);
    return values_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    errors_.clear();
    values_.clear();
    timestamps_.clear();
  }
  std::int64_t timestamp(std::uint64_t mark) {
    const std::lock_guard lock(mutex_);
    return timestamps_[mark];
  }

 private:
  mutable std::mutex mutex_;
  std::multimap<std::uint64_t, std::string> errors_;
  std::map<std::uint64_t, std::string> values_;
  std::map<std::uint64_t, std::int64_t> timestamps_;
  int untried_ = 0;
};

/// It holds records back until hurry_up(): they are one batch.
std::shared_ptr<Producer> producer_at(const std::string& servers, Ledger& ledger) {
  Producer::Options options;
  options.properties = {{"bootstrap.servers", servers}, {"queue.buffering.max.ms", "100000"}};
  options.settled = ledger.settled();
  auto made = Producer::make(std::move(options));
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

void send(Producer& producer, std::uint64_t mark, std::string_view value) {
  Record record;
  record.topic = "t";
  record.value = value;
  record.partition = 0;
  record.timestamp = 1000 + static_cast<std::int64_t>(mark);
  record.headers = {{"h", "v"}};
  const Status sent = producer.send_marked(record, mark);
  EXPECT_TRUE(sent) << sent.error().message;
}

/// One that knows the topic already: before, records would not wait for each other.
std::shared_ptr<Producer> producer_that_knows_topic(const MockKafka& kafka, Ledger& ledger) {
  auto made = producer_at(kafka.servers(), ledger);
  send(*made, 0, "first");
  made->finish(1min);
  EXPECT_THAT(ledger.errors(), ElementsAre(Pair(0U, "")));
  ledger.clear();
  return made;
}

TEST(Producer, WhatIsGivenUpComesBackUntried) {
  Ledger ledger;
  const auto producer = producer_at("127.0.0.1:1", ledger);
  for (std::uint64_t mark = 0; mark < 3; ++mark) send(*producer, mark, "x");
  EXPECT_EQ(producer->records(), 3U);

  producer->finish(0ms);

  EXPECT_TRUE(becomes([&] { return producer->records() == 0; }));
  EXPECT_THAT(ledger.errors(), SizeIs(3));
  EXPECT_EQ(ledger.untried(), 3);
}

TEST(Producer, ARefusedBatchIsSentAgainRecordByRecord) {
  MockKafka kafka;
  kafka.topic("t");
  Ledger ledger;
  const auto producer = producer_that_knows_topic(kafka, ledger);
  kafka.refuse_next_produce(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  for (std::uint64_t mark = 0; mark < 3; ++mark) send(*producer, mark, "value " + std::to_string(mark));

  producer->hurry_up();
  EXPECT_TRUE(becomes([&] { return producer->records() == 0; }));

  EXPECT_THAT(ledger.errors(), ElementsAre(Pair(0U, ""), Pair(1U, ""), Pair(2U, "")));
  EXPECT_THAT(ledger.values(), ElementsAre(Pair(0U, "value 0"), Pair(1U, "value 1"), Pair(2U, "value 2")));
  EXPECT_EQ(producer->bytes(), 0U);
  EXPECT_TRUE(becomes([&] { return producer->counters().delivered == 4; }));
  EXPECT_TRUE(producer->counters().errors.empty());
}

TEST(Producer, ARecordThatIsRefusedAloneIsRefused) {
  MockKafka kafka;
  kafka.topic("t");
  Ledger ledger;
  const auto producer = producer_that_knows_topic(kafka, ledger);
  kafka.refuse_next_produce(RD_KAFKA_RESP_ERR_INVALID_RECORD);
  kafka.refuse_next_produce(RD_KAFKA_RESP_ERR_INVALID_RECORD);
  for (std::uint64_t mark = 0; mark < 3; ++mark) send(*producer, mark, "x");

  producer->hurry_up();
  EXPECT_TRUE(becomes([&] { return producer->records() == 0; }));

  const auto errors = ledger.errors();
  ASSERT_THAT(errors, SizeIs(3));
  EXPECT_EQ(std::ranges::count_if(errors, [](const auto& each) { return !each.second.empty(); }), 1);
  EXPECT_EQ(ledger.untried(), 0);
  for (const auto& [mark, error] : errors)
    EXPECT_EQ(ledger.timestamp(mark), 1000 + static_cast<std::int64_t>(mark)) << mark;
  EXPECT_EQ(producer->bytes(), 0U);
}

TEST(Producer, WhatIsRefusedForItsTopicIsNotSentAgain) {
  MockKafka kafka;
  kafka.topic("t");
  Ledger ledger;
  const auto producer = producer_that_knows_topic(kafka, ledger);
  kafka.refuse_next_produce(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  for (std::uint64_t mark = 0; mark < 2; ++mark) send(*producer, mark, "x");

  producer->hurry_up();
  EXPECT_TRUE(becomes([&] { return producer->records() == 0; }));

  EXPECT_THAT(ledger.errors(), SizeIs(2));
  for (const auto& [mark, error] : ledger.errors()) EXPECT_NE(error, "") << mark;
}

TEST(Producer, WhatIsLostThatNobodyWaitedForIsLogged) {
  MockKafka kafka;
  kafka.topic("t");
  Ledger ledger;
  const auto producer = producer_that_knows_topic(kafka, ledger);
  kafka.refuse_next_produce(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  Record record;
  record.topic = "t";
  record.value = "x";
  Record nowhere = record;
  nowhere.partition = 7;
  testing::internal::CaptureStderr();

  EXPECT_TRUE(producer->send(std::array{record, nowhere}, nullptr));
  producer->hurry_up();
  const bool told = becomes([&] { return producer->counters().errors.size() == 2; });

  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(told);
  const std::string line = "records are lost that nobody waited for topic=t reason=";
  EXPECT_THAT(log, HasSubstr(line + "\"Local: Unknown partition\" records=1"));
  EXPECT_THAT(log, HasSubstr(line + "\"Broker: Topic authorization failed\" records=1"));
}

TEST(Producers, AFailedOneIsReplacedAndEndsWhereThatMayWait) {
  MockKafka kafka;
  kafka.refuse_next_init_producer_id(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  auto made = Producers::make(config_at(kafka.servers()), Producers::Kind::Logged, {}, [](auto, auto&, auto&) {});
  ASSERT_TRUE(made) << made.error().message;
  auto of_a_request = *(*made)->of({});
  ASSERT_TRUE(becomes([&] { return of_a_request->failed(); }));
  const std::weak_ptr<Producer> failed = of_a_request;

  const auto other = *(*made)->of({});
  EXPECT_NE(other, of_a_request);
  (*made)->end_failed();
  EXPECT_FALSE(failed.expired()) << "a request has it";
  of_a_request.reset();
  EXPECT_FALSE(failed.expired()) << "it would end on the request's loop";
  (*made)->end_failed();

  EXPECT_TRUE(failed.expired());
  EXPECT_THAT((*made)->all(), ElementsAre(other));
}

}  // namespace
}  // namespace kp::gateway
