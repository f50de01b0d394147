#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "kafka/errors.h"
#include "kafka/messages/19_create_topics.h"
#include "kafka/messages/21_delete_records.h"
#include "kafka/messages/23_offset_for_leader_epoch.h"
#include "kafka/messages/24_add_partitions_to_txn.h"
#include "kafka/messages/32_describe_configs.h"
#include "kafka/messages/34_alter_replica_log_dirs.h"
#include "kafka/messages/35_describe_log_dirs.h"
#include "kafka/messages/37_create_partitions.h"
#include "kafka/messages/42_delete_groups.h"
#include "kafka/messages/43_elect_leaders.h"
#include "kafka/messages/45_alter_partition_reassignments.h"
#include "kafka/messages/46_list_partition_reassignments.h"
#include "kafka/messages/47_offset_delete.h"
#include "kafka/messages/61_describe_producers.h"
#include "kafka/messages/68_consumer_group_heartbeat.h"
#include "kafka/messages/75_describe_topic_partitions.h"
#include "kafka/messages/76_share_group_heartbeat.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/messages/79_share_acknowledge.h"
#include "kafka/messages/88_streams_group_heartbeat.h"
#include "kafka/messages/90_describe_share_group_offsets.h"
#include "kafka/messages/91_alter_share_group_offsets.h"
#include "kafka/messages/92_delete_share_group_offsets.h"
#include "kafka/messages/all.h"
#include "unit/kafka/sample.h"
#include "unit/virtual/model_broker.h"
#include "virtual/shadow.h"

/// What is not records or offsets: each API at every version, with answers as a broker would give them.
namespace kp::virt {
namespace {

using kafka::Version;

constexpr std::int32_t v_count = 20;

/// Answers by the API's key, whatever is asked; the questions are kept.
class Admin : public ::testing::Test {
 protected:
  Admin() {
    config::PartitionMapping config;
    config.virtual_partitions = v_count;
    config.physical_partitions = 2;
    config.topics.emplace_back().topic = "orders";
    config.topics.emplace_back().topic = "log";
    config.topics.back().compacted = "keyed";
    context.mapping = std::make_shared<Mapping>(config);
    context.ids = &ids;
    context.skips = &skips;
    context.turns = &turns;
    ids.learn(orders_id, "orders");
    ids.learn(plain_id, "plain");
  }

  template <class Message>
  void will_answer(Message message) {
    answers_[Message::key] = [message](Version version) { return kafka::encode_response(message, version, 77); };
  }

  /// The client's answer; throws where there is none.
  template <class Response, class Request>
  Response ask(const Request& request, Version version) {
    return said<Response>(send(kafka::encode_request(request, version, 77, "me")), version);
  }

  const Bytes& send(Bytes request) {
    asked.clear();
    passed = false;
    auto exchange = translate(context, std::move(request));
    if (!exchange) throw std::runtime_error(exchange.error().message);
    auto step = (*exchange)->begin();
    while (step && step->kind == Step::Kind::Ask) {
      std::vector<Bytes> answers;
      for (const Ask& each : step->asks) {
        asked.push_back(whole(each));
        answers.push_back(answers_.at(each.key)(each.version));
      }
      step = (*exchange)->proceed(std::move(answers));
    }
    if (!step) throw std::runtime_error(step.error().message);
    passed = step->kind == Step::Kind::Pass;
    return kept_.emplace_back(step->answer.value_or(Bytes{}).whole());
  }

  template <class Message>
  Message question(std::size_t at = 0) const {
    return asked_for<Message>(asked.at(at));
  }

  template <class Message>
  static std::vector<Version> versions() {
    std::vector<Version> out;
    for (Version v = Message::versions.min; v <= Message::versions.max; ++v) out.push_back(v);
    return out;
  }

  Context context;
  TopicIds ids;
  Skips skips;
  Turns turns;
  std::vector<Ask> asked;
  bool passed = false;
  const kafka::Uuid orders_id{1, 2};
  const kafka::Uuid plain_id{3, 4};

