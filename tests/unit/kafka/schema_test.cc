#include "kafka/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kafka/messages/all.h"

/// Our tables against the message descriptions inside Kafka's jar.
namespace kp::kafka {
namespace {

using nlohmann::json;

std::string folder() {
  const char* path = std::getenv("KP_KAFKA_MESSAGES");
  return path == nullptr ? "" : path;
}

class Schema : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_FALSE(folder().empty())
        << "KP_KAFKA_MESSAGES names no folder of message descriptions; `make test` extracts one and sets it";
    ASSERT_TRUE(std::filesystem::is_directory(folder())) << folder() << " is no folder";
  }
};

json load(const std::string& message) {
  std::ifstream file(folder() + "/" + message + ".json");
  return json::parse(file, nullptr, true, true);
}

// "0+", "4-18", "3", "none"
Versions parse_versions(const std::string& text) {
  if (text.empty() || text == "none") return never;
  const auto first = static_cast<Version>(std::stoi(text));
  if (text.ends_with('+')) return since(first);
  const auto dash = text.find('-');
  return dash == std::string::npos ? only(first)
                                   : between(first, static_cast<Version>(std::stoi(text.substr(dash + 1))));
}

Version first_flexible(const json& message) {
  const Versions versions = parse_versions(message.value("flexibleVersions", "none"));
  return versions == never ? never_flexible : versions.min;
}

std::string show(Versions versions) { return std::to_string(versions.min) + "…" + std::to_string(versions.max); }

std::string our_type(const std::string& type) {
  static const std::set<std::string> primitive{"bool",  "int8",   "int16", "uint16",  "int32",
                                               "int64", "string", "uuid",  "records", "bytes"};
  const bool array = type.starts_with("[]");
  const std::string element = array ? type.substr(2) : type;
  return (array ? "[]" : "") + (primitive.contains(element) ? element : "struct");
}

/// The fields of each struct that a message names instead of spelling it out.
using CommonStructs = std::map<std::string, json>;

void expect_same(const std::vector<FieldInfo>& ours, const json& theirs, const CommonStructs& common,
                 const std::string& path);

json inner_fields(const json& field, const CommonStructs& common) {
  const auto type = field.at("type").get<std::string>();
  const auto named = common.find(type.starts_with("[]") ? type.substr(2) : type);
  return named == common.end() ? field.value("fields", json::array()) : named->second;
}

void expect_same(const FieldInfo& ours, const json& theirs, const CommonStructs& common, const std::string& path) {
  const std::string where = path + "." + ours.name;
  EXPECT_EQ(ours.name, theirs.at("name").get<std::string>()) << path;
  EXPECT_EQ(ours.type, our_type(theirs.at("type").get<std::string>())) << where;
  EXPECT_EQ(show(ours.versions), show(parse_versions(theirs.at("versions").get<std::string>()))) << where;
  EXPECT_EQ(show(ours.nullable), show(parse_versions(theirs.value("nullableVersions", "none")))) << where;
  EXPECT_EQ(ours.tag, theirs.value("tag", untagged)) << where;
  if (theirs.contains("taggedVersions")) {
    EXPECT_EQ(show(ours.versions), show(parse_versions(theirs.at("taggedVersions").get<std::string>()))) << where;
  }
  EXPECT_FALSE(theirs.contains("flexibleVersions")) << where << ": not known to our tables";
  expect_same(ours.fields, inner_fields(theirs, common), common, where);
}

void expect_same(const std::vector<FieldInfo>& ours, const json& theirs, const CommonStructs& common,
                 const std::string& path) {
  ASSERT_EQ(ours.size(), theirs.size()) << path;
  for (std::size_t i = 0; i < ours.size(); ++i) expect_same(ours[i], theirs.at(i), common, path);
}

CommonStructs common_structs(const json& message) {
  CommonStructs common;
  for (const json& each : message.value("commonStructs", json::array())) {
    common[each.at("name").get<std::string>()] = each.at("fields");
  }
  return common;
}

