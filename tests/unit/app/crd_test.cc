#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "api/kafka_proxy.h"
#include "app/yaml.h"

namespace kp::app {
namespace {

using kube::Json;

Json schema() {
  std::ostringstream text;
  text << std::ifstream(KP_SOURCE_DIR "/crds/kafkaproxies.kafkaproxy.dev.yaml").rdbuf();
  const auto documents = read_yaml(text.str());
  if (!documents || documents->size() != 1) return nullptr;
  return documents->front()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
}

/// For every leaf of `node`: an object that holds nothing else, null there.
void add_leaves(const Json& node, const Json::json_pointer& at, std::vector<Json>& out) {
  if (node.contains("properties")) {
    for (const auto& [key, child] : node["properties"].items()) add_leaves(child, at / key, out);
    if (!node["properties"].empty()) return;
  }
  if (node.contains("items") && node["items"].contains("properties")) return add_leaves(node["items"], at / 0, out);
  Json object = Json::object();
  object[at] = nullptr;
  out.push_back(std::move(object));
}

TEST(TheCrd, HasNoFieldThatTheOperatorDoesNotKnow) {
  std::vector<Json> leaves;
  add_leaves(schema()["spec"], Json::json_pointer("/spec"), leaves);
  ASSERT_GT(leaves.size(), 50U);
  for (const Json& leaf : leaves) EXPECT_TRUE(api::parse(leaf).unknown.empty()) << leaf;
}

TEST(TheCrd, DescribesEveryFieldOfTheSpecOrWhatIsInIt) {
  std::vector<std::pair<std::string, Json>> open{{"spec", schema()["spec"]}};
  while (!open.empty()) {
    const auto [path, node] = open.back();
    open.pop_back();
    const bool plain = path.ends_with("labels") || path.ends_with("annotations") ||
                       path.find("loadBalancer") != path.npos || path.ends_with("externalTrafficPolicy") ||
                       path.ends_with("ipv4") || path.ends_with("ipv6");
    EXPECT_TRUE(plain || node.contains("description")) << path;
    if (node.contains("properties"))
      for (const auto& [key, child] : node["properties"].items()) open.emplace_back(path + "." + key, child);
  }
}

TEST(TheCrd, HasEveryFieldOfTheStatus) {
  api::Status status;
  status.conditions = {{"Ready", api::Truth::True, "Ready"}};
  status.mode = status.generation = status.config_hash = status.programmed = status.selector = "x";
  status.bootstrap_servers = status.learned_from = "x";
  status.addresses = {"x"};
  status.brokers = {{1, "x", "y"}};
  status.refused = api::Refused{"x", "y", "z", {}};
  const Json known = schema()["status"]["properties"];
  const Json written = api::to_json(status);
  for (const auto& [key, value] : written.items()) {
    ASSERT_TRUE(known.contains(key)) << key;
    const Json& part = value.is_array() ? value[0] : value;
    const Json& node = value.is_array() ? known[key]["items"] : known[key];
    if (!part.is_object()) continue;
    for (const auto& [inner, ignored] : part.items())
      EXPECT_TRUE(node["properties"].contains(inner)) << key << "." << inner;
  }
}

}  // namespace
}  // namespace kp::app