 private:
  std::map<std::int16_t, std::function<Bytes(Version)>> answers_;
  std::deque<Bytes> kept_;
};

TEST_F(Admin, CreateTopicsMakesPOfV) {
  using Request = kafka::CreateTopicsRequest;
  using Response = kafka::CreateTopicsResponse;
  for (const Version version : versions<Request>()) {
    Response made;
    made.topics.emplace_back().name = "orders";
    made.topics[0].num_partitions = 2;
    will_answer(made);
    Request request;
    for (const char* name : {"orders", "plain"}) {
      request.topics.emplace_back().name = name;
      request.topics.back().num_partitions = v_count;
    }

    const auto answer = ask<Response>(request, version);

    EXPECT_EQ(question<Request>().topics.at(0).num_partitions, 2);
    EXPECT_EQ(question<Request>().topics.at(1).num_partitions, v_count);
    if (version >= 5) {
      EXPECT_EQ(answer.topics.at(0).num_partitions, v_count);
    }
  }
}

TEST_F(Admin, CreateTopicsRefusesWhatTheRuleDoesNotSay) {
  using Request = kafka::CreateTopicsRequest;
  for (const Version version : versions<Request>()) {
    Request request;
    request.topics.emplace_back().name = "orders";
    request.topics[0].num_partitions = 7;
    const auto count = ask<kafka::CreateTopicsResponse>(request, version);
    EXPECT_EQ(count.topics.at(0).error_code, kafka::error::invalid_partitions);
    EXPECT_TRUE(asked.empty());

    request.topics[0].num_partitions = v_count;
    request.topics[0].configs.push_back({"cleanup.policy", "compact,delete", {}});
    const auto compacted = ask<kafka::CreateTopicsResponse>(request, version);
    EXPECT_EQ(compacted.topics.at(0).error_code, kafka::error::policy_violation);
    EXPECT_NE(compacted.topics.at(0).error_message->find("compacted: keyed"), std::string::npos);
  }
}

TEST_F(Admin, CreateTopicsTakesReplicasThatVirtualPartitionsOfOnePhysicalShare) {
  kafka::CreateTopicsRequest request;
  request.topics.emplace_back().name = "orders";
  for (std::int32_t v = 0; v < v_count; ++v) request.topics[0].assignments.push_back({v, {v % 2 + 1}, {}});
  will_answer(kafka::CreateTopicsResponse{});
  ask<kafka::CreateTopicsResponse>(request, 7);
  EXPECT_EQ(question<kafka::CreateTopicsRequest>().topics.at(0).assignments.size(), 2U);

  request.topics[0].assignments[4].broker_ids = {9};
  const auto differing = ask<kafka::CreateTopicsResponse>(request, 7);
  EXPECT_EQ(differing.topics.at(0).error_code, kafka::error::invalid_replica_assignment);
}

TEST_F(Admin, CreatePartitionsOfAVirtualTopicNamesTheRemedy) {
  for (const Version version : versions<kafka::CreatePartitionsRequest>()) {
    kafka::CreatePartitionsResponse made;
    made.results.emplace_back().name = "plain";
    will_answer(made);
    kafka::CreatePartitionsRequest request;
    for (const char* name : {"orders", "plain"}) request.topics.emplace_back().name = name;

    const auto answer = ask<kafka::CreatePartitionsResponse>(request, version);

    EXPECT_EQ(question<kafka::CreatePartitionsRequest>().topics.size(), 1U);
    ASSERT_EQ(answer.results.size(), 2U);
    EXPECT_EQ(answer.results[1].error_code, kafka::error::invalid_partitions);
    EXPECT_NE(answer.results[1].error_message->find("partition_mapping"), std::string::npos);
  }
}

TEST_F(Admin, DeleteRecordsTakesOnlyWhatAllGroupsGiveUp) {
  using Request = kafka::DeleteRecordsRequest;
  for (const Version version : versions<Request>()) {
    kafka::DeleteRecordsResponse done;
    done.topics.emplace_back().name = "orders";
    done.topics[0].partitions.push_back({0, 40, 0, {}});
    will_answer(done);
    Request request;
    request.topics.emplace_back().name = "orders";
    for (std::int32_t v = 0; v < v_count; v += 2) request.topics[0].partitions.push_back({v, 40 + v, {}});
    request.topics[0].partitions.push_back({1, 5, {}});

    const auto answer = ask<kafka::DeleteRecordsResponse>(request, version);

    const auto asked_of = question<Request>().topics.at(0).partitions;
    ASSERT_EQ(asked_of.size(), 1U);
    EXPECT_EQ(asked_of[0].offset, 40);
    const auto& partitions = answer.topics.at(0).partitions;
    ASSERT_EQ(partitions.size(), 11U);
    EXPECT_EQ(partitions[9].partition_index, 18);
    EXPECT_EQ(partitions[9].low_watermark, 40);
    EXPECT_EQ(partitions[10].error_code, kafka::error::policy_violation);
  }
}

TEST_F(Admin, OffsetForLeaderEpochIsThatOfThePhysicalPartition) {
  using Request = kafka::OffsetForLeaderEpochRequest;
  for (const Version version : versions<Request>()) {
    kafka::OffsetForLeaderEpochResponse known;
    known.topics.emplace_back().topic = "orders";
    auto& end = known.topics[0].partitions.emplace_back();
    end.partition = 1;
    end.end_offset = 500;
    will_answer(known);
    Request request;
    request.topics.emplace_back().topic = "orders";
    for (const std::int32_t v : {3, 5, 1}) request.topics[0].partitions.emplace_back().partition = v;
    request.topics[0].partitions[2].leader_epoch = 4;

    const auto answer = ask<kafka::OffsetForLeaderEpochResponse>(request, version);

    EXPECT_EQ(asked.size(), 2U) << "another epoch is another question";
    for (const auto& each : answer.topics.at(0).partitions) EXPECT_EQ(each.end_offset, 500);
    EXPECT_EQ(answer.topics[0].partitions[1].partition, 5);
  }
}

TEST_F(Admin, DescribeProducersShowsAGroupsOwnAsTheyKnowThemselves) {
  kafka::DescribeProducersResponse known;
  known.topics.emplace_back().name = "orders";
  auto& physical = known.topics[0].partitions.emplace_back();
  physical.partition_index = 1;
  for (const std::int64_t id : {std::int64_t{70}, 71 | (std::int64_t{1} << 48), 72 | (std::int64_t{2} << 48)}) {
    physical.active_producers.emplace_back().producer_id = id;
  }
  will_answer(known);
  kafka::DescribeProducersRequest request;
  request.topics.emplace_back().name = "orders";
  request.topics[0].partition_indexes = {1, 3, 5, 7};

  const auto answer = ask<kafka::DescribeProducersResponse>(request, 0);

  EXPECT_EQ(asked.size(), 1U);
  const auto& partitions = answer.topics.at(0).partitions;
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(partitions.at(i).active_producers.size(), 1U);
    EXPECT_EQ(partitions[i].active_producers[0].producer_id, 70 + static_cast<std::int64_t>(i));
  }
  EXPECT_TRUE(partitions.at(3).active_producers.empty());
}

TEST_F(Admin, AddPartitionsToTxnIsRefusedWhole) {
  using Request = kafka::AddPartitionsToTxnRequest;
  for (const Version version : versions<Request>()) {
    Request request;
    const std::vector<Request::AddPartitionsToTxnTopic> topics{{"plain", {0}, {}}, {"orders", {4}, {}}};
    if (version < 4) {
      request.v3_and_below_topics = topics;
    } else {
      request.transactions.emplace_back().topics = topics;
    }

    const auto answer = ask<kafka::AddPartitionsToTxnResponse>(request, version);

    EXPECT_TRUE(asked.empty());
    const auto& results =
        version < 4 ? answer.results_by_topic_v3_and_below : answer.results_by_transaction.at(0).topic_results;
    EXPECT_EQ(results.at(0).results_by_partition.at(0).partition_error_code, kafka::error::operation_not_attempted);
    EXPECT_EQ(results.at(1).results_by_partition.at(0).partition_error_code, kafka::error::invalid_txn_state);
  }
}

TEST_F(Admin, AlterReplicaLogDirsMovesPhysicalPartitions) {
  for (const Version version : versions<kafka::AlterReplicaLogDirsRequest>()) {
    kafka::AlterReplicaLogDirsResponse moved;
    moved.results.emplace_back().topic_name = "orders";
    moved.results[0].partitions.push_back({1, 0, {}});
    will_answer(moved);
    kafka::AlterReplicaLogDirsRequest request;
    request.dirs.emplace_back().path = "/d";
    request.dirs[0].topics.emplace_back().name = "orders";
    request.dirs[0].topics[0].partitions = {3, 5, 99};

    const auto answer = ask<kafka::AlterReplicaLogDirsResponse>(request, version);

    EXPECT_EQ(question<kafka::AlterReplicaLogDirsRequest>().dirs.at(0).topics.at(0).partitions,
              std::vector<std::int32_t>{1});
    const auto& partitions = answer.results.at(0).partitions;
    EXPECT_EQ(partitions.at(1).error_code, 0);
    EXPECT_EQ(partitions.at(2).error_code, kafka::error::unknown_topic_or_partition);
  }
}

TEST_F(Admin, DescribeLogDirsSharesASizeOut) {
  for (const Version version : versions<kafka::DescribeLogDirsRequest>()) {
    kafka::DescribeLogDirsResponse known;
    known.results.emplace_back().topics.emplace_back().name = "orders";
    for (const std::int32_t p : {0, 1}) known.results[0].topics[0].partitions.push_back({p, 1009, 0, false, {}});
    will_answer(known);

    const auto answer = ask<kafka::DescribeLogDirsResponse>(kafka::DescribeLogDirsRequest{}, version);

    const auto& partitions = answer.results.at(0).topics.at(0).partitions;
    ASSERT_EQ(partitions.size(), 20U);
    std::int64_t sum = 0;
    for (const auto& each : partitions) sum += each.partition_size;
    EXPECT_EQ(sum, 2018);
  }
}

TEST_F(Admin, ElectLeadersAnswersForWhatWasAsked) {
  for (const Version version : versions<kafka::ElectLeadersRequest>()) {
    kafka::ElectLeadersResponse done;
    done.replica_election_results.emplace_back().topic = "orders";
    done.replica_election_results[0].partition_result.push_back({1, 0, std::nullopt, {}});
    will_answer(done);
    kafka::ElectLeadersRequest request;
    request.topic_partitions.emplace().push_back({"orders", {3, 7}, {}});

    const auto some = ask<kafka::ElectLeadersResponse>(request, version);
    EXPECT_EQ(question<kafka::ElectLeadersRequest>().topic_partitions->at(0).partitions, std::vector<std::int32_t>{1});
    EXPECT_EQ(some.replica_election_results.at(0).partition_result.size(), 2U);
    EXPECT_EQ(some.replica_election_results[0].partition_result[1].partition_id, 7);

    request.topic_partitions.reset();
    const auto all = ask<kafka::ElectLeadersResponse>(request, version);
    EXPECT_EQ(all.replica_election_results.at(0).partition_result.size(), 10U);
  }
}

TEST_F(Admin, ReassignmentsMoveAPhysicalPartitionOnce) {
  for (const Version version : versions<kafka::AlterPartitionReassignmentsRequest>()) {
    kafka::AlterPartitionReassignmentsResponse done;
    done.responses.emplace_back().name = "orders";
    done.responses[0].partitions.push_back({1, 0, std::nullopt, {}});
    will_answer(done);
    kafka::AlterPartitionReassignmentsRequest request;
    request.topics.emplace_back().name = "orders";
    for (const std::int32_t v : {1, 3, 5})
      request.topics[0].partitions.push_back({v, std::vector<std::int32_t>{1, 2}, {}});
    request.topics[0].partitions[2].replicas = std::vector<std::int32_t>{3};

    const auto answer = ask<kafka::AlterPartitionReassignmentsResponse>(request, version);

    EXPECT_EQ(asked.size(), 1U);
    EXPECT_EQ(question<kafka::AlterPartitionReassignmentsRequest>().topics.at(0).partitions.size(), 1U);
    const auto& partitions = answer.responses.at(0).partitions;
    EXPECT_EQ(partitions.at(1).error_code, 0);
    EXPECT_EQ(partitions.at(2).error_code, kafka::error::invalid_replica_assignment);
  }
}

TEST_F(Admin, ListPartitionReassignmentsShowsEveryVirtualPartitionThatMoves) {
  kafka::ListPartitionReassignmentsResponse known;
  known.topics.emplace_back().name = "orders";
  known.topics[0].partitions.emplace_back().partition_index = 1;
  will_answer(known);

  const auto all = ask<kafka::ListPartitionReassignmentsResponse>(kafka::ListPartitionReassignmentsRequest{}, 0);

  EXPECT_EQ(all.topics.at(0).partitions.size(), 10U);
}

TEST_F(Admin, DeleteGroupsTakesTheShadowsOfWhatIsGone) {
  const std::string gone = *shadow_group("gone", 3);
  for (const Version version : versions<kafka::DeleteGroupsRequest>()) {
    kafka::ListGroupsResponse listed;
    for (const std::string& id : {gone, *shadow_group("live", 1), std::string("live")})
      listed.groups.emplace_back().group_id = id;
    will_answer(listed);
    kafka::DeleteGroupsResponse deleted;
    deleted.results.push_back({"live", kafka::error::non_empty_group, {}});
    deleted.results.push_back({"gone", kafka::error::group_id_not_found, {}});
    deleted.results.push_back({gone, 0, {}});
    will_answer(deleted);
    kafka::DeleteGroupsRequest request;
    request.groups_names = {"live", "gone"};

    const auto answer = ask<kafka::DeleteGroupsResponse>(request, version);

    EXPECT_EQ(question<kafka::DeleteGroupsRequest>(2).groups_names, std::vector<std::string>{gone});
    EXPECT_EQ(answer.results.at(0).error_code, kafka::error::non_empty_group);
    EXPECT_EQ(answer.results.at(1).error_code, 0);
  }
}

TEST_F(Admin, DeleteGroupsIsNotDoneWhileShadowsMayBeLeft) {
  const std::string shadow = *shadow_group("gone", 3);
  kafka::ListGroupsResponse listed;
  listed.error_code = kafka::error::coordinator_load_in_progress;
  listed.groups.emplace_back().group_id = shadow;
  will_answer(listed);
  kafka::DeleteGroupsResponse deleted;
  deleted.results.push_back({"gone", 0, {}});
  deleted.results.push_back({"live", kafka::error::non_empty_group, {}});
  deleted.results.push_back({shadow, 0, {}});
  will_answer(deleted);
  kafka::DeleteGroupsRequest request;
  request.groups_names = {"gone", "live"};

  const auto answer = ask<kafka::DeleteGroupsResponse>(request, 2);

  EXPECT_EQ(answer.results.at(0).error_code, kafka::error::coordinator_load_in_progress);
  EXPECT_EQ(answer.results.at(1).error_code, kafka::error::non_empty_group);
}

TEST_F(Admin, ListGroupsHidesShadows) {
  for (const Version version : versions<kafka::ListGroupsRequest>()) {
    kafka::ListGroupsResponse listed;
    for (const std::string& id :
         {*shadow_group("a", 1), *shadow_group("b", 1), std::string("b"), *shadow_group("a", 2)}) {
      listed.groups.emplace_back().group_id = id;
    }
    will_answer(listed);

    const auto answer = ask<kafka::ListGroupsResponse>(kafka::ListGroupsRequest{}, version);

    ASSERT_EQ(answer.groups.size(), 2U);
    EXPECT_EQ(answer.groups[0].group_id, "b");
    EXPECT_EQ(answer.groups[1].group_id, "a") << "nothing but its shadows is left of it";
  }
}

TEST_F(Admin, OffsetDeleteLeavesTheShadowsOfALiveGroupAlone) {
  kafka::OffsetDeleteResponse deleted;
  deleted.topics.emplace_back().name = "orders";
  for (const std::int32_t p : {0, 1}) deleted.topics[0].partitions.push_back({p, 0, {}});
  will_answer(deleted);
  kafka::OffsetDeleteRequest request;
  request.group_id = "g";
  request.topics.emplace_back().name = "orders";
  for (const std::int32_t v : {0, 2, 5}) request.topics[0].partitions.push_back({v, {}});
  for (const bool live : {false, true}) {
    kafka::DescribeGroupsResponse described;
    described.groups.emplace_back().group_state = live ? "Stable" : "Empty";
    will_answer(described);

    const auto answer = ask<kafka::OffsetDeleteResponse>(request, 0);

    EXPECT_EQ(asked.size(), live ? 2U : 4U);
    const auto& partitions = answer.topics.at(0).partitions;
    EXPECT_EQ(partitions.at(0).error_code, 0);
    EXPECT_EQ(partitions.at(1).error_code, live ? kafka::error::group_subscribed_to_topic : 0);
    EXPECT_EQ(partitions.at(2).partition_index, 5);
  }
}

TEST_F(Admin, DescribeTopicPartitionsPagesThroughVirtualPartitions) {
  kafka::DescribeTopicPartitionsResponse known;
  known.topics.emplace_back().name = "orders";
  for (const std::int32_t p : {0, 1}) known.topics[0].partitions.emplace_back().partition_index = p;
  will_answer(known);
  kafka::DescribeTopicPartitionsRequest request;
  request.topics.emplace_back().name = "orders";
  request.response_partition_limit = 8;

  std::vector<std::int32_t> seen;
  for (int page = 0; page < 3; ++page) {
    const auto answer = ask<kafka::DescribeTopicPartitionsResponse>(request, 0);
    for (const auto& each : answer.topics.at(0).partitions) seen.push_back(each.partition_index);
    ASSERT_EQ(answer.next_cursor.has_value(), page < 2);
    if (!answer.next_cursor) break;
    kafka::DescribeTopicPartitionsRequest::Cursor cursor;
    cursor.topic_name = answer.next_cursor->topic_name;
    cursor.partition_index = answer.next_cursor->partition_index;
    request.cursor = cursor;
  }

  ASSERT_EQ(seen.size(), 20U);
  for (std::int32_t v = 0; v < 20; ++v) EXPECT_EQ(seen[static_cast<std::size_t>(v)], v);
}

TEST_F(Admin, AVirtualTopicThatABrokersPageCutsComesWholeWithTheNext) {
  kafka::DescribeTopicPartitionsResponse page;
  page.topics.emplace_back().name = "plain";
  page.topics[0].partitions.emplace_back().partition_index = 0;
  page.topics.emplace_back().name = "orders";
  page.topics[1].partitions.emplace_back().partition_index = 0;
  page.next_cursor = kafka::DescribeTopicPartitionsResponse::Cursor();
  page.next_cursor->topic_name = "orders";
  page.next_cursor->partition_index = 1;
  will_answer(page);
  kafka::DescribeTopicPartitionsRequest request;
  for (const char* const topic : {"plain", "orders"}) request.topics.emplace_back().name = topic;
  request.response_partition_limit = 2000;

  const auto answer = ask<kafka::DescribeTopicPartitionsResponse>(request, 0);

  ASSERT_EQ(answer.topics.size(), 1U);
  EXPECT_EQ(answer.topics[0].name, "plain");
  ASSERT_TRUE(answer.next_cursor);
  EXPECT_EQ(answer.next_cursor->topic_name, "orders");
  EXPECT_EQ(answer.next_cursor->partition_index, 0);
}

TEST_F(Admin, ServerSideAssignmentIsRefusedWithTheReason) {
  for (const Version version : versions<kafka::ConsumerGroupHeartbeatRequest>()) {
    kafka::ConsumerGroupHeartbeatRequest request;
    request.subscribed_topic_names = std::vector<std::string>{"plain", "orders"};
    const auto answer = ask<kafka::ConsumerGroupHeartbeatResponse>(request, version);
    EXPECT_EQ(answer.error_code, kafka::error::unsupported_version);
    EXPECT_NE(answer.error_message->find("classic"), std::string::npos);
  }
  kafka::ShareGroupHeartbeatRequest share;
  share.subscribed_topic_names = std::vector<std::string>{"orders"};
  EXPECT_EQ(ask<kafka::ShareGroupHeartbeatResponse>(share, 1).error_code, kafka::error::unsupported_version);
  kafka::StreamsGroupHeartbeatRequest streams;
  streams.topology = kafka::StreamsGroupHeartbeatRequest::Topology{};
  streams.topology->subtopologies.emplace_back().source_topics = {"orders"};
  EXPECT_EQ(ask<kafka::StreamsGroupHeartbeatResponse>(streams, 0).error_code, kafka::error::unsupported_version);
}

TEST_F(Admin, ARegexThatFitsAVirtualTopicIsRefusedAtTheLatestByItsAssignment) {
  kafka::ConsumerGroupHeartbeatRequest request;
  request.subscribed_topic_regex = "ord.*";
  EXPECT_EQ(ask<kafka::ConsumerGroupHeartbeatResponse>(request, 1).error_code, kafka::error::unsupported_version);

  request.subscribed_topic_regex = "unknown.*";
  kafka::ConsumerGroupHeartbeatResponse assigned;
  assigned.assignment = kafka::ConsumerGroupHeartbeatResponse::Assignment{};
  assigned.assignment->topic_partitions.emplace_back().topic_id = plain_id;
  will_answer(assigned);
  EXPECT_EQ(ask<kafka::ConsumerGroupHeartbeatResponse>(request, 1).error_code, 0);
  assigned.assignment->topic_partitions.emplace_back().topic_id = orders_id;
  will_answer(assigned);
  EXPECT_EQ(ask<kafka::ConsumerGroupHeartbeatResponse>(request, 1).error_code, kafka::error::unsupported_version);
}

TEST_F(Admin, ShareGroupsHaveNothingToDoWithVirtualTopics) {
  for (const Version version : {Version{1}, Version{2}}) {
    kafka::ShareFetchRequest fetch;
    fetch.topics.emplace_back().topic_id = orders_id;
    EXPECT_EQ(ask<kafka::ShareFetchResponse>(fetch, version).error_code, kafka::error::unsupported_version);
    kafka::ShareAcknowledgeRequest acknowledge;
    acknowledge.topics.emplace_back().topic_id = orders_id;
    EXPECT_EQ(ask<kafka::ShareAcknowledgeResponse>(acknowledge, version).error_code, kafka::error::unsupported_version);
  }
  kafka::AlterShareGroupOffsetsRequest alter;
  alter.topics.emplace_back().topic_name = "orders";
  EXPECT_EQ(ask<kafka::AlterShareGroupOffsetsResponse>(alter, 0).error_code, kafka::error::unsupported_version);
  kafka::DeleteShareGroupOffsetsRequest remove;
  remove.topics.emplace_back().topic_name = "orders";
  EXPECT_EQ(ask<kafka::DeleteShareGroupOffsetsResponse>(remove, 0).error_code, kafka::error::unsupported_version);
  for (const Version version : {Version{0}, Version{1}}) {
    kafka::DescribeShareGroupOffsetsRequest describe;
    describe.groups.emplace_back().topics.emplace().emplace_back().topic_name = "orders";
    const auto answer = ask<kafka::DescribeShareGroupOffsetsResponse>(describe, version);
    EXPECT_EQ(answer.groups.at(0).error_code, kafka::error::unsupported_version);
  }
}

TEST(Translate, ReadsEveryVersionThatItHasATableFor) {
  std::map<std::int16_t, std::pair<kafka::Versions, kafka::Versions>> tables;
  for (const kafka::AnyMessage& message : kafka::all_messages()) {
    const auto described = message.describe();
    (described.name.ends_with("Request") ? tables[described.key].first : tables[described.key].second) =
        described.versions;
  }
  for (const kafka::ApiRange& api : translated_apis()) {
    EXPECT_EQ(tables[api.key].first, kafka::between(api.min, api.max)) << api.key;
    EXPECT_EQ(tables[api.key].second, kafka::between(api.min, api.max)) << api.key;
  }
}

/// Metadata of a topic that brokers may compact.
class Compaction : public Admin {
 protected:
  Compaction() {
    context.policies = &policies;
    kafka::MetadataResponse metadata;
    for (const std::string name : {"orders", "log", "plain"}) {
      auto& topic = metadata.topics.emplace_back();
      topic.name = name;
      topic.partitions.resize(2);
      topic.partitions[1].partition_index = 1;
    }
    will_answer(metadata);
    will_say("delete");
    context.unfit = &unfit;
  }

