#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "kafka/errors.h"
#include "unit/virtual/batches.h"
#include "unit/virtual/model_broker.h"
#include "virtual/batch.h"

/// Produce, Fetch, Metadata and ListOffsets at every version, before a model of a broker.
namespace kp::virt {
namespace {

using kafka::FetchRequest;
using kafka::FetchResponse;
using kafka::MetadataRequest;
using kafka::MetadataResponse;
using kafka::ProduceRequest;
using kafka::ProduceResponse;
using kafka::Version;

class Records : public ::testing::TestWithParam<Version> {
 protected:
  Records() {
    broker.add_topic("orders", 2);
    broker.add_topic("plain", 2);
    broker.add_topic("silent", 2);
  }

  template <class Topic>
  void name(Topic& topic, const std::string& called, bool by_id) {
    if (by_id)
      topic.topic_id = broker.ids.at(called);
    else if constexpr (requires { topic.topic; })
      topic.topic = called;
    else
      topic.name = called;
  }

  ProduceResponse produce(const std::string& topic, const std::vector<std::pair<std::int32_t, Bytes>>& partitions,
                          Version version, std::int16_t acks = -1) {
    ProduceRequest request;
    request.acks = acks;
    auto& added = request.topic_data.emplace_back();
    name(added, topic, version >= 13);
    for (const auto& [index, records] : partitions) {
      auto& each = added.partition_data.emplace_back();
      each.index = index;
      each.records = kafka::Records{records};
    }
    const Bytes& answer = proxy.send(kafka::encode_request(request, version, 5, "me"));
    return acks == 0 ? ProduceResponse{} : said<ProduceResponse>(answer, version);
  }

  FetchResponse fetch(const std::string& topic, const std::vector<std::pair<std::int32_t, std::int64_t>>& wanted,
                      Version version) {
    FetchRequest request;
    request.max_wait_ms = 500;
    auto& added = request.topics.emplace_back();
    name(added, topic, version >= 13);
    for (const auto& [index, offset] : wanted) {
      auto& each = added.partitions.emplace_back();
      each.partition = index;
      each.fetch_offset = offset;
      each.partition_max_bytes = 1 << 20;
    }
    return proxy.ask<FetchResponse>(request, version);
  }

