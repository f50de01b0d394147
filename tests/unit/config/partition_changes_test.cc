#include "config/partition_changes.h"

#include <gtest/gtest.h>

#include <functional>

namespace kp::config {
namespace {

PartitionMapping some_mapping() {
  PartitionMapping mapping;
  mapping.virtual_partitions = 100;
  mapping.physical_partitions = 10;
  for (const char* topic : {"orders", "iot.*", "log", "late.*"}) mapping.topics.emplace_back().topic = topic;
  mapping.topics[2].compacted = "keyed";
  mapping.topics[2].virtual_partitions = 50;
  return mapping;
}

std::vector<std::string> refused(const std::function<void(PartitionMapping&)>& edit) {
  PartitionMapping after = some_mapping();
  edit(after);
  std::vector<std::string> paths;
  for (const auto& each : partition_refusals(some_mapping(), after)) paths.push_back(each.path);
  return paths;
}

using Paths = std::vector<std::string>;

TEST(PartitionRefusals, LetTopicsComeAndGrow) {
  EXPECT_EQ(refused([](auto&) {}), Paths{});
  EXPECT_EQ(refused([](auto& m) { m.virtual_partitions = 200; }), Paths{});
  EXPECT_EQ(refused([](auto& m) { m.topics[0].virtual_partitions = 110; }), Paths{});
  EXPECT_EQ(refused([](auto& m) { m.topics.emplace_back().topic = "new"; }), Paths{});
  EXPECT_EQ(refused([](auto& m) { m.topics.emplace_back().topic = "new.*"; }), Paths{});
  EXPECT_EQ(refused([](auto& m) { std::swap(m.topics[0], m.topics[1]); }), Paths{});
  EXPECT_TRUE(partition_refusals(std::nullopt, some_mapping()).empty());
}

TEST(PartitionRefusals, NameTheNumberThatShrinksOrTheOneThatChanges) {
  EXPECT_EQ(refused([](auto& m) { m.virtual_partitions = 50; }), Paths{"partition_mapping.virtual_partitions"});
  EXPECT_EQ(refused([](auto& m) { m.topics[0].virtual_partitions = 50; }),
            Paths{"partition_mapping.topics.orders.virtual_partitions"});
  EXPECT_EQ(refused([](auto& m) { m.topics[0].physical_partitions = 20; }),
            Paths{"partition_mapping.topics.orders.physical_partitions"});
}

TEST(PartitionRefusals, KeepKeysWhereTheyAre) {
  EXPECT_EQ(refused([](auto& m) { m.topics[2].virtual_partitions = 60; }),
            Paths{"partition_mapping.topics.log.virtual_partitions"});
}

TEST(PartitionRefusals, KeepWhatHasRecords) {
  EXPECT_EQ(refused([](auto& m) { m.topics.erase(m.topics.begin()); }), Paths{"partition_mapping.topics.orders"});
  const auto gone = partition_refusals(some_mapping(), std::nullopt);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].path, "partition_mapping");
}

TEST(PartitionRefusals, KeepTheOrderOfPatterns) {
  EXPECT_EQ(refused([](auto& m) { std::swap(m.topics[1], m.topics[3]); }), Paths{"partition_mapping.topics"});
  EXPECT_EQ(refused([](auto& m) { m.topics.emplace(m.topics.begin())->topic = "i.*"; }),
            Paths{"partition_mapping.topics"});
}

TEST(PartitionRefusals, CompareAnExactNameWithThePatternThatStoodForIt) {
  const auto add = [](std::int32_t partitions) {
    return [partitions](PartitionMapping& m) {
      m.topics.emplace_back().topic = "iot.x";
      m.topics.back().virtual_partitions = partitions;
    };
  };
  EXPECT_EQ(refused(add(200)), Paths{});
  EXPECT_EQ(refused(add(50)), Paths{"partition_mapping.topics.iot.x.virtual_partitions"});
}

}  // namespace
}  // namespace kp::config