  void will_say(const std::string& policy, std::int16_t error = 0) {
    kafka::DescribeConfigsResponse configs;
    auto& result = configs.results.emplace_back();
    result.error_code = error;
    result.resource_name = "orders";
    if (error == 0) {
      auto& config = result.configs.emplace_back();
      config.name = "cleanup.policy";
      config.value = policy;
    }
    will_answer(configs);
  }

  /// The errors of "orders", "log" and "plain".
  std::vector<std::int16_t> errors(Version version = 12) {
    unfit.clear();
    kafka::MetadataRequest named;
    named.topics.emplace();
    for (const std::string name : {"orders", "log", "plain"}) named.topics->emplace_back().name = name;
    std::vector<std::int16_t> out;
    for (const auto& topic : ask<kafka::MetadataResponse>(named, version).topics) out.push_back(topic.error_code);
    return out;
  }

  Policies policies;
  std::vector<UnfitTopic> unfit;
  const std::vector<std::int16_t> all_well{0, 0, 0};
  const std::vector<std::int16_t> orders_refused{kafka::error::invalid_topic, 0, 0};
};

TEST_F(Compaction, IsAskedForOnceInAWhileWhereItWouldHarm) {
  for (const Version version : versions<kafka::MetadataResponse>()) {
    context.now += std::chrono::hours(1);
    EXPECT_EQ(errors(version), all_well);
    ASSERT_EQ(asked.size(), 2U);
    const auto question = this->question<kafka::DescribeConfigsRequest>(1);
    ASSERT_EQ(question.resources.size(), 1U) << "log is keyed, and nobody cares about plain";
    EXPECT_EQ(question.resources[0].resource_name, "orders");
    EXPECT_EQ(question.resources[0].configuration_keys, std::vector<std::string>{"cleanup.policy"});

    EXPECT_EQ(errors(version), all_well);
    EXPECT_EQ(asked.size(), 1U);
  }
}

TEST_F(Compaction, OfAVirtualTopicIsRefusedUntilItEnds) {
  for (const std::string policy : {"compact", "compact,delete"}) {
    will_say(policy);
    context.now += Policies::good_for;
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(errors(), orders_refused);
      ASSERT_EQ(unfit.size(), 1U);
      EXPECT_TRUE(unfit[0].compacted);
    }
    will_say("delete");
    EXPECT_EQ(errors(), orders_refused);
    context.now += Policies::good_for;
    EXPECT_EQ(errors(), all_well);
  }
}

