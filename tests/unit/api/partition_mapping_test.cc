#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/api/spec_with.h"

namespace kp::api {
namespace {

Parsed with(const char* mapping, const char* patch = "{}") { return spec_with("partitionMapping", mapping, patch); }

TEST(PartitionMapping, IsReadInTheOrderOfItsTopics) {
  const Parsed parsed = with(R"({"virtualPartitions": 100, "physicalPartitions": 10, "resumeAtLogStart": false,
                                 "tailCacheBytes": 4096, "topics": [{"name": "z.*", "filler": "none"}, {"name": "a.*", "compacted": "keyed"},
                                            {"name": "m", "virtualPartitions": 40, "physicalPartitions": 20}]})");
  ASSERT_EQ(errors(parsed), "");
  const config::PartitionMapping wanted{
      100,
      10,
      false,
      4096,
      {{"z.*", {}, {}, "none", ""}, {"a.*", {}, {}, "control", "keyed"}, {"m", 40, 20, "control", ""}}};
  EXPECT_EQ(parsed.proxy.spec.partition_mapping, wanted);
  EXPECT_TRUE(parsed.unknown.empty());
}

TEST(PartitionMapping, HasTheDefaultsOfAFile) {
  const Parsed parsed = with(R"({"virtualPartitions": 4, "physicalPartitions": 2, "topics": [{"name": "t"}]})");
  ASSERT_EQ(errors(parsed), "");
  EXPECT_TRUE(parsed.proxy.spec.partition_mapping->resume_at_log_start);
  EXPECT_EQ(parsed.proxy.spec.partition_mapping->tail_cache_bytes, 0U);
  config::TopicPartitions topic;
  topic.topic = "t";
  EXPECT_EQ(parsed.proxy.spec.partition_mapping->topics.at(0), topic);
}

struct Wrong {
  const char* mapping;
  const char* patch;
  const char* said;
};

class WrongPartitionMapping : public testing::TestWithParam<Wrong> {};

TEST_P(WrongPartitionMapping, IsToldWithItsPlace) {
  EXPECT_THAT(errors(with(GetParam().mapping, GetParam().patch)), testing::HasSubstr(GetParam().said));
}

constexpr const char* counts = R"({"spec": {"partitionMapping": {"virtualPartitions": 4, "physicalPartitions": 2}}})";

INSTANTIATE_TEST_SUITE_P(
    All, WrongPartitionMapping,
    testing::Values(
        Wrong{R"({"physicalPartitions": 2})", "{}", "spec.partitionMapping.virtualPartitions is missing"},
        Wrong{R"({"virtualPartitions": 2})", "{}", "spec.partitionMapping.physicalPartitions is missing"},
        Wrong{R"({"virtualPartitions": 0})", "{}", "spec.partitionMapping.virtualPartitions must be from 1 to"},
        Wrong{R"({"tailCacheBytes": -1})", counts, "spec.partitionMapping.tailCacheBytes must be from 0 to"},
        Wrong{"{}", counts, "spec.partitionMapping.topics is missing"},
        Wrong{R"({"topics": []})", counts, "spec.partitionMapping.topics names no topic"},
        Wrong{R"({"topics": ["t"]})", counts, "spec.partitionMapping.topics[0] must be an object"},
        Wrong{R"({"topics": [{}]})", counts, "spec.partitionMapping.topics[0].name is missing"},
        Wrong{R"({"topics": [{"name": "t"}, {"name": "t"}]})", counts, "topics[1].name stands twice"},
        Wrong{R"({"topics": [{"name": "t", "virtualPartitions": 0}]})", counts, "topics[0].virtualPartitions must"},
        Wrong{R"({"topics": [{"name": "t", "physicalPartitions": "2"}]})", counts, "topics[0].physicalPartitions must"},
        Wrong{R"({"topics": [{"name": "t", "filler": "some"}]})", counts, "topics[0].filler must be one of control"},
        Wrong{R"({"topics": [{"name": "t", "compacted": "yes"}]})", counts, "topics[0].compacted must be keyed"},
        Wrong{R"({"virtualPartitions": 4, "physicalPartitions": 2, "topics": [{"name": "t"}]})",
              R"({"spec": {"httpProduce": {}}})", "spec.httpProduce would write to upstream past partitionMapping"}));

}  // namespace
}  // namespace kp::api
