#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "kafka/errors.h"
#include "unit/virtual/model_broker.h"
#include "virtual/shadow.h"

/// Committed offsets at every version, before a model of a broker.
namespace kp::virt {
namespace {

using kafka::OffsetCommitRequest;
using kafka::OffsetCommitResponse;
using kafka::OffsetFetchRequest;
using kafka::OffsetFetchResponse;
using kafka::Version;

class Commits : public ::testing::TestWithParam<Version> {
 protected:
  Commits() {
    broker.add_topic("orders", 2);
    broker.add_topic("plain", 2);
  }

  OffsetCommitRequest commit_of(const std::vector<std::pair<std::int32_t, std::int64_t>>& offsets,
                                std::int32_t generation = -1, const std::string& topic = "orders") {
    OffsetCommitRequest request;
    request.group_id = "größe";
    request.generation_id_or_member_epoch = generation;
    auto& added = request.topics.emplace_back();
    added.name = topic;
    added.topic_id = broker.ids.at(topic);
    for (const auto& [index, offset] : offsets) {
      auto& each = added.partitions.emplace_back();
      each.partition_index = index;
      each.committed_offset = offset;
    }
    return request;
  }

  OffsetCommitResponse commit(const std::vector<std::pair<std::int32_t, std::int64_t>>& offsets, Version version,
                              std::int32_t generation = -1) {
    return proxy.ask<OffsetCommitResponse>(commit_of(offsets, generation), version);
  }

  static std::map<std::int32_t, std::int16_t> codes(const OffsetCommitResponse& response) {
    std::map<std::int32_t, std::int16_t> out;
    for (const auto& each : response.topics.at(0).partitions) out[each.partition_index] = each.error_code;
    return out;
  }

  std::vector<std::int16_t> asked_apis() const {
    std::vector<std::int16_t> out;
    for (const Ask& ask : broker.asked) {
      if (ask.key != 3) out.push_back(ask.key);
    }
    return out;
  }

  ModelBroker broker;
  ModelProxy proxy{broker};
};

class CommitAt : public Commits {};

TEST_P(CommitAt, PutsEachGroupsOffsetsUnderItsOwnId) {
  const auto answer = commit({{0, 10}, {1, 11}, {2, 12}, {7, 17}, {20, 1}}, GetParam());

  EXPECT_EQ(codes(answer), (std::map<std::int32_t, std::int16_t>{
                               {0, 0}, {1, 0}, {2, 0}, {7, 0}, {20, kafka::error::unknown_topic_or_partition}}));
  const std::string one = *shadow_group("größe", 1);
  const std::string three = *shadow_group("größe", 3);
  ASSERT_EQ(broker.commits.size(), 4U);
  EXPECT_EQ((broker.commits[{"größe", "orders", 0}].offset), 10);
  EXPECT_EQ((broker.commits[{"größe", "orders", 1}].offset), 11);
  EXPECT_EQ((broker.commits[{one, "orders", 0}].offset), 12);
  EXPECT_EQ((broker.commits[{three, "orders", 1}].offset), 17);
  EXPECT_GT((broker.commits[{one, "orders", 0}].retention_ms), std::int64_t{86'400'000} * 365);
}

TEST_P(CommitAt, AsksTheGroupFirstByAHeartbeatWhereTheCommitHasAGeneration) {
  commit({{2, 12}}, GetParam(), 4);

  EXPECT_EQ(asked_apis(), (std::vector<std::int16_t>{12, 8}));
}

TEST_P(CommitAt, CommitsWhileTheGroupRebalances) {
  broker.heartbeat_error = kafka::error::rebalance_in_progress;

  EXPECT_EQ(codes(commit({{2, 12}}, GetParam(), 4)).at(2), 0);
}

TEST_P(CommitAt, KeepsAFencedMemberOutOfTheShadows) {
  broker.heartbeat_error = kafka::error::illegal_generation;

  const auto alone = commit({{2, 12}}, GetParam(), 4);
  const auto with_own = commit({{0, 1}, {2, 12}}, GetParam(), 4);

  EXPECT_EQ(codes(alone).at(2), kafka::error::illegal_generation);
  EXPECT_EQ(codes(with_own), (std::map<std::int32_t, std::int16_t>{{0, kafka::error::illegal_generation},
                                                                   {2, kafka::error::illegal_generation}}));
  EXPECT_TRUE(broker.commits.empty());
}

TEST_P(CommitAt, RefusesACommitWithoutGenerationToALiveGroup) {
  broker.group_state = "Stable";

  EXPECT_EQ(codes(commit({{2, 12}}, GetParam())).at(2), kafka::error::unknown_member_id);
  EXPECT_TRUE(broker.commits.empty());
}

TEST_P(CommitAt, PassesCommitsOfPlainTopicsAsTheyAre) {
  proxy.ask<OffsetCommitResponse>(commit_of({{1, 5}}, -1, "plain"), GetParam());

  EXPECT_TRUE(proxy.passed);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, CommitAt, ::testing::Range(Version{2}, Version{11}));

class FetchOffsetsAt : public Commits {
 protected:
  std::map<std::int32_t, std::int64_t> fetch(std::optional<std::vector<std::int32_t>> partitions) {
    OffsetFetchRequest request;
    const Version version = GetParam();
    if (version < 8) {
      request.group_id = "größe";
      if (partitions) {
        auto& topic = request.topics.emplace().emplace_back();
        topic.name = "orders";
        topic.partition_indexes = *partitions;
      }
    } else {
      request.groups.emplace_back().group_id = "someone else";
      request.groups.back().topics.emplace();
      auto& group = request.groups.emplace_back();
      group.group_id = "größe";
      if (partitions) {
        auto& topic = group.topics.emplace().emplace_back();
        topic.name = "orders";
        topic.topic_id = broker.ids.at("orders");
        topic.partition_indexes = *partitions;
      }
    }
    const auto answer = proxy.ask<OffsetFetchResponse>(request, version);
    std::map<std::int32_t, std::int64_t> out;
    const auto collect = [&](const auto& topics) {
      for (const auto& topic : topics) {
        for (const auto& each : topic.partitions) out[each.partition_index] = each.committed_offset;
      }
    };
    error_ = version < 8 ? answer.error_code : answer.groups.at(1).error_code;
    if (version < 8) {
      collect(answer.topics);
    } else {
      EXPECT_EQ(answer.groups.size(), 2U);
      EXPECT_EQ(answer.groups.at(1).group_id, "größe");
      EXPECT_TRUE(answer.groups.at(0).topics.empty());
      collect(answer.groups.at(1).topics);
    }
    return out;
  }

