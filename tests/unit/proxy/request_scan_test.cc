#include "proxy/request_scan.h"

#include <gtest/gtest.h>

#include "kafka/apis.h"
#include "support/fake_broker.h"

namespace kp::proxy {
namespace {

using Kind = RequestScan::Kind;
constexpr std::uint32_t limit = 1 << 20;

struct Seen {
  Kind kind;
  std::int16_t api_key;
  std::int32_t correlation_id;
  std::uint64_t frame;
  bool answered;
  bool operator==(const Seen&) const = default;
};

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

/// What a scan says of `stream` when at most `piece` more bytes arrive at a time.
Result<std::vector<Seen>> scan(BytesView stream, std::size_t piece, bool tokens = false) {
  RequestScan requests(limit);
  if (tokens) requests.expect_sasl_tokens();
  std::vector<Seen> seen;
  std::size_t from = 0;
  for (std::size_t to = 0; to < stream.size();) {
    to = std::min(stream.size(), to + piece);
    for (;;) {
      auto found = requests.next(stream.subspan(from, to - from));
      if (!found) return std::move(found).error();
      if (found->bytes == 0) break;
      from += found->bytes;
      if (found->kind != Kind::Body)
        seen.push_back({found->kind, found->head.api_key, found->head.correlation_id, found->frame, found->answered});
    }
  }
  EXPECT_EQ(from, stream.size());
  return seen;
}

/// A Produce body up to its acks: a null transactional id, then acks.
Bytes produce_body(kafka::Version version, std::int16_t acks) {
  Bytes body;
  if (version >= 9) {
    body = {0};
  } else if (version >= 3) {
    body = {0xff, 0xff};
  }
  body.push_back(static_cast<std::uint8_t>(acks >> 8));
  body.push_back(static_cast<std::uint8_t>(acks));
  body.insert(body.end(), 50, 7);
  return body;
}

TEST(RequestScan, EverySplitOfAStreamGivesTheSameRequests) {
  Bytes stream;
  append(stream, test::request_frame(kafka::api::api_versions, 3, 1, Bytes(5)));
  append(stream, test::request_frame(kafka::api::produce, 9, 2, produce_body(9, 0)));
  append(stream, test::request_frame(kafka::api::produce, 8, 3, produce_body(8, -1)));
  append(stream, test::request_frame(kafka::api::fetch, 12, 4, Bytes(300)));
  const auto whole = scan(stream, stream.size());
  ASSERT_TRUE(whole) << whole.error().message;
  ASSERT_EQ(whole->size(), 4U);
  for (std::size_t piece = 1; piece < stream.size(); ++piece) {
    const auto split = scan(stream, piece);
    ASSERT_TRUE(split) << split.error().message;
    EXPECT_EQ(*split, *whole) << "pieces of " << piece;
  }
}

class ProduceAcks : public testing::TestWithParam<int> {};

TEST_P(ProduceAcks, OnlyZeroHasNoAnswer) {
  const auto version = static_cast<kafka::Version>(GetParam());
  for (const int wanted : {0, 1, -1}) {
    const auto acks = static_cast<std::int16_t>(wanted);
    const Bytes frame = test::request_frame(kafka::api::produce, version, 7, produce_body(version, acks));
    const auto seen = scan(frame, frame.size());
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(seen->front().answered, acks != 0);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, ProduceAcks, testing::Range(0, 14));

struct Refusal {
  const char* name;
  Bytes stream;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, IsMalformed) {
  const auto seen = scan(GetParam().stream, GetParam().stream.size());
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::Malformed);
}

INSTANTIATE_TEST_SUITE_P(Stream, Refused,
                         testing::Values(Refusal{"Size12Gigabytes", test::bytes_of("GET / HTTP/1.1\r\n")},
                                         Refusal{"NegativeSize", {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}},
                                         Refusal{"NoRoomForAHeader", {0, 0, 0, 7, 0, 3, 0, 0, 0, 0, 0}},
                                         Refusal{"NegativeApiKey", {0, 0, 0, 8, 0xff, 0xff, 0, 0, 0, 0, 0, 1}},
                                         Refusal{"NegativeVersion", {0, 0, 0, 8, 0, 3, 0xff, 0xff, 0, 0, 0, 1}},
                                         Refusal{"ProduceWithoutAcks", {0, 0, 0, 10, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0}}),
                         [](const auto& instance) { return instance.param.name; });

TEST(RequestScan, AnUnknownApiIsARequestLikeAnyOther) {
  const Bytes frame = test::request_frame(12345, 3, 9, Bytes(20));
  const auto seen = scan(frame, frame.size());
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->front().api_key, 12345);
}

TEST(RequestScan, ApiVersionsIsGivenOutWhole) {
  const Bytes frame = test::request_frame(kafka::api::api_versions, 3, 1, Bytes(40));
  RequestScan requests(limit);
  auto part = requests.next(BytesView(frame).first(frame.size() - 1));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->bytes, 0U);
  auto whole = requests.next(frame);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->bytes, frame.size());
}

TEST(RequestScan, TokensAfterSaslHandshakeZeroPassUntilARequestComes) {
  const auto token = [](std::string_view text) {
    Bytes frame{0, 0, 0, static_cast<std::uint8_t>(text.size())};
    append(frame, test::bytes_of(text));
    return frame;
  };
  Bytes stream = token(std::string_view("\0alice\0secret", 13));
  append(stream, token("n,,n=alice,r=fyko+d2lbbFgONRv9qkxdawL"));
  append(stream, token(""));
  append(stream, token("x"));
  append(stream, test::request_frame(kafka::api::metadata, 12, 5, Bytes(10)));
  append(stream, test::request_frame(kafka::api::metadata, 12, 6, Bytes(10)));
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    const auto seen = scan(stream, piece, true);
    ASSERT_TRUE(seen) << seen.error().message;
    ASSERT_EQ(seen->size(), 6U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ((*seen)[i].kind, Kind::SaslToken);
    EXPECT_EQ((*seen)[4].kind, Kind::Request);
    EXPECT_EQ((*seen)[5].correlation_id, 6);
  }
}

}  // namespace
}  // namespace kp::proxy
