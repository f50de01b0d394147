#include "proxy/describe_virtual.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "kafka/errors.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/02_list_offsets.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/09_offset_fetch.h"
#include "kafka/messages/16_list_groups.h"
#include "unit/proxy/running_proxy.h"
#include "unit/virtual/batches.h"
#include "virtual/shadow.h"

/// `kafkaproxy virtual describe` before a broker of which real ones are no example. The topic "t" has four partitions
/// on two; in physical 0 stand five records of group 0 and five of group 1, from offset 10 on.
namespace kp::proxy {
namespace {

using kafka::OffsetFetchResponse;
using test::FakeBroker;

template <class Message>
Message body_of(const FakeBroker::Request& request) {
  auto decoded = kafka::decode<Message>(BytesView(request.frame).subspan(*kafka::request_body(request.frame)),
                                        request.head.api_version);
  EXPECT_TRUE(decoded);
  return decoded ? std::move(*decoded) : Message{};
}

template <class Message>
void reply(const FakeBroker::Request& request, const Message& message) {
  Bytes body;
  encode(message, request.head.api_version, body);
  request.reply(body);
}

class DescribeVirtual : public RunningProxy {
 protected:
  DescribeVirtual() {
    auto& mapping = config.partition_mapping.emplace();
    mapping.virtual_partitions = 4;
    mapping.physical_partitions = 2;
    mapping.topics.emplace_back().topic = "t";
    broker.on(kafka::MetadataRequest::key, [this](const auto& request) { reply(request, topic()); });
    broker.on(kafka::ListOffsetsRequest::key, [](const auto& request) { reply(request, offsets(request)); });
    broker.on(kafka::FetchRequest::key, [](const auto& request) { reply(request, records()); });
    broker.on(kafka::ListGroupsRequest::key, [this](const auto& request) { reply(request, groups); });
    broker.on(kafka::OffsetFetchRequest::key, [this](const auto& request) { reply(request, commits_of(request)); });
  }

  std::string described() const {
    auto told = describe_virtual(config, "t");
    return told ? *told : "error: " + told.error().message;
  }

  void add_group(const std::string& name) { groups.groups.emplace_back().group_id = name; }

  kafka::ListGroupsResponse groups;
  std::map<std::string, std::int64_t> commits;  ///< group, shadows too → offset in physical 0
  std::map<std::string, std::int16_t> refused;  ///< group → error
  std::mutex mutex;
  std::vector<std::size_t> asked;  ///< groups in each OffsetFetch; under `mutex`

 private:
  kafka::MetadataResponse topic() const {
    kafka::MetadataResponse response;
    response.brokers.push_back({id, broker.address().host, broker.address().port, std::nullopt, {}});
    auto& named = response.topics.emplace_back();
    named.name = "t";
    for (std::int32_t p = 0; p < 2; ++p) {
      auto& partition = named.partitions.emplace_back();
      partition.partition_index = p;
      partition.leader_id = id;
    }
    return response;
  }

  static kafka::ListOffsetsResponse offsets(const FakeBroker::Request& request) {
    const auto question = body_of<kafka::ListOffsetsRequest>(request);
    const auto& wanted = question.topics.at(0).partitions.at(0);
    kafka::ListOffsetsResponse response;
    auto& added = response.topics.emplace_back();
    added.name = "t";
    auto& partition = added.partitions.emplace_back();
    partition.partition_index = wanted.partition_index;
    if (wanted.partition_index == 0) partition.offset = wanted.timestamp == -1 ? 20 : 10;
    return response;
  }

  static kafka::FetchResponse records() {
    static const Bytes batches = [] {
      Bytes out = virt::sample::batch(virt::sample::stored(0, 10, 4));
      virt::sample::append(out, virt::sample::batch(virt::sample::stored(1, 15, 4)));
      return out;
    }();
    kafka::FetchResponse response;
    auto& added = response.responses.emplace_back();
    added.topic = "t";
    added.partitions.emplace_back().records = kafka::Records{batches};
    return response;
  }