TEST_F(Compaction, HidesATopicFromWhoAsksForAll) {
  will_say("compact");
  for (const Version version : versions<kafka::MetadataResponse>()) {
    kafka::MetadataRequest all;
    if (version == 0) all.topics.emplace();
    const auto answer = ask<kafka::MetadataResponse>(all, version);

    ASSERT_EQ(answer.topics.size(), 2U) << version;
    EXPECT_EQ(answer.topics[0].name, "log");
    EXPECT_EQ(answer.topics[1].name, "plain");
    EXPECT_EQ(unfit.size(), 1U);
    unfit.clear();
  }
}

TEST_F(Compaction, IsAskedForAgainWhereTheTopicIsAnother) {
  will_say("compact");
  EXPECT_EQ(errors(), orders_refused);
  will_say("delete");
  kafka::MetadataResponse metadata;
  auto& topic = metadata.topics.emplace_back();
  topic.name = "orders";
  topic.topic_id = {9, 9};
  topic.partitions.resize(2);
  topic.partitions[1].partition_index = 1;
  will_answer(metadata);

  EXPECT_EQ(errors(), std::vector<std::int16_t>{0});
}

TEST_F(Compaction, ThatTheClientMayNotSeeIsLetThroughAndToldOnce) {
  will_say("", kafka::error::topic_authorization_failed);
  EXPECT_EQ(errors(), all_well);
  EXPECT_EQ(policies.take_hidden(), "orders");
  context.now += Policies::good_for;
  EXPECT_EQ(errors(), all_well);
  EXPECT_EQ(policies.take_hidden(), std::nullopt);
}

