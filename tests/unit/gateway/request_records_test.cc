#include "gateway/request_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kp::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// A body with what must be readable behind it.
class Body {
 public:
  explicit Body(std::string text) : text_(std::move(text)), size_(text_.size()) {
    text_.append(RecordReader::padding, ' ');
  }
  std::string_view view() const { return std::string_view(text_).substr(0, size_); }

 private:
  std::string text_;
  std::size_t size_;
};

struct Read {
  RecordReader reader;
  RequestRecords out;
  Refusal refusal;
};

std::unique_ptr<Read> push(const Body& body, std::size_t most = 100) {
  auto made = std::make_unique<Read>();
  made->refusal = made->reader.read_push(body.view(), "", most, made->out);
  return made;
}

std::unique_ptr<Read> lines(const Body& body, std::string_view topic = "t") {
  auto made = std::make_unique<Read>();
  made->refusal = made->reader.read_lines(body.view(), topic, 100, made->out);
  return made;
}

TEST(Push, HasTheMembersOfTheSeed) {
  const Body body(
      R"({"records":[{"topic":"a","data":"x\n","key":"k","partition":3},{"data":"","topic":"b"}],"wait_for_send":true})");
  const auto read = push(body);
  ASSERT_FALSE(read->refusal) << read->refusal.message;
  ASSERT_EQ(read->out.records.size(), 2U);
  const Record& first = read->out.records[0];
  EXPECT_EQ(first.topic, "a");
  EXPECT_EQ(first.value, "x\n");
  EXPECT_EQ(first.key, "k");
  EXPECT_EQ(first.partition, 3);
  EXPECT_EQ(read->out.records[1].value, "");
  EXPECT_EQ(read->out.records[1].key, std::nullopt);
  EXPECT_EQ(read->out.records[1].partition, -1);
  EXPECT_TRUE(read->out.wait_for_send);
}

TEST(Push, PassesOverKeysThatNobodyKnows) {
  EXPECT_FALSE(push(Body(R"({"other":{"x":[1]},"records":[{"topic":"a","data":"x","more":1}]})"))->refusal);
}

TEST(Push, TakesHeadersTimestampBase64AndTombstones) {
  const Body body(
      R"({"records":[{"topic":"a","encoding":"base64","data":"AQI=","headers":{"h":"aA==","n":null},"timestamp":7},
                                 {"topic":"a","data":null}]})");
  const auto read = push(body);
  ASSERT_FALSE(read->refusal) << read->refusal.message;
  EXPECT_EQ(read->out.records[0].value, "\x01\x02");
  EXPECT_EQ(read->out.records[0].timestamp, 7);
  EXPECT_THAT(read->out.records[0].headers,
              ElementsAre(Pair("h", std::optional<std::string_view>("h")), Pair("n", std::nullopt)));
  EXPECT_EQ(read->out.records[1].value, std::nullopt);
}