TEST_F(Schema, EveryTableIsKafkas) {
  for (const AnyMessage& message : all_messages()) {
    const MessageInfo ours = message.describe();
    const json theirs = load(std::string(ours.name));

    EXPECT_EQ(ours.key, theirs.at("apiKey").get<int>()) << ours.name;
    EXPECT_EQ(show(ours.versions), show(parse_versions(theirs.at("validVersions").get<std::string>()))) << ours.name;
    EXPECT_EQ(ours.first_flexible, first_flexible(theirs)) << ours.name;
    expect_same(ours.fields, theirs.at("fields"), common_structs(theirs), std::string(ours.name));
  }
}

TEST_F(Schema, WhatWeRewriteIsKnownUpToKafkasNewestVersion) {
  std::map<std::int16_t, Versions> tables;
  for (const AnyMessage& message : all_messages()) {
    const MessageInfo described = message.describe();
    if (described.name.ends_with("Response")) tables[described.key] = described.versions;
  }
  for (const Api& api : apis()) {
    if (!api.rewritten()) continue;
    ASSERT_TRUE(tables.contains(api.key)) << api.name;
    EXPECT_EQ(api.rewriting.max, tables[api.key].max) << api.name;
    EXPECT_TRUE(tables[api.key].contain(api.rewriting.min)) << api.name;
  }
}

// Requests and responses of every API of the jar, by key.
std::map<int, std::map<std::string, json>> descriptions() {
  std::map<int, std::map<std::string, json>> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() != ".json") continue;
    json message = load(entry.path().stem().string());
    if (!message.contains("apiKey")) continue;
    const auto type = message.at("type").get<std::string>();
    if (type != "request" && type != "response") continue;
    const int key = message.at("apiKey").get<int>();
    found[key][type] = std::move(message);
  }
  return found;
}

TEST_F(Schema, TheTableOfApisIsKafkas) {
  const auto described = descriptions();
  ASSERT_EQ(described.size(), apis().size());
  for (const auto& [key, messages] : described) {
    const Api* api = find_api(static_cast<std::int16_t>(key));
    ASSERT_NE(api, nullptr) << key;
    EXPECT_EQ(std::string(api->name) + "Request", messages.at("request").at("name").get<std::string>());
    if (messages.at("request").at("validVersions").get<std::string>() == "none") continue;  // left with ZooKeeper
    EXPECT_EQ(api->flexible_request, first_flexible(messages.at("request"))) << api->name;
    EXPECT_EQ(api->flexible_response, first_flexible(messages.at("response"))) << api->name;
  }
}

bool holds_endpoint(const json& fields) {
  std::set<std::string> names;
  for (const json& field : fields) {
    names.insert(field.at("name").get<std::string>());
    if (holds_endpoint(field.value("fields", json::array()))) return true;
  }
  return names.contains("Host") && names.contains("Port");
}

bool carries_endpoint(const json& message) {
  if (holds_endpoint(message.value("fields", json::array()))) return true;
  for (const json& common : message.value("commonStructs", json::array())) {
    if (holds_endpoint(common.at("fields"))) return true;
  }
  return false;
}

TEST_F(Schema, EveryResponseWithHostAndPortIsRewrittenOrHasAReasonNotToBe) {
  const std::map<std::string, std::string> exempt{
      {"Vote", "between controllers"},
      {"BeginQuorumEpoch", "between controllers"},
      {"EndQuorumEpoch", "between controllers"},
      {"FetchSnapshot", "between controllers"},
      {"UpdateRaftVoter", "between controllers"},
      {"DescribeQuorum", "controllers' own listeners, shown to people, not connected to by clients"},
      {"StreamsGroupHeartbeat", "the application's own endpoint for its interactive queries"},
      {"StreamsGroupDescribe", "the application's own endpoint for its interactive queries"},
  };
  std::set<std::string> unexplained;
  std::set<std::string> seen;
  for (const auto& [key, messages] : descriptions()) {
    if (!carries_endpoint(messages.at("response"))) continue;
    const std::string name(api_name(static_cast<std::int16_t>(key)));
    seen.insert(name);
    const Api* api = find_api(static_cast<std::int16_t>(key));
    if ((api == nullptr || !api->rewritten()) && !exempt.contains(name)) unexplained.insert(name);
  }
  EXPECT_EQ(unexplained, std::set<std::string>{});
  EXPECT_EQ(seen.size(), exempt.size() + 7);  // seven that we rewrite: the scan finds what it should
}

}  // namespace
}  // namespace kp::kafka
