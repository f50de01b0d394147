#include "virtual/mapping.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace kp::virt {
namespace {

config::PartitionMapping some_config() {
  config::PartitionMapping config;
  config.virtual_partitions = 100;
  config.physical_partitions = 10;
  const auto add = [&](const char* topic, std::optional<std::int32_t> partitions) -> config::TopicPartitions& {
    auto& entry = config.topics.emplace_back();
    entry.topic = topic;
    entry.virtual_partitions = partitions;
    return entry;
  };
  add("iot.*", {}).filler = "none";
  add("iot\\.x.*", 30);
  auto& orders = add("orders", 200);
  orders.physical_partitions = 20;
  orders.compacted = "keyed";
  add("iot.exact", 40);
  add(".*offsets", 50);
  return config;
}

TEST(TopicRule, GivesEachVirtualPartitionItsOwnPlace) {
  const TopicRule rule{60, 12};
  std::set<std::pair<std::int32_t, std::int32_t>> places;
  for (std::int32_t v = 0; v < 60; ++v) {
    EXPECT_EQ(rule.virtual_of(rule.group_of(v), rule.physical_of(v)), v);
    EXPECT_LT(rule.group_of(v), rule.groups());
    places.emplace(rule.group_of(v), rule.physical_of(v));
  }
  EXPECT_EQ(places.size(), 60U);
  EXPECT_FALSE(rule.has(60));
  EXPECT_FALSE(rule.has(-1));
}

TEST(TopicRule, KeepsWhereAPartitionStandsWhenThereAreMore) {
  const TopicRule before{60, 12};
  const TopicRule after{120, 12};
  for (std::int32_t v = 0; v < 60; ++v) {
    EXPECT_EQ(before.group_of(v), after.group_of(v));
    EXPECT_EQ(before.physical_of(v), after.physical_of(v));
  }
}

TEST(MappingFind, TakesTheExactNameBeforeThePatternsInTheirOrder) {
  const Mapping mapping(some_config());

  EXPECT_EQ(mapping.find("iot.exact")->virtual_partitions, 40);
  EXPECT_EQ(mapping.find("iot.x1")->virtual_partitions, 100);
  EXPECT_EQ(*mapping.find("orders"), (TopicRule{200, 20, true, true}));
  EXPECT_FALSE(mapping.find("iot.x1")->filler);
  EXPECT_EQ(mapping.most_groups(), 10);
}

TEST(MappingFind, MatchesWholeNames) {
  const Mapping mapping(some_config());

  EXPECT_EQ(mapping.find("my-iot.x"), nullptr);
  EXPECT_EQ(mapping.find("orders2"), nullptr);
}

TEST(MappingFind, NeverMakesKafkasOwnTopicsVirtual) {
  const Mapping mapping(some_config());

  EXPECT_EQ(mapping.find("__consumer_offsets"), nullptr);
  EXPECT_NE(mapping.find("my_offsets"), nullptr);
}

TEST(MappingFitsVirtual, LooksAtNamesOfTheConfigurationAndAtThoseSeen) {
  const Mapping mapping(some_config());

  EXPECT_TRUE(mapping.fits_virtual("ord.*", {}));
  EXPECT_FALSE(mapping.fits_virtual("plain.*", {"plain-1", "iot-7"}));
  EXPECT_TRUE(mapping.fits_virtual(".*-7", {"plain-1", "iot-7"}));
  EXPECT_TRUE(mapping.fits_virtual("(", {}));
}

}  // namespace
}  // namespace kp::virt