TEST_F(Compaction, ThatOneClientHasSeenStaysKnownToWhoMayNot) {
  will_say("compact");
  EXPECT_EQ(errors(), orders_refused);
  will_say("", kafka::error::topic_authorization_failed);
  context.now += Policies::good_for;
  EXPECT_EQ(errors(), orders_refused);
}

TEST_F(Compaction, IsSeenWherePartitionsAreDescribedInPages) {
  will_say("compact");
  kafka::DescribeTopicPartitionsResponse described;
  auto& topic = described.topics.emplace_back();
  topic.name = "orders";
  topic.partitions.resize(2);
  topic.partitions[1].partition_index = 1;
  will_answer(described);

  kafka::DescribeTopicPartitionsRequest request;
  EXPECT_TRUE(ask<kafka::DescribeTopicPartitionsResponse>(request, Version{0}).topics.empty()) << "all were asked for";
  request.topics.emplace_back().name = "orders";
  const auto answer = ask<kafka::DescribeTopicPartitionsResponse>(request, Version{0});

  EXPECT_EQ(answer.topics.at(0).error_code, kafka::error::invalid_topic);
  EXPECT_TRUE(answer.topics[0].partitions.empty());
}

TEST_F(Compaction, IsAskedForWhileTheAnswerKeepsWhatIsUnknownInIt) {
  const Bytes unknown(300, 7);
  kafka::MetadataResponse metadata;
  auto& topic = metadata.topics.emplace_back();
  topic.name = "orders";
  topic.partitions.resize(2);
  topic.partitions[1].partition_index = 1;
  topic.unknown_tags = {{99, unknown}};
  will_answer(metadata);

  const auto answer = ask<kafka::MetadataResponse>(kafka::MetadataRequest{}, Version{12});

  EXPECT_EQ(asked.size(), 2U);
  ASSERT_EQ(answer.topics.at(0).unknown_tags.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(answer.topics[0].unknown_tags[0].bytes, unknown));
}