  OffsetFetchResponse commits_of(const FakeBroker::Request& request) {
    const auto question = body_of<kafka::OffsetFetchRequest>(request);
    {
      const std::lock_guard lock(mutex);
      asked.push_back(question.groups.size());
    }
    OffsetFetchResponse response;
    for (const auto& each : question.groups) {
      auto& group = response.groups.emplace_back();
      group.group_id = each.group_id;
      if (const auto error = refused.find(each.group_id); error != refused.end()) group.error_code = error->second;
      if (group.error_code != 0) continue;
      auto& told = group.topics.emplace_back();
      told.name = "t";
      for (const std::int32_t p : each.topics->at(0).partition_indexes) {
        const auto commit = commits.find(each.group_id);
        auto& partition = told.partitions.emplace_back();
        partition.partition_index = p;
        partition.committed_offset = commit == commits.end() || p != 0 ? -1 : commit->second;
      }
    }
    return response;
  }
};

/// The rows of a group.
std::string row(int partition, int committed, int lag) {
  return fmt::format("{:>9} {:>14} {:>14}\n", partition, committed, lag);
}

TEST_F(DescribeVirtual, FindsOneAmongThousandsOfGroupsAFewAtATime) {
  for (int i = 0; i < 12'000; ++i) add_group("group-" + std::to_string(i));
  const std::string shadow = *virt::shadow_group("group-7", 1);
  add_group(shadow);
  commits = {{"group-7", 12}, {shadow, 17}};

  const std::string told = described();

  EXPECT_NE(told.find("consumer group group-7: 6 records behind\n"), std::string::npos) << told;
  EXPECT_NE(told.find(row(0, 12, 3) + row(2, 17, 3)), std::string::npos) << told;
  EXPECT_EQ(told.find("group-8"), std::string::npos);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(asked, (std::vector<std::size_t>{5000, 5000, 2001}));
}

TEST_F(DescribeVirtual, KnowsNoPartitionsThatAreNot) {
  const std::string shadow = *virt::shadow_group("g", 2);
  add_group(shadow);
  commits[shadow] = 12;

  EXPECT_EQ(described().find("consumer group"), std::string::npos);
}

TEST_F(DescribeVirtual, CountsWhatIsThereWhereACommitLiesOutsideOfTheLog) {
  for (const char* const name : {"before", "behind"}) add_group(name);
  commits = {{"before", 3}, {"behind", 99}};

  const std::string told = described();

  EXPECT_NE(told.find(row(0, 3, 5)), std::string::npos) << told;
  EXPECT_NE(told.find(row(0, 99, 0)), std::string::npos) << told;
}

TEST_F(DescribeVirtual, LeavesNoGroupOutInSilence) {
  add_group("secret");
  refused["secret"] = kafka::error::group_authorization_failed;
  EXPECT_NE(described().find("consumer group secret: not all of its offsets are known, error 30\n"), std::string::npos);

  groups.error_code = kafka::error::coordinator_load_in_progress;
  EXPECT_EQ(described(), "error: " + to_string(broker.address()) + ": doesn't know its consumer groups now, error 14");
}

TEST_F(DescribeVirtual, PrintsNoGroupsNameThatMovesACursor) {
  add_group("\x1b[2Jg\n1");
  commits["\x1b[2Jg\n1"] = 20;

  EXPECT_NE(described().find("consumer group ?[2Jg?1: 0 records behind\n"), std::string::npos);
}

TEST_F(DescribeVirtual, NamesABrokerThatIsNotThereOnce) {
  const HostPort nobody{"127.0.0.1", base_};
  config.upstream->bootstrap_servers = {nobody};

  EXPECT_EQ(described(), "error: " + to_string(nobody) + ": connect 127.0.0.1: Connection refused");
}

TEST_F(DescribeVirtual, SaysWhatToDoWhereOnlyClientsCanLogIn) {
  config.upstream->security_protocol = config::SecurityProtocol::SaslPlaintext;

  EXPECT_NE(described().find("add auth_swap.upstream_credentials"), std::string::npos);
}

TEST_F(DescribeVirtual, SaysWhichTopicsAreVirtual) {
  const auto told = describe_virtual(config, "plain");
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message, "plain is not virtual: partition_mapping.topics doesn't name it");
}

}  // namespace
}  // namespace kp::proxy
