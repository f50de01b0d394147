#include "kafka/message.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/60_describe_cluster.h"
#include "kafka/messages/all.h"
#include "kafka/writer.h"
#include "unit/kafka/sample.h"

namespace kp::kafka {
namespace {

struct Case {
  AnyMessage message;
  Version version;
};

std::vector<Case> every_version() {
  std::vector<Case> cases;
  for (const AnyMessage& message : all_messages()) {
    const Versions versions = message.describe().versions;
    for (Version v = versions.min; v <= versions.max; ++v) cases.push_back({message, v});
  }
  return cases;
}

std::string case_name(const ::testing::TestParamInfo<Case>& test) {
  return std::string(test.param.message.describe().name) + "_v" + std::to_string(test.param.version);
}

class EveryVersion : public ::testing::TestWithParam<Case> {};

TEST_P(EveryVersion, IsWrittenBackByteForByte) {
  const auto& [message, version] = GetParam();
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    // Given
    const Bytes body = sample::body(message.describe(), version, seed);

    // When
    const Result<Bytes> back = message.transcode(body, version);

    // Then
    ASSERT_TRUE(back) << back.error().message << " seed " << seed;
    ASSERT_EQ(*back, body) << "seed " << seed;
  }
}

TEST_P(EveryVersion, IsRefusedWhenTruncatedAnywhere) {
  const auto& [message, version] = GetParam();
  for (std::uint32_t seed = 0; seed < 2; ++seed) {
    const Bytes body = sample::body(message.describe(), version, seed);
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Result<Bytes> back = message.transcode(BytesView(body).first(size), version);
      ASSERT_FALSE(back) << "seed " << seed << ": " << size << " bytes of " << body.size();
    }
  }
}

TEST_P(EveryVersion, IsRefusedWithAByteTooMany) {
  const auto& [message, version] = GetParam();
  Bytes body = sample::body(message.describe(), version, 1);
  body.push_back(0);

  const Result<Bytes> back = message.transcode(body, version);

  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Errc::Malformed);
}

INSTANTIATE_TEST_SUITE_P(Messages, EveryVersion, ::testing::ValuesIn(every_version()), case_name);

TEST(MessageDecode, RefusesAVersionWithoutTable) {
  for (const AnyMessage& message : all_messages()) {
    const Versions versions = message.describe().versions;
    for (const int version : {versions.min - 1, versions.max + 1}) {
      const Result<Bytes> back = message.transcode({}, static_cast<Version>(version));
      ASSERT_FALSE(back);
      EXPECT_EQ(back.error().code, Errc::Unsupported) << back.error().message;
    }
  }
}

TEST(MetadataResponseDecode, RackAppearsFromVersionOne) {
  // Given
  const Bytes body = {
      0, 0, 0,    1,     // one broker
      0, 0, 0,    7,     // node id
      0, 2, 'h',  '1',   // host
      0, 0, 0x23, 0x84,  // port 9092
      0, 1, 'a',         // rack
      0, 0, 0,    7,     // controller id
      0, 0, 0,    0,     // no topic
  };

  // When
  const auto decoded = decode<MetadataResponse>(body, 1);

  // Then
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->brokers.size(), 1U);
  EXPECT_EQ(decoded->brokers[0].host, "h1");
  EXPECT_EQ(decoded->brokers[0].port, 9092);
  EXPECT_EQ(decoded->brokers[0].rack, "a");
  EXPECT_EQ(decoded->controller_id, 7);
}

TEST(MetadataResponseDecode, RefusesANullHost) {
  const Bytes body = {
      0,    0,    0,    1,                                        // one broker
      0,    0,    0,    7,                                        // node id
      0xff, 0xff,                                                 // host: null
      0,    0,    0x23, 0x84, 0, 1, 'a', 0, 0, 0, 7, 0, 0, 0, 0,  // the rest
  };

  const auto decoded = decode<MetadataResponse>(body, 1);

  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::Malformed);
}

TEST(MetadataResponseDecode, AllowsANullTopicNameFromVersionTwelveOn) {
  MetadataResponse message;
  message.topics.emplace_back().name = std::nullopt;
  Bytes nameless;
  encode(message, 12, nameless);

  const auto at_twelve = decode<MetadataResponse>(nameless, 12);
  const auto at_eleven = decode<MetadataResponse>(nameless, 11);

  ASSERT_TRUE(at_twelve) << at_twelve.error().message;
  EXPECT_FALSE(at_twelve->topics[0].name.has_value());
  EXPECT_FALSE(at_eleven);
}

TEST(MetadataRequestEncode, AsksForNoTopicByAnEmptyListAndForAllByNull) {
  MetadataRequest none;
  none.topics.emplace();
  MetadataRequest all;
  Bytes for_none;
  Bytes for_all;

  encode(none, 1, for_none);
  encode(all, 1, for_all);

  EXPECT_EQ(for_none, (Bytes{0, 0, 0, 0}));
  EXPECT_EQ(for_all, (Bytes{0xff, 0xff, 0xff, 0xff}));
}

TEST(DescribeClusterRequestEncode, AsksForBrokersUnlessToldOtherwise) {
  Bytes body;

  encode(DescribeClusterRequest{}, 1, body);

  EXPECT_EQ(body, (Bytes{0, 1, 0}));  // no authorized operations, brokers, no tagged field
}