  std::int16_t error_ = 0;  ///< of what was fetched last
};

TEST_P(FetchOffsetsAt, GathersThemFromTheShadows) {
  commit({{0, 10}, {2, 12}, {7, 17}, {19, 29}}, 8);

  EXPECT_EQ(fetch(std::vector<std::int32_t>{7, 0, 2, 19, 3, 20}),
            (std::map<std::int32_t, std::int64_t>{{0, 10}, {2, 12}, {3, -1}, {7, 17}, {19, 29}, {20, -1}}));
}

TEST_P(FetchOffsetsAt, FindsAllShadowsWhereEverythingIsAskedFor) {
  if (GetParam() < 2) return;  // can't be asked yet
  commit({{0, 10}, {2, 12}, {7, 17}}, 8);

  EXPECT_EQ(fetch(std::nullopt), (std::map<std::int32_t, std::int64_t>{{0, 10}, {2, 12}, {7, 17}}));
}

TEST_P(FetchOffsetsAt, AnswersAnErrorWhereTheShadowsOfEverythingAreNotKnown) {
  if (GetParam() < 2) return;  // can't be asked yet
  commit({{0, 10}, {2, 12}}, 8);
  broker.list_error = kafka::error::coordinator_load_in_progress;

  EXPECT_TRUE(fetch(std::nullopt).empty());
  EXPECT_EQ(error_, kafka::error::coordinator_load_in_progress);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, FetchOffsetsAt, ::testing::Range(Version{1}, Version{11}));

class TxnCommitAt : public Commits {};

TEST_P(TxnCommitAt, GoesToTheShadowsInTheSameTransaction) {
  kafka::TxnOffsetCommitRequest request;
  request.transactional_id = "t";
  request.group_id = "g";
  request.producer_id = 8;
  request.generation_id = 3;
  request.member_id = "m";
  auto& topic = request.topics.emplace_back();
  topic.name = "orders";
  for (const std::int32_t v : {2, 5}) topic.partitions.emplace_back().partition_index = v;

  const auto answer = proxy.ask<kafka::TxnOffsetCommitResponse>(request, GetParam());

  for (const auto& each : answer.topics.at(0).partitions) EXPECT_EQ(each.error_code, 0);
  EXPECT_TRUE((broker.commits.contains({*shadow_group("g", 1), "orders", 0})));
  EXPECT_TRUE((broker.commits.contains({*shadow_group("g", 2), "orders", 1})));
  EXPECT_EQ(asked_apis().front() == 12, GetParam() >= 3) << "a generation is looked at where there is one";
  const auto last = asked_for<kafka::TxnOffsetCommitRequest>(broker.asked.back());
  EXPECT_EQ(last.producer_id, 8);
  EXPECT_EQ(last.generation_id, -1);
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, TxnCommitAt, ::testing::Range(Version{0}, Version{6}));

TEST_F(Commits, OfAGroupWhoseIdIsNoTextAreRefusedForTheShadows) {
  auto request = commit_of({{0, 1}, {2, 3}});
  request.group_id = "\xff";

  const auto answer = proxy.ask<OffsetCommitResponse>(request, 8);

  EXPECT_EQ(codes(answer), (std::map<std::int32_t, std::int16_t>{{0, 0}, {2, kafka::error::invalid_group_id}}));
}

}  // namespace
}  // namespace kp::virt