  static std::vector<Batch> batches(const FetchResponse::Topic::Partition& partition) {
    static std::vector<Bytes> kept;
    kept.reserve(100'000);
    Bytes& copy = kept.emplace_back(partition.records->bytes.begin(), partition.records->bytes.end());
    std::vector<Batch> out;
    BatchWalk walk(copy);
    for (auto batch = walk.next(); batch && *batch; batch = walk.next()) {
      EXPECT_TRUE(sample::crc_is_right((*batch)->bytes()));
      out.push_back(**batch);
    }
    return out;
  }

  ModelBroker broker;
  ModelProxy proxy{broker};
};

Bytes one_batch(std::uint8_t fill, std::int64_t producer = -1, std::int32_t delta = 0) {
  sample::BatchOf of;
  of.delta = delta;
  of.fill = fill;
  if (producer >= 0) {
    of.producer_id = producer;
    of.epoch = 0;
    of.sequence = 0;
  }
  return sample::batch(of);
}

class ProduceAt : public Records {};

TEST_P(ProduceAt, SplitsWhatSharesAPhysicalPartitionAndAnswersInTheClientsOrder) {
  // When: 1, 3, 5 stand in physical 1; 0 in physical 0; 20 isn't there
  const auto answer = produce(
      "orders", {{3, one_batch(3)}, {1, one_batch(1, 7)}, {0, one_batch(0)}, {5, one_batch(5)}, {20, one_batch(9)}},
      GetParam());

  // Then
  const auto& partitions = answer.responses.at(0).partition_responses;
  ASSERT_EQ(partitions.size(), 5U);
  std::vector<std::int32_t> indexes;
  for (const auto& each : partitions) indexes.push_back(each.index);
  EXPECT_EQ(indexes, (std::vector<std::int32_t>{3, 1, 0, 5, 20}));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(partitions[i].error_code, 0);
  EXPECT_EQ(partitions[4].error_code, kafka::error::unknown_topic_or_partition);
  EXPECT_EQ(broker.topics["orders"][1].batches.size(), 3U);
  EXPECT_EQ(broker.topics["orders"][0].batches.size(), 1U);
}

TEST_P(ProduceAt, KeepsAVirtualPartitionOnItsLane) {
  std::map<std::int32_t, int> lanes;
  for (const auto& together :
       std::vector<std::vector<std::int32_t>>{{1, 3, 5}, {3}, {5, 1}, {0, 2, 4, 6, 8, 10}, {10}, {1}}) {
    std::vector<std::pair<std::int32_t, Bytes>> partitions;
    for (const std::int32_t v : together) partitions.emplace_back(v, one_batch(static_cast<std::uint8_t>(v)));
    broker.asked.clear();
    produce("orders", partitions, GetParam());
    for (const Ask& ask : broker.asked) {
      if (ask.key != 0) continue;
      const auto request = asked_for<ProduceRequest>(ask);
      for (const auto& each : request.topic_data[0].partition_data) {
        Bytes records(each.records->bytes.begin(), each.records->bytes.end());
        const std::int32_t v = (*BatchWalk(records).next())->group() * 2 + each.index;
        const auto [known, added] = lanes.emplace(v, ask.lane);
        EXPECT_EQ(known->second, ask.lane) << v;
      }
    }
  }
  EXPECT_GE(lanes.size(), 9U);
}

TEST_P(ProduceAt, PassesWhatIsNotVirtualAsItIs) {
  produce("plain", {{1, one_batch(1)}}, GetParam());

  EXPECT_TRUE(proxy.passed);
}

TEST_P(ProduceAt, RefusesTransactionsWithAReason) {
  ProduceRequest request;
  request.acks = -1;
  request.transactional_id = "t";
  auto& topic = request.topic_data.emplace_back();
  name(topic, "orders", GetParam() >= 13);
  const Bytes records = one_batch(1, 5);
  auto& partition = topic.partition_data.emplace_back();
  partition.index = 4;
  partition.records = kafka::Records{records};

  const auto answer = proxy.ask<ProduceResponse>(request, GetParam());

  const auto& said = answer.responses.at(0).partition_responses.at(0);
  EXPECT_EQ(said.error_code, kafka::error::policy_violation);
  EXPECT_EQ(said.error_message.has_value(), GetParam() >= 8);
  EXPECT_TRUE(broker.topics["orders"][0].batches.empty());
}

TEST_P(ProduceAt, AnswersNothingWhereNoAnswerIsWanted) {
  produce("orders", {{3, one_batch(3)}, {1, one_batch(1)}}, GetParam(), 0);

  EXPECT_EQ(broker.topics["orders"][1].batches.size(), 2U);
}

TEST_P(ProduceAt, RefusesWhatIsNoRecordSet) {
  const auto answer =
      produce("orders", {{3, Bytes(70, 2)}, {1, sample::batch({.magic = 1})}, {5, one_batch(1)}}, GetParam());

  const auto& partitions = answer.responses.at(0).partition_responses;
  EXPECT_EQ(partitions.at(0).error_code, kafka::error::corrupt_message);
  EXPECT_EQ(partitions.at(1).error_code, kafka::error::unsupported_for_message_format);
  EXPECT_EQ(partitions.at(2).error_code, 0);
}

TEST_P(ProduceAt, RefusesAPartitionThatIsNamedAgain) {
  const auto answer =
      produce("orders", {{3, one_batch(3)}, {1, one_batch(1)}, {3, one_batch(4)}, {3, one_batch(5)}}, GetParam());

  std::vector<std::int16_t> codes;
  for (const auto& each : answer.responses.at(0).partition_responses) codes.push_back(each.error_code);
  EXPECT_EQ(codes, (std::vector<std::int16_t>{0, 0, kafka::error::invalid_request, kafka::error::invalid_request}));
  EXPECT_EQ(broker.topics["orders"][1].batches.size(), 2U);
}

TEST_P(ProduceAt, RefusesANameThatNoTopicHas) {
  if (GetParam() >= 13) return;  // topics by id
  const Bytes records = one_batch(1);
  ProduceRequest request;
  request.acks = -1;
  for (const std::string& called : {std::string("orders"), std::string(250, 'n')}) {
    auto& topic = request.topic_data.emplace_back();
    topic.name = called;
    topic.partition_data.emplace_back().records = kafka::Records{records};
  }

  const auto answer =
      said<ProduceResponse>(proxy.send(kafka::encode_request(request, GetParam(), 5, "me")), GetParam());

  EXPECT_EQ(answer.responses.at(0).partition_responses.at(0).error_code, 0);
  EXPECT_EQ(answer.responses.at(1).partition_responses.at(0).error_code, kafka::error::invalid_topic);
}

TEST_P(ProduceAt, LeavesARepeatToTheBrokerWhereNothingIsVirtual) {
  produce("plain", {{1, one_batch(1)}, {1, one_batch(2)}}, GetParam());

  EXPECT_TRUE(proxy.passed);
}

TEST_P(ProduceAt, EndsTheConnectionOfWhoWantsNoAnswerToWhatIsRefusedInPart) {
  EXPECT_THROW(produce("orders", {{3, one_batch(3)}, {20, one_batch(1)}}, GetParam(), 0), std::runtime_error);

  EXPECT_EQ(broker.topics["orders"][1].batches.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, ProduceAt, ::testing::Range(Version{3}, Version{14}));

Bytes large_batch(std::uint8_t fill) {
  sample::BatchOf of;
  of.fill = fill;
  of.payload = kafka::Gathered::least_loan + fill;
  return sample::batch(of);
}

TEST_P(ProduceAt, CopiesNoLargeRecords) {
  const auto answer = produce("orders", {{3, large_batch(3)}, {1, one_batch(1)}, {0, large_batch(5)}}, GetParam());

  for (const auto& each : answer.responses.at(0).partition_responses) EXPECT_EQ(each.error_code, 0);
  EXPECT_EQ(proxy.lent, 2U);
  const auto& stored = broker.topics["orders"][1].batches;
  ASSERT_EQ(stored.size(), 2U);
  const auto with_three = std::ranges::max_element(stored, {}, [](const auto& each) { return each.second.size(); });
  EXPECT_TRUE(std::ranges::equal(BytesView(with_three->second).subspan(61), BytesView(large_batch(3)).subspan(61)));
  EXPECT_EQ(broker.topics["orders"][0].batches.at(0).second.size(), large_batch(5).size());
}

class FetchAt : public Records {};

TEST_P(FetchAt, CopiesNoLargeRecords) {
  produce("orders", {{3, large_batch(3)}, {0, large_batch(5)}, {2, one_batch(7)}}, 9);

  const auto answer = fetch("orders", {{3, 0}, {2, 0}, {0, 0}}, GetParam());

  EXPECT_EQ(proxy.lent, 2U);
  const auto& partitions = answer.responses.at(0).partitions;
  ASSERT_EQ(partitions.size(), 3U);
  const auto payload = [&](std::size_t at) {
    const auto found = batches(partitions[at]);
    const auto own = std::ranges::find_if(found, [](const Batch& each) { return !each.control(); });
    return own == found.end() ? BytesView() : BytesView(own->bytes()).subspan(61);
  };
  EXPECT_TRUE(std::ranges::equal(payload(0), BytesView(large_batch(3)).subspan(61)));
  EXPECT_TRUE(std::ranges::equal(payload(1), BytesView(one_batch(7)).subspan(61)));
  EXPECT_TRUE(std::ranges::equal(payload(2), BytesView(large_batch(5)).subspan(61)));
}

TEST_P(FetchAt, GivesEachVirtualPartitionItsOwnRecordsOnceInOrder) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam()));
  // Given: batches all over the place
  std::map<std::int32_t, std::vector<std::uint8_t>> written;
  for (int i = 0; i < 120; ++i) {
    const auto v = static_cast<std::int32_t>(random() % 20);
    const auto fill = static_cast<std::uint8_t>(random());
    produce("orders", {{v, one_batch(fill, random() % 2 == 0 ? 7 : -1, static_cast<std::int32_t>(random() % 4))}}, 9);
    written[v].push_back(fill);
  }
  broker.fetch_batches = 7;