TEST(ProduceResponseDecode, GivesAnAbsentTagNoValue) {
  const Bytes body{1, 0, 0, 0, 0, 0};  // no topic, no throttle, no tag

  const auto decoded = decode<ProduceResponse>(body, 10);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_FALSE(decoded->node_endpoints.has_value());
}

TEST(ProduceResponseDecode, WritesAPresentButEmptyTagBack) {
  const Bytes body{1, 0, 0, 0, 0, 1, 0, 1, 1};  // tag 0, one byte: an empty array
  const auto decoded = decode<ProduceResponse>(body, 10);
  ASSERT_TRUE(decoded) << decoded.error().message;

  Bytes back;
  encode(*decoded, 10, back);

  EXPECT_EQ(back, body);
}

TEST(ProduceResponseDecode, KeepsATagThatItsVersionDoesNotHaveYet) {
  const Bytes body{1, 0, 0, 0, 0, 1, 0, 2, 9, 9};  // tag 0 is node endpoints from v10 on
  const auto decoded = decode<ProduceResponse>(body, 9);
  ASSERT_TRUE(decoded) << decoded.error().message;

  Bytes back;
  encode(*decoded, 9, back);

  EXPECT_EQ(back, body);
  EXPECT_EQ(decoded->unknown_tags.size(), 1U);
}

TEST(ProduceResponseDecode, RefusesTagsOutOfOrderOrTwice) {
  const Bytes twice{1, 0, 0, 0, 0, 2, 7, 0, 7, 0};
  const Bytes descending{1, 0, 0, 0, 0, 2, 8, 0, 7, 0};

  EXPECT_FALSE(decode<ProduceResponse>(twice, 10));
  EXPECT_FALSE(decode<ProduceResponse>(descending, 10));
}

TEST(ProduceResponseDecode, RefusesAKnownTagThatIsLongerThanItsValue) {
  const Bytes body{1, 0, 0, 0, 0, 1, 0, 2, 1, 0};  // an empty array, then a byte

  EXPECT_FALSE(decode<ProduceResponse>(body, 10));
}

TEST(ProduceResponseDecode, RefusesAKnownTagThatReachesBeyondItsBytes) {
  const Bytes body{1, 0, 0, 0, 0, 1, 0, 1, 2, 0, 0, 0, 0, 0};

  EXPECT_FALSE(decode<ProduceResponse>(body, 10));
}

TEST(FetchResponseDecode, BorrowsRecordsFromTheFrame) {
  // Given
  FetchResponse message;
  const Bytes records(1000, 0xab);
  message.responses.emplace_back().partitions.emplace_back().records = Records{records};
  Bytes body;
  encode(message, 17, body);

  // When
  const auto decoded = decode<FetchResponse>(body, 17);

  // Then
  ASSERT_TRUE(decoded) << decoded.error().message;
  const BytesView seen = decoded->responses[0].partitions[0].records->bytes;
  EXPECT_EQ(seen.size(), records.size());
  EXPECT_GE(seen.data(), body.data());
  EXPECT_LE(seen.data() + seen.size(), body.data() + body.size());
}

TEST(FetchResponseDecode, RefusesAnArrayThatWouldCostMoreThanItsFrameIsWorth) {
  // Given: as many topics as there are bytes, and the bytes to back the count
  Bytes body;
  Writer out(body);
  out.integer(std::int32_t{0});
  out.integer(std::int16_t{0});
  out.integer(std::int32_t{0});
  out.uvarint(1'000'000);
  body.resize(1'100'000);

  // When
  const auto decoded = decode<FetchResponse>(body, 17);

  // Then
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::Malformed);
}

TEST(MetadataResponseDecode, AcceptsTheDearestHonestMessage) {
  MetadataResponse message;
  message.topics.resize(20'000);
  for (auto& topic : message.topics) topic.name = "";
  Bytes body;
  encode(message, 0, body);

  const auto decoded = decode<MetadataResponse>(body, 0);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->topics.size(), 20'000U);
}

TEST(FetchResponseDecode, AcceptsTheDearestHonestMessage) {
  FetchResponse message;
  message.responses.emplace_back().partitions.resize(20'000);
  Bytes body;
  encode(message, 4, body);

  const auto decoded = decode<FetchResponse>(body, 4);

  ASSERT_TRUE(decoded) << decoded.error().message;
}

TEST(MetadataResponseDecode, RefusesAStringLongerThanKafkaAllows) {
  MetadataResponse message;
  message.cluster_id = std::string(32768, 'x');
  Bytes body;
  encode(message, 9, body);

  EXPECT_FALSE(decode<MetadataResponse>(body, 9));
}

TEST(FetchResponseDecode, ReadsTheTailAloneBehindTheTopics) {
  // Given
  FetchResponse message;
  message.responses.emplace_back();
  message.node_endpoints.emplace().push_back({1, "b1", 9092, std::nullopt, {}});
  Bytes whole;
  encode(message, 16, whole);
  Bytes tail;
  encode_after("Responses", message, 16, tail);

  // When
  const auto decoded = decode_after<FetchResponse>("Responses", tail, 16);

  // Then
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->node_endpoints->at(0).host, "b1");
  EXPECT_TRUE(std::equal(tail.rbegin(), tail.rend(), whole.rbegin()));
  EXPECT_LT(tail.size(), whole.size());
}

}  // namespace
}  // namespace kp::kafka