struct Wrong {
  const char* name;
  const char* body;
  const char* said;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class WrongPush : public testing::TestWithParam<Wrong> {};

TEST_P(WrongPush, IsRefusedWithTheReason) {
  const auto read = push(Body(GetParam().body));
  EXPECT_EQ(read->refusal.status, 400U);
  EXPECT_THAT(read->refusal.message, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongPush,
    testing::Values(Wrong{"Empty", "", "ends too early"}, Wrong{"Half", R"({"records":[)", "ends too early"},
                    Wrong{"NoJson", R"({"records":x})", "no JSON"}, Wrong{"NotUtf8", "{\"a\":\"\xff\"}", "JSON"},
                    Wrong{"List", "[]", "must be an object"}, Wrong{"NoRecords", "{}", "records: is missing"},
                    Wrong{"RecordsNoList", R"({"records":1})", "must be a list"},
                    Wrong{"RecordNoObject", R"({"records":[1]})", "must be an object"},
                    Wrong{"NoTopic", R"({"records":[{"data":"x"}]})", "records[0].topic: is missing"},
                    Wrong{"NoData", R"({"records":[{"topic":"a"}]})", "records[0].data: is missing"},
                    Wrong{"DataNumber", R"({"records":[{"topic":"a","data":1}]})", "data: must be a string"},
                    Wrong{"Topic", R"({"records":[{"topic":"a/b","data":""}]})", "topic: is no name"},
                    Wrong{"Partition", R"({"records":[{"topic":"a","data":"","partition":2147483648}]})", "partition"},
                    Wrong{"Timestamp", R"({"records":[{"topic":"a","data":"","timestamp":-1}]})", "timestamp"},
                    Wrong{"Headers", R"({"records":[{"topic":"a","data":"","headers":[]}]})", "headers"},
                    Wrong{"Encoding", R"({"records":[{"topic":"a","data":"","encoding":"hex"}]})", "encoding"},
                    Wrong{"Base64", R"({"records":[{"topic":"a","data":"?","encoding":"base64"}]})", "no base64"},
                    Wrong{"Wait", R"({"records":[],"wait_for_send":1})", "wait_for_send"}),
    [](const auto& each) { return each.param.name; });

TEST(Push, TellsWhereTheJsonEnds) {
  const std::string text = R"({"records":[{"topic":"a","data":"x"},]})";
  EXPECT_EQ(push(Body(text))->refusal.position, static_cast<std::int64_t>(text.find(",]") + 1));
}

TEST(Push, DeepJsonIsRefusedWithoutDeepRecursion) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(push(Body(deep))->refusal.message, HasSubstr("nested deeper than 32"));
}

TEST(Push, MoreRecordsThanTheLimitAreTooMany) {
  const auto read = push(Body(R"({"records":[{"topic":"a","data":""},{"topic":"a","data":""}]})"), 1);
  EXPECT_EQ(read->refusal.status, 413U);
}

TEST(Lines, AreRecordsOfTheTopicUnlessTheySayOther) {
  const Body body("{\"data\":\"1\"}\r\n\n{\"topic\":\"u\",\"data\":\"2\",\"headers\":{\"a\":\"b\"}}");
  const auto read = lines(body);
  ASSERT_FALSE(read->refusal) << read->refusal.message;
  ASSERT_EQ(read->out.records.size(), 2U);
  EXPECT_EQ(read->out.records[0].topic, "t");
  EXPECT_EQ(read->out.records[0].value, "1");
  EXPECT_EQ(read->out.records[1].topic, "u");
  EXPECT_THAT(read->out.records[1].headers, ElementsAre(Pair("a", std::optional<std::string_view>("b"))));
}

TEST(Lines, ThatNameTheTopicOfThePathKeepItWhateverFollows) {
  const Body body("{\"topic\":\"orders\",\"data\":\"x\"}\n{\"data\":\"" + std::string(20'000, '!') + "\"}\n");
  const auto read = lines(body, "orders");
  ASSERT_FALSE(read->refusal) << read->refusal.message;
  ASSERT_EQ(read->out.records.size(), 2U);
  EXPECT_EQ(read->out.records[0].topic, "orders");
  EXPECT_EQ(read->out.records[0].value, "x");
}

TEST(Lines, TheFirstBadOneIsNamed) {
  const auto read = lines(Body("{\"data\":\"1\"}\n{\"data\":}\n"));
  EXPECT_EQ(read->refusal.status, 400U);
  EXPECT_EQ(read->refusal.line, 2);
  EXPECT_EQ(read->refusal.position, 21);
  EXPECT_EQ(read->out.records.size(), 1U) << "those before it are there";
  EXPECT_EQ(read->out.read, 13U);
  EXPECT_EQ(read->out.lines_read, 1U);
}

TEST(Lines, AreReadAsFarAsThereMayBeRecords) {
  RecordReader reader;
  RequestRecords out;
  const Body body("\n{\"data\":\"1\"}\n\n{\"data\":\"2\"}\n");
  EXPECT_FALSE(reader.read_lines(body.view(), "t", 1, out));
  EXPECT_EQ(out.records.size(), 1U);
  EXPECT_EQ(out.lines[0].number, 2U);
  EXPECT_EQ(out.lines[0].end, 14U);
  EXPECT_EQ(out.read, 15U) << "what is blank is no record";
}

TEST(Reader, MayBeUsedAgainAfterAnything) {
  RecordReader reader;
  for (const char* const text : {"{", R"({"records":[{"topic":"a","data":"x"}]})", "[[[", R"({"records":[]})"}) {
    const Body body(text);
    RequestRecords out;
    EXPECT_EQ(static_cast<bool>(reader.read_push(body.view(), "", 10, out)), text[0] != '{' || text[1] == '\0');
  }
}

}  // namespace
}  // namespace kp::gateway