  // When: a consumer of all of them reads to the end
  std::map<std::int32_t, std::vector<std::uint8_t>> read;
  std::map<std::int32_t, std::int64_t> positions;
  for (std::int32_t v = 0; v < 20; ++v) positions[v] = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::pair<std::int32_t, std::int64_t>> wanted(positions.begin(), positions.end());
    std::ranges::shuffle(wanted, random);
    const auto answer = fetch("orders", wanted, GetParam());
    EXPECT_EQ(answer.session_id, 0);
    ASSERT_EQ(answer.responses.at(0).partitions.size(), 20U);
    for (const auto& partition : answer.responses.at(0).partitions) {
      ASSERT_EQ(partition.error_code, 0);
      for (const Batch& batch : batches(partition)) {
        if (batch.last_offset() < positions[partition.partition_index]) continue;
        EXPECT_TRUE(batch.producer_id() == -1 || batch.producer_id() == 7);
        if (!batch.control()) read[partition.partition_index].push_back(batch.bytes()[61]);
        positions[partition.partition_index] = batch.last_offset() + 1;
      }
    }
  }

  // Then
  EXPECT_EQ(read, written);
  for (std::int32_t v = 0; v < 20; ++v)
    EXPECT_EQ(positions[v], broker.topics["orders"][static_cast<std::size_t>(v % 2)].end) << v;
}