TEST(Translate, BeginsWithAnyRequestAndTakesAnyAnswer) {
  std::map<std::int16_t, kafka::MessageInfo> requests;
  std::map<std::int16_t, kafka::MessageInfo> responses;
  for (const kafka::AnyMessage& message : kafka::all_messages()) {
    const auto described = message.describe();
    (described.name.ends_with("Request") ? requests : responses)[described.key] = described;
  }
  config::PartitionMapping config;
  config.virtual_partitions = 6;
  config.physical_partitions = 2;
  config.topics.emplace_back().topic = "[a-m].*";
  TopicIds ids;
  Policies policies;
  Skips skips;
  Turns turns;
  const Context context{std::make_shared<Mapping>(config), &ids, &skips, &turns, 3, nullptr, nullptr, &policies};
  for (const kafka::ApiRange& api : translated_apis()) {
    for (Version version = api.min; version <= api.max; ++version) {
      for (std::uint32_t seed = 0; seed < 4; ++seed) {
        SCOPED_TRACE(std::to_string(api.key) + " v" + std::to_string(version) + " seed " + std::to_string(seed));
        Bytes frame = kafka::open_request(api.key, version, 1, "me");
        const Bytes body = kafka::sample::body(requests.at(api.key), version, seed);
        frame.insert(frame.end(), body.begin(), body.end());
        auto exchange = translate(context, kafka::seal_frame(std::move(frame)));
        ASSERT_TRUE(exchange) << exchange.error().message;
        auto step = (*exchange)->begin();
        for (std::uint32_t round = 0; step && step->kind == Step::Kind::Ask; ++round) {
          ASSERT_LT(round, 10U);
          std::vector<Bytes> answers;
          for (const Ask& ask : step->asks) {
            if (!ask.answered) continue;
            Bytes answer = kafka::open_response(ask.key, ask.version, 1);
            const Bytes said = kafka::sample::body(responses.at(ask.key), ask.version, seed + round);
            answer.insert(answer.end(), said.begin(), said.end());
            answers.push_back(kafka::seal_frame(std::move(answer)));
          }
          step = (*exchange)->proceed(std::move(answers));
        }
        if (!step || step->kind != Step::Kind::Answer || !step->answer) continue;
        Bytes answer = step->answer->whole();
        const auto tags = kafka::response_header_tags(api.key, version, BytesView(answer).subspan(8));
        ASSERT_TRUE(tags);
        const BytesView rest = BytesView(answer).subspan(8 + *tags);
        for (const kafka::AnyMessage& message : kafka::all_messages()) {
          const auto described = message.describe();
          if (described.key == api.key && described.name.ends_with("Response")) {
            EXPECT_TRUE(message.transcode(rest, version)) << "the client can read what it gets";
          }
        }
      }
    }
  }
}

TEST(Translate, RefusesVersionsThatItCanNotRead) {
  TopicIds ids;
  Skips skips;
  Turns turns;
  const Context context{std::make_shared<Mapping>(config::PartitionMapping{}), &ids, &skips, &turns, 3};
  const auto exchange = translate(context, kafka::seal_frame(kafka::open_request(1, 3, 1, "me")));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code, Errc::Unsupported);
}

}  // namespace
}  // namespace kp::virt
