#include "reconcile/pod_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"
#include "kube/object.h"

namespace kp::reconcile {
namespace {

using kube::Json;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

std::string brokers(const std::string& items) { return "[" + items + "]"; }

Result<PodReport> with_brokers(const std::string& items) { return read_report("{}", brokers(items)); }

TEST(PodReport, SaysWhatAPodRunsAndRefuses) {
  const Json config{{"generation", "3-abc"},
                    {"hash", "cafe"},
                    {"last_reload_error", {{"generation", "4-def"}, {"errors", {"one", "two"}}, {"at", "now"}}},
                    {"files", {{{"key", "k"}}}},
                    {"config",
                     "# generation: 3-abc\nbroker_mapping:\n  x: 1\nupstream:\n  bootstrap_servers:\n    - \"b:2\"\n"
                     "    - \"a:1\"\n  security_protocol: SSL\ndownstream:\n  key: 1\n"}};

  const auto report =
      read_report(config.dump(), R"([{"id":2,"upstream":"b:2","downstream":"d:22","reachable":true},{"id":1}])");

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(*report, (PodReport{.generation = "3-abc",
                                .hash = "cafe",
                                .refused_generation = "4-def",
                                .refusal = "one; two",
                                .brokers = {{1, "", ""}, {2, "d:22", "b:2"}},
                                .learned_from = "a:1,b:2",
                                .unfit_topics = {}}));
}

TEST(PodReport, RefusesNothingWhereThereIsNoError) {
  const auto report = read_report(R"({"generation":"1-a","last_reload_error":null})", "[]");

  ASSERT_TRUE(report);
  EXPECT_EQ(report->refusal, "");
}

TEST(PodReport, NamesTopicsThatDoNotFit) {
  const auto report = read_report(R"({"unfit_topics":[{"topic":"a","partitions":3,"physical_partitions":2},
                                                      {"partitions":1},7,{"topic":"b","compacted":true}]})",
                                  "[]");

  ASSERT_TRUE(report);
  EXPECT_EQ(report->unfit_topics, (std::vector<UnfitTopic>{{"a", 3, 2}, {"b", 0, 0, true}}));
}

TEST(PodReport, OnlySoManyTopicsAreKept) {
  Json topics = Json::array();
  for (int n = 0; n < 1'000; ++n) topics.push_back({{"topic", repeated("t", 1'000)}, {"partitions", n}});

  const auto report = read_report(Json{{"unfit_topics", topics}}.dump(), "[]");

  ASSERT_TRUE(report);
  ASSERT_THAT(report->unfit_topics, SizeIs(report_limits::unfit_topics));
  EXPECT_EQ(report->unfit_topics.back().partitions, report_limits::unfit_topics - 1);
  EXPECT_THAT(report->unfit_topics.back().name, testing::AllOf(SizeIs(report_limits::topic), EndsWith("t…")));
}

TEST(PodReport, WhatIsNestedWithoutEndIsMalformed) {
  const std::string deep = repeated("[", 200'000);
  const std::string closed = deep + repeated("]", 200'000);

  for (const std::string& page : {deep, closed, R"({"last_reload_error":{"errors":)" + closed + "}}",
                                  R"({"x":)" + closed + "}", repeated("{\"a\":", 150'000)}) {
    EXPECT_FALSE(read_report(page, "[]"));
    EXPECT_FALSE(read_report("{}", page));
  }
}

TEST(PodReport, WhatIsNoPageIsMalformed) {
  for (const char* page : {"", "1", "null", "[]", "{", "\"x\"", "{\"a\":\"\xff\"}", "{}{}"})
    EXPECT_FALSE(read_report(page, "[]")) << page;
  for (const char* page : {"", "1", "{}", "[", "[1,]"}) EXPECT_FALSE(read_report("{}", page)) << page;
}

TEST(PodReport, APageThatIsTooLargeIsMalformed) {
  EXPECT_FALSE(read_report("{}", brokers(repeated(" ", report_limits::page))));
}

TEST(PodReport, EmptyBrokersAreNone) {
  const auto report = with_brokers(repeated("{},", 300'000) + "{}");

  ASSERT_TRUE(report);
  EXPECT_THAT(report->brokers, IsEmpty());
}

TEST(PodReport, OnlySoManyBrokersAreKept) {
  std::string items = R"({"id":0})";
  for (int id = 1; id < 20'000; ++id) items += R"(,{"id":)" + std::to_string(id) + "}";

  const auto report = with_brokers(items);

  ASSERT_TRUE(report);
  ASSERT_THAT(report->brokers, SizeIs(report_limits::brokers));
  EXPECT_EQ(report->brokers.back().id, 999);
}

TEST(PodReport, OfAnIdThatComesTwiceTheFirstCounts) {
  const auto report = with_brokers(R"({"id":1,"upstream":"a:1"},{"upstream":"b:1","id":1})");

  ASSERT_TRUE(report);
  ASSERT_THAT(report->brokers, SizeIs(1));
  EXPECT_EQ(report->brokers[0].upstream, "a:1");
}

TEST(PodReport, WhatHasNoIdIsNoBroker) {
  const auto report = with_brokers(R"({"id":-1},{"id":2147483648},{"id":1.5},{"id":"1"},{"x":{"id":5}},[{"id":6}],7)");

  ASSERT_TRUE(report);
  EXPECT_THAT(report->brokers, IsEmpty());
}

TEST(PodReport, ABrokerHasNothingOfTheOneBefore) {
  const auto report = with_brokers(R"({"upstream":"a:1"},{"id":2})");

  ASSERT_TRUE(report);
  EXPECT_EQ(report->brokers, (std::vector<api::BrokerStatus>{{2, "", ""}}));
}

TEST(PodReport, LongTextsAreCutBetweenCharactersAndMarked) {
  const std::string text = repeated("ü", 100'000);
  const Json config{{"generation", text},
                    {"hash", text},
                    {"last_reload_error", {{"generation", text}, {"errors", {"x", text, text}}}}};

  const auto report =
      read_report(config.dump(), Json::array({{{"id", 1}, {"upstream", text}, {"downstream", "x" + text}}}).dump());

  ASSERT_TRUE(report);
  for (const auto& [kept, most] : {std::pair{report->generation, report_limits::generation},
                                   {report->hash, report_limits::generation},
                                   {report->refused_generation, report_limits::generation},
                                   {report->refusal, report_limits::refusal},
                                   {report->brokers.at(0).upstream, report_limits::address},
                                   {report->brokers.at(0).address, report_limits::address}}) {
    EXPECT_LE(kept.size(), most);
    EXPECT_GE(kept.size(), most - 2);
    EXPECT_TRUE(is_utf8(kept)) << kept;
    EXPECT_THAT(kept, EndsWith("ü…"));
  }
}

TEST(PodReport, AConfigurationOfNothingButBracketsTellsNoServers) {
  const Json config{{"config", "upstream:\n  bootstrap_servers: " + repeated("[", 100'000) + "\n"}};

  const auto report = read_report(config.dump(), R"([{"id":1}])");

  ASSERT_TRUE(report);
  EXPECT_EQ(report->learned_from, "");
}

}  // namespace
}  // namespace kp::reconcile