TEST_P(FetchAt, RefusesANameThatNoTopicHas) {
  if (GetParam() >= 13) return;  // topics by id
  FetchRequest request;
  for (const std::string& called : {std::string("orders"), std::string(250, 'n')}) {
    auto& topic = request.topics.emplace_back();
    topic.topic = called;
    topic.partitions.emplace_back();
  }

  EXPECT_THROW(proxy.ask<FetchResponse>(request, GetParam()), std::runtime_error);
  EXPECT_TRUE(broker.asked.empty());
}

TEST_P(FetchAt, ReadsWhoIsFarBehindApartAndWaitsForNobody) {
  for (int i = 0; i < 3; ++i) produce("orders", {{2, one_batch(1, -1, 20'000)}}, 9);

  fetch("orders", {{0, 0}, {2, 60'000}, {4, 60'003}}, GetParam());

  std::vector<FetchRequest> asked;
  for (const Ask& ask : broker.asked) {
    if (ask.key == 1) asked.push_back(asked_for<FetchRequest>(ask));
  }
  ASSERT_EQ(asked.size(), 2U);
  for (const auto& each : asked) {
    EXPECT_EQ(each.max_wait_ms, 0);
    EXPECT_EQ(each.session_epoch, -1);
  }
}

TEST_P(FetchAt, SharesTheClientsBytesOutAmongTheReads) {
  for (int i = 0; i < 3; ++i) produce("orders", {{2, one_batch(1, -1, 20'000)}}, 9);
  for (const auto& [allowed, each] : std::vector<std::pair<std::int32_t, std::int32_t>>{{1001, 500}, {1, 1}}) {
    FetchRequest request;
    request.max_bytes = allowed;
    auto& topic = request.topics.emplace_back();
    name(topic, "orders", GetParam() >= 13);
    for (const std::int32_t v : {0, 2}) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition = v;
      partition.fetch_offset = 30'000 * v;
    }
    broker.asked.clear();

    proxy.ask<FetchResponse>(request, GetParam());

    std::vector<std::int32_t> bytes;
    for (const Ask& ask : broker.asked) {
      if (ask.key == 1) bytes.push_back(asked_for<FetchRequest>(ask).max_bytes);
    }
    EXPECT_EQ(bytes, (std::vector<std::int32_t>{each, each}));
  }
}

TEST_P(FetchAt, ReadsForSomeAtATimeWhereManyStandFarApart) {
  // Given: 64 on 1, each far behind the next, with one record of its own where it stands
  broker.add_topic("wide", 1);
  broker.fetch_batches = 1;
  std::vector<std::pair<std::int32_t, std::int64_t>> wanted;
  for (std::int32_t v = 0; v < 64; ++v) {
    wanted.emplace_back(v, v * 20'001);
    produce("wide", {{v, one_batch(static_cast<std::uint8_t>(v), -1, 20'000)}}, 9);
  }

  // When: they ask again and again, and never move on
  std::map<std::int32_t, int> served;
  for (int round = 1; round <= 24; ++round) {
    broker.asked.clear();
    const auto answer = fetch("wide", wanted, GetParam());
    EXPECT_EQ(std::ranges::count(broker.asked, 1, &Ask::key), 8);
    ASSERT_EQ(answer.responses.at(0).partitions.size(), 64U);
    for (const auto& partition : answer.responses[0].partitions) {
      EXPECT_EQ(partition.error_code, 0);
      EXPECT_EQ(partition.high_watermark, 64 * 20'001);
      const auto found = batches(partition);
      if (found.empty()) continue;
      EXPECT_EQ(found.at(0).bytes()[61], static_cast<std::uint8_t>(partition.partition_index));
      ++served[partition.partition_index];
    }
    // Then: who wasn't served before is now
    if (round % 8 != 0) continue;
    EXPECT_EQ(served.size(), 64U);
    for (const auto& [v, times] : served) EXPECT_EQ(times, round / 8) << v;
  }
}

TEST_P(FetchAt, LeavesNobodyOutForEverWhereTheyMove) {
  broker.add_topic("wide", 1);
  for (int i = 0; i < 64; ++i) produce("wide", {{0, one_batch(0, -1, 20'000)}}, 9);
  std::mt19937 random(static_cast<std::uint32_t>(GetParam()));
  std::map<std::int32_t, int> waited;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::pair<std::int32_t, std::int64_t>> wanted;
    for (std::int32_t v = 0; v < 64; ++v) wanted.emplace_back(v, static_cast<std::int64_t>(random() % 64) * 20'001);
    const auto answer = fetch("wide", wanted, GetParam());
    for (const auto& partition : answer.responses.at(0).partitions) {
      int& since = waited[partition.partition_index];
      since = partition.records->bytes.empty() ? since + 1 : 0;
      EXPECT_LE(since, 64 / 8) << partition.partition_index;
    }
  }
}

TEST_P(FetchAt, TellsWhoIsLeftOutNothingOfWhereOthersStand) {
  broker.add_topic("wide", 1);
  std::vector<std::pair<std::int32_t, std::int64_t>> wanted;
  for (std::int32_t v = 0; v < 12; ++v) wanted.emplace_back(v, 20'000 * (v + 1));

  const auto answer = fetch("wide", wanted, GetParam());

  for (const auto& partition : answer.responses.at(0).partitions)
    EXPECT_EQ(partition.error_code, partition.partition_index < 8 ? kafka::error::offset_out_of_range : 0);
}

TEST_P(FetchAt, TellsWhoIsLeftOutWhatKeepsAllOfThemAway) {
  broker.add_topic("wide", 1);
  broker.topics["wide"].clear();

  const auto answer = fetch("wide",
                            {{0, 0},
                             {1, 20'000},
                             {2, 40'000},
                             {3, 60'000},
                             {4, 80'000},
                             {5, 100'000},
                             {6, 120'000},
                             {7, 140'000},
                             {8, 160'000}},
                            GetParam());

  for (const auto& partition : answer.responses.at(0).partitions)
    EXPECT_EQ(partition.error_code, kafka::error::unknown_topic_or_partition);
}

TEST_P(FetchAt, LetsOneReadWaitAsLongAsTheClientDoes) {
  fetch("orders", {{0, 0}, {2, 0}}, GetParam());

  EXPECT_EQ(asked_for<FetchRequest>(broker.asked.back()).max_wait_ms, 500);
}

TEST_P(FetchAt, ResumesAtTheLogStartWhatRetentionHasTaken) {
  produce("orders", {{2, one_batch(1)}, {4, one_batch(2)}}, 9);
  produce("orders", {{2, one_batch(3)}, {4, one_batch(4)}}, 9);
  broker.topics["orders"][0].start = 2;

  const auto answer = fetch("orders", {{2, 1}, {4, 0}, {6, 50}}, GetParam());

  const auto& partitions = answer.responses.at(0).partitions;
  EXPECT_EQ(partitions.at(0).error_code, 0);
  EXPECT_EQ(batches(partitions.at(0)).at(0).bytes()[61], 3);
  EXPECT_EQ(batches(partitions.at(1)).at(0).bytes()[61], 4);
  EXPECT_EQ(partitions.at(2).error_code, kafka::error::offset_out_of_range);
}

TEST_P(FetchAt, MovesToTheLogStartWhereRetentionHasTakenAll) {
  for (int i = 0; i < 3; ++i) produce("orders", {{2, one_batch(1)}}, 9);
  broker.topics["orders"][0].start = 3;
  broker.topics["orders"][0].batches.clear();

  const auto answer = fetch("orders", {{2, 1}, {4, 3}}, GetParam());

  const auto& partitions = answer.responses.at(0).partitions;
  const auto moved = batches(partitions.at(0));
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_TRUE(moved[0].control());
  EXPECT_EQ(moved[0].base_offset(), 1);
  EXPECT_EQ(moved[0].last_offset(), 2);
  EXPECT_TRUE(partitions.at(1).records->bytes.empty());
}

TEST_P(FetchAt, AsksForALogsStartOnceWhereSeveralFarApartAreBeforeIt) {
  for (int i = 0; i < 6; ++i) produce("orders", {{2, one_batch(1, -1, 20'000)}}, 9);
  broker.topics["orders"][0].start = 60'003;

  const auto answer = fetch("orders", {{0, 0}, {2, 20'001}, {4, 40'002}}, GetParam());

  ASSERT_EQ(answer.responses.at(0).partitions.size(), 3U);
  for (const auto& each : answer.responses[0].partitions) EXPECT_EQ(each.error_code, 0) << each.partition_index;
}

TEST_P(FetchAt, TellsWhoStandsBehindTheEndAndServesTheOthers) {
  produce("orders", {{2, one_batch(1)}}, 9);

  const auto answer = fetch("orders", {{2, 0}, {4, 99}}, GetParam());

  const auto& partitions = answer.responses.at(0).partitions;
  EXPECT_EQ(batches(partitions.at(0)).size(), 1U);
  EXPECT_EQ(partitions.at(1).error_code, kafka::error::offset_out_of_range);
}

TEST_P(FetchAt, KeepsNoSessionForVirtualTopics) {
  if (GetParam() < 7) GTEST_SUCCEED() << "no sessions yet";
  FetchRequest request;
  request.session_id = 9;
  request.session_epoch = 3;
  name(request.topics.emplace_back(), "orders", GetParam() >= 13);
  request.topics[0].partitions.emplace_back();

  const auto answer = proxy.ask<FetchResponse>(request, GetParam());

  EXPECT_EQ(answer.error_code, GetParam() < 7 ? 0 : kafka::error::fetch_session_id_not_found);
}

TEST_P(FetchAt, PassesAFetchWithoutVirtualTopicsAsItIs) {
  fetch("plain", {{0, 0}}, GetParam());
  EXPECT_TRUE(proxy.passed);
  proxy.ask<FetchResponse>(FetchRequest{}, GetParam());
  EXPECT_TRUE(proxy.passed);
}

TEST_P(FetchAt, MovesOnWithoutFillersByWhatItRemembers) {
  broker.fetch_batches = 3;
  for (int i = 0; i < 10; ++i) produce("silent", {{2, one_batch(1)}}, 9);
  produce("silent", {{4, one_batch(42)}}, 9);

  std::vector<Batch> found;
  for (int i = 0; i < 5; ++i) {
    const auto answer = fetch("silent", {{4, 0}}, GetParam());
    found = batches(answer.responses.at(0).partitions.at(0));
    if (!found.empty()) break;
  }

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].bytes()[61], 42);
}

TEST_P(FetchAt, ShowsNoHighWatermarkBeyondWhereItFindsNothingWithoutFillers) {
  for (int i = 0; i < 4; ++i) produce("silent", {{2, one_batch(1)}}, 9);
  for (int i = 0; i < 2; ++i) {  // the second asks the broker behind what the first has dropped
    const auto answer = fetch("silent", {{4, 1}}, GetParam());
    EXPECT_EQ(answer.responses.at(0).partitions.at(0).high_watermark, 1);
    EXPECT_LE(answer.responses.at(0).partitions.at(0).last_stable_offset, 1);
  }
}

TEST_P(FetchAt, ForgetsWhatALeaderChangeHasCutOff) {
  for (int i = 0; i < 4; ++i) produce("silent", {{2, one_batch(1)}}, 9);
  fetch("silent", {{4, 1}}, GetParam());
  broker.topics["silent"][0].end = 2;
  broker.topics["silent"][0].batches.resize(2);

  const auto answer = fetch("silent", {{4, 1}}, GetParam());

  EXPECT_EQ(answer.responses.at(0).partitions.at(0).error_code, 0);
}

TEST_P(FetchAt, NamesOldMessageFormats) {
  broker.topics["orders"][0].batches.emplace_back(0, sample::batch({.magic = 1}));
  broker.topics["orders"][0].end = 1;

  const auto answer = fetch("orders", {{4, 0}}, GetParam());

  EXPECT_EQ(answer.responses.at(0).partitions.at(0).error_code, kafka::error::unsupported_for_message_format);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, FetchAt, ::testing::Range(Version{4}, Version{19}));

class MetadataAt : public Records {};

TEST_P(MetadataAt, ShowsVPartitionsWithTheLeadersOfP) {
  const auto answer = proxy.ask<MetadataResponse>(MetadataRequest{}, GetParam());

  for (const auto& topic : answer.topics) {
    if (topic.name == "plain") {
      EXPECT_EQ(topic.partitions.size(), 2U);
      continue;
    }
    ASSERT_EQ(topic.partitions.size(), 20U);
    for (std::int32_t v = 0; v < 20; ++v) {
      EXPECT_EQ(topic.partitions[static_cast<std::size_t>(v)].partition_index, v);
      EXPECT_EQ(topic.partitions[static_cast<std::size_t>(v)].leader_id, v % 2 + 1);
    }
  }
}

TEST_P(MetadataAt, RefusesATopicOfAnotherSize) {
  broker.add_topic("orders", 3);

  const auto answer = proxy.ask<MetadataResponse>(MetadataRequest{}, GetParam());

  for (const auto& topic : answer.topics) {
    EXPECT_EQ(topic.error_code, topic.name == "orders" ? kafka::error::invalid_topic : 0);
  }
}

TEST_P(MetadataAt, LetsNoBrokerMakeAVirtualTopicByItself) {
  for (const std::string& topic : std::vector<std::string>{"orders", "plain"}) {
    MetadataRequest request;
    request.topics.emplace();
    request.topics->emplace_back().name = topic;

    proxy.ask<MetadataResponse>(request, GetParam());

    const bool forbidden = topic == "orders" && GetParam() >= 4;
    EXPECT_EQ(asked_for<MetadataRequest>(broker.asked.back()).allow_auto_topic_creation, !forbidden) << topic;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, MetadataAt, ::testing::Range(Version{0}, Version{14}));

class ListOffsetsAt : public Records {};

TEST_P(ListOffsetsAt, AsksForAPhysicalPartitionOnceInARequest) {
  produce("orders", {{2, one_batch(1)}}, 9);
  kafka::ListOffsetsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "orders";
  for (const auto& [index, timestamp] :
       std::vector<std::pair<std::int32_t, std::int64_t>>{{0, -1}, {2, -2}, {4, -1}, {7, -1}, {21, -1}}) {
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = index;
    partition.timestamp = timestamp;
  }

  const auto answer = proxy.ask<kafka::ListOffsetsResponse>(request, GetParam());

  const auto& partitions = answer.topics.at(0).partitions;
  std::vector<std::int64_t> offsets;
  for (const auto& each : partitions) offsets.push_back(each.offset);
  EXPECT_EQ(offsets, (std::vector<std::int64_t>{1, 0, 1, 0, -1}));
  EXPECT_EQ(partitions.at(4).error_code, kafka::error::unknown_topic_or_partition);
  EXPECT_EQ(proxy.asks, 2);
}

TEST_P(ListOffsetsAt, RefusesAPartitionThatIsNamedAgainUnderTheSameTopic) {
  kafka::ListOffsetsRequest request;
  for (const std::int64_t timestamp : {-1, -2}) {
    auto& topic = request.topics.emplace_back();
    topic.name = "orders";
    auto& partition = topic.partitions.emplace_back();
    partition.partition_index = 2;
    partition.timestamp = timestamp;
  }

  const auto answer = proxy.ask<kafka::ListOffsetsResponse>(request, GetParam());

  EXPECT_EQ(answer.topics.at(0).partitions.at(0).error_code, 0);
  EXPECT_EQ(answer.topics.at(1).partitions.at(0).error_code, kafka::error::invalid_request);
  EXPECT_EQ(proxy.asks, 1);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, ListOffsetsAt, ::testing::Range(Version{1}, Version{12}));

}  // namespace
}  // namespace kp::virt
