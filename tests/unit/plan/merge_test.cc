#include "plan/merge.h"

#include <gtest/gtest.h>

namespace kp::plan {
namespace {

using kube::Json;

Json merged(const char* ours, const char* theirs) { return merge_pod_template(Json::parse(ours), Json::parse(theirs)); }

TEST(MergePodTemplate, MergesMaps) {
  EXPECT_EQ(merged(R"({"a": {"x": 1, "y": 2}})", R"({"a": {"y": 3, "z": 4}})"),
            Json::parse(R"({"a": {"x": 1, "y": 3, "z": 4}})"));
}

TEST(MergePodTemplate, MergesContainersByName) {
  EXPECT_EQ(merged(R"({"containers": [{"name": "kafkaproxy", "image": "a", "env": [{"name": "X", "value": "1"}]}]})",
                   R"({"containers": [{"name": "kafkaproxy", "env": [{"name": "Y"}]}, {"name": "sidecar"}]})"),
            Json::parse(R"({"containers": [{"name": "kafkaproxy", "image": "a",
                            "env": [{"name": "X", "value": "1"}, {"name": "Y"}]}, {"name": "sidecar"}]})"));
}

TEST(MergePodTemplate, ReplacesOtherLists) {
  EXPECT_EQ(merged(R"({"tolerations": [{"key": "a"}]})", R"({"tolerations": []})"),
            Json::parse(R"({"tolerations": []})"));
}

TEST(MergePodTemplate, RemovesByNull) {
  EXPECT_EQ(merged(R"({"a": 1, "b": 2})", R"({"a": null})"), Json::parse(R"({"b": 2})"));
}

TEST(MergePodTemplate, TakesTheirsWhereTheKindsDiffer) {
  EXPECT_EQ(merged(R"({"containers": [{"name": "a"}]})", R"({"containers": ["b"]})"),
            Json::parse(R"({"containers": [{"name": "a"}, "b"]})"));
}

}  // namespace
}  // namespace kp::plan
