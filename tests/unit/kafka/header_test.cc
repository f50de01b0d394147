#include "kafka/header.h"

#include <gtest/gtest.h>

#include <string>

#include "kafka/messages/03_metadata.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/writer.h"

namespace kp::kafka {
namespace {

Bytes produce_prefix(Version version, const std::string& client_id, const std::string& transactional_id,
                     std::int16_t acks) {
  Bytes bytes;
  Writer out(bytes);
  out.integer(static_cast<std::int16_t>(client_id.size()));
  out.text(client_id);
  if (version >= 9) {
    out.uvarint(1);
    out.uvarint(5);
    out.uvarint(3);
    out.text("tag");
  }
  if (version >= 3) {
    out.length<std::int16_t>(version >= 9, static_cast<std::int64_t>(transactional_id.size()));
    out.text(transactional_id);
  }
  out.integer(acks);
  return bytes;
}

TEST(PeekRequest, ReadsTheFourFixedFields) {
  const Bytes frame{0, 0, 1, 0, 0, 3, 0, 12, 0x7f, 0, 0, 1, 0xff};

  EXPECT_EQ(peek_request(frame), (RequestHead{256, 3, 12, 0x7f000001}));
}

TEST(PeekResponse, ReadsSizeAndCorrelationId) {
  const Bytes frame{0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff};

  EXPECT_EQ(peek_response(frame), (ResponseHead{4, -1}));
}

class ProduceAcks : public ::testing::TestWithParam<Version> {};

TEST_P(ProduceAcks, AreFoundAsSoonAsTheyArrived) {
  for (const std::int16_t acks : {std::int16_t{0}, std::int16_t{1}, std::int16_t{-1}}) {
    const Bytes prefix = produce_prefix(GetParam(), "rdkafka", "tx-1", acks);
    for (std::size_t arrived = 0; arrived <= prefix.size(); ++arrived) {
      const auto found = peek_produce_acks(GetParam(), BytesView(prefix).first(arrived));
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_EQ(found->has_value(), arrived == prefix.size()) << arrived;
    }
    EXPECT_EQ(**peek_produce_acks(GetParam(), prefix), acks);
  }
}

TEST_P(ProduceAcks, AreFoundBehindTheLongestIds) {
  const std::string longest(32767, 'x');
  const Bytes prefix = produce_prefix(GetParam(), longest, longest, 1);

  const auto found = peek_produce_acks(GetParam(), prefix);

  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, std::optional<std::int16_t>{1});
  EXPECT_LE(prefix.size(), max_produce_prefix_bytes);
}

TEST_P(ProduceAcks, AreFoundBehindANullClientId) {
  Bytes prefix = produce_prefix(GetParam(), "", "", 0);
  prefix[0] = 0xff;
  prefix[1] = 0xff;

  EXPECT_EQ(**peek_produce_acks(GetParam(), prefix), 0);
}

INSTANTIATE_TEST_SUITE_P(Versions, ProduceAcks, ::testing::Range(Version{0}, Version{14}),
                         [](const auto& test) { return "v" + std::to_string(test.param); });

TEST(PeekProduceAcks, RefusesANegativeIdLength) {
  const Bytes prefix{0xff, 0xfe, 0, 0};

  EXPECT_FALSE(peek_produce_acks(8, prefix));
}

TEST(PeekProduceAcks, RefusesATransactionalIdLongerThanAString) {
  Bytes prefix{0, 0, 0};
  Writer(prefix).uvarint(32769);

  EXPECT_FALSE(peek_produce_acks(9, prefix));
}

TEST(PeekProduceAcks, RefusesHeaderTagsBeyondTheirLimit) {
  Bytes prefix{0, 0, 1, 0};
  Writer(prefix).uvarint(max_header_tags_bytes + 1);

  EXPECT_FALSE(peek_produce_acks(9, prefix));
}

TEST(PeekProduceAcks, RefusesEndlessEmptyHeaderTags) {
  Bytes prefix{0, 0};
  Writer out(prefix);
  out.uvarint(0xffffffff);
  prefix.resize(max_produce_prefix_bytes);

  EXPECT_FALSE(peek_produce_acks(9, prefix));
}

TEST(PeekProduceAcks, RefusesAVarintThatDoesNotEnd) {
  const Bytes prefix{0, 0, 0xff, 0xff, 0xff, 0xff, 0xff};

  EXPECT_FALSE(peek_produce_acks(9, prefix));
}

TEST(ResponseHeaderTags, AreNoneBeforeTheApiIsFlexible) {
  const Bytes body{9, 9, 9};

  EXPECT_EQ(*response_header_tags(api::metadata, 8, body), 0U);
  EXPECT_EQ(*response_header_tags(api::metadata, 9, Bytes{0, 9}), 1U);
}

TEST(ResponseHeaderTags, AreNeverThereForApiVersions) {
  EXPECT_EQ(*response_header_tags(api::api_versions, 4, Bytes{1, 1, 1}), 0U);
}

TEST(ResponseHeaderTags, AreCountedWithTheirBytes) {
  const Bytes body{2, 0, 1, 0xaa, 9, 2, 0xbb, 0xcc, 0x77};

  EXPECT_EQ(*response_header_tags(api::fetch, 16, body), 8U);
}

TEST(ResponseHeaderTags, AreRefusedWhenTruncated) {
  EXPECT_FALSE(response_header_tags(api::fetch, 16, Bytes{}));
  EXPECT_FALSE(response_header_tags(api::fetch, 16, Bytes{1, 0, 5, 1}));
}

TEST(EncodeRequest, PutsSizeHeaderAndMessageInOneFrame) {
  ApiVersionsRequest message;
  message.client_software_name = "kp";
  message.client_software_version = "1";

  const Bytes frame = encode_request(message, 3, 42, "me");

  EXPECT_EQ(frame, (Bytes{0,  0,   0,   19,  0,         // size, and the first byte of the key
                          18,                           // key
                          0,  3,                        // version
                          0,  0,   0,   42,             // correlation id
                          0,  2,   'm', 'e',            // client id: never compact
                          0,                            // tagged fields of header v2
                          3,  'k', 'p', 2,   '1', 0}))  // message
      << frame.size();
}

TEST(EncodeRequest, HasNoTaggedFieldsBeforeTheApiIsFlexible) {
  MetadataRequest message;
  message.topics.emplace();

  const Bytes frame = encode_request(message, 1, 1, "");

  EXPECT_EQ(frame, (Bytes{0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(DecodeResponse, ReadsWhatEncodeResponseWrote) {
  MetadataResponse message;
  message.cluster_id = "c";
  const Bytes frame = encode_response(message, 12, 7);

  const auto decoded = decode_response<MetadataResponse>(frame, 12);

  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->cluster_id, "c");
  EXPECT_EQ(peek_response(frame).correlation_id, 7);
  EXPECT_EQ(static_cast<std::size_t>(peek_response(frame).size) + frame_size_bytes, frame.size());
}

TEST(DecodeResponse, RefusesAFrameShorterThanItsHeader) {
  EXPECT_FALSE(decode_response<MetadataResponse>(Bytes{0, 0, 0, 4, 0, 0, 0}, 0));
}

TEST(Apis, NamesAnUnknownKeyUnknown) {
  EXPECT_EQ(api_name(3), "Metadata");
  EXPECT_EQ(api_name(92), "DeleteShareGroupOffsets");
  EXPECT_EQ(api_name(93), "unknown");
  EXPECT_EQ(api_name(-1), "unknown");
  EXPECT_EQ(find_api(31233), nullptr);
}

}  // namespace
}  // namespace kp::kafka
