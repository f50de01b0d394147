#include "app/yaml.h"

#include <gtest/gtest.h>

namespace kp::app {
namespace {

using kube::Json;

Json one(const std::string& text) {
  const auto documents = read_yaml(text);
  if (!documents || documents->size() != 1) {
    ADD_FAILURE() << text;
    return nullptr;
  }
  return documents->front();
}

TEST(ReadYaml, TypesScalarsAsKubectlDoes) {
  const Json read =
      one("{a: 1, b: '1', c: true, d: yes, e: ~, f: 1.5, g: 0x10, h: 1m, i: 010, j: -3, k: \"true\", l: 1e3}");
  EXPECT_EQ(read, Json::parse(R"({"a": 1, "b": "1", "c": true, "d": true, "e": null, "f": 1.5, "g": 16, "h": "1m",
                                  "i": 8, "j": -3, "k": "true", "l": 1000.0})"));
}

TEST(ReadYaml, LeavesTextThatOnlyBeginsAsANumber) {
  EXPECT_EQ(one("[10.0.0.7, 9092/tcp, 2026-12-01, 203.0.113.0/24, '-', 1.2.3]"),
            Json::parse(R"(["10.0.0.7", "9092/tcp", "2026-12-01", "203.0.113.0/24", "-", "1.2.3"])"));
}

TEST(ReadYaml, ReadsEveryDocument) {
  const auto documents = read_yaml("a: 1\n---\n---\n{\"b\": 2}\n");
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->size(), 2U);
}

TEST(ReadYaml, NamesTheLineOfAMistake) {
  const auto documents = read_yaml("a: 1\nb: [1\nc: 2\n");
  ASSERT_FALSE(documents);
  EXPECT_NE(documents.error().message.find("line 3"), std::string::npos) << documents.error().message;
}

TEST(ReadYaml, RefusesAKeyThatStandsTwice) { EXPECT_FALSE(read_yaml("a: 1\na: 2\n")); }

TEST(ReadYaml, RefusesWhatIsNestedWithoutEnd) {
  EXPECT_FALSE(read_yaml(std::string(500, '[') + std::string(500, ']')));
}

class EveryValue : public testing::TestWithParam<const char*> {};

TEST_P(EveryValue, IsReadBackAsItWasWritten) {
  const Json value = Json::parse(GetParam());
  EXPECT_EQ(one(write_yaml(value)), value) << write_yaml(value);
}

INSTANTIATE_TEST_SUITE_P(
    WriteYaml, EveryValue,
    testing::Values(
        R"({"a": "", "b": "true", "c": "10", "d": "1.5", "e": "~", "f": "null", "g": "no"})",
        R"({"a": "x: y", "b": "- x", "c": "# x", "d": "x #y", "e": "'x'", "f": "\"x\"", "g": " x "})",
        R"({"a": "one\ntwo\n", "b": "one\ntwo", "c": "\n", "d": " one\ntwo\n", "e": "one\n\n", "f": "a\tb"})",
        R"({"a": [], "b": {}, "c": [[], {}, [1, [2]]], "d": [{"x": 1, "y": [{"z": "a\nb\n"}]}]})",
        R"({"*.internal": "*", "&": "&x", "!": "!x", "a:b": "c:d", "k v": "%x", "": "@x", "?": "|"})",
        R"({"a": 1, "b": -1.5, "c": true, "d": null, "e": "b<$id>.kafka.example.com", "f": "0x10"})",
        R"(["2026-12-01T00:00:00Z", ".5", ".", "..", "=", "<<", "1_000", "é", "\u0007", "...", "---"])"));

}  // namespace
}  // namespace kp::app
