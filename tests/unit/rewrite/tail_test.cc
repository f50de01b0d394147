#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "kafka/messages/01_fetch.h"
#include "kafka/messages/78_share_fetch.h"
#include "rewrite/fetch_walk.h"
#include "unit/rewrite/book.h"

namespace kp::rewrite {
namespace {

using kafka::Version;

// Fetch keeps its endpoints in a tagged field, ShareFetch in a plain array: the tests need both alike.
std::vector<kafka::FetchResponse::NodeEndpoint>& endpoints_of(kafka::FetchResponse& message) {
  return message.node_endpoints ? *message.node_endpoints : message.node_endpoints.emplace();
}
std::vector<kafka::ShareFetchResponse::NodeEndpoint>& endpoints_of(kafka::ShareFetchResponse& message) {
  return message.node_endpoints;
}

template <class Message>
class Tail : public ::testing::Test {
 protected:
  static constexpr Version version = Message::versions.max;

  static Bytes tail(const Message& message) {
    Bytes bytes;
    kafka::encode_after("Responses", message, version, bytes);
    return bytes;
  }
  static Bytes tail_with(const std::vector<std::string>& hosts, kafka::RawTags tags = {}) {
    Message message;
    BrokerId id = 1;
    for (const std::string& host : hosts) endpoints_of(message).push_back({id++, host, 9093, std::nullopt, {}});
    message.unknown_tags = std::move(tags);
    return tail(message);
  }
  static Result<RewrittenTail> rewritten(const Bytes& bytes, Book& book) {
    return rewrite_tail(Message::key, version, bytes, book);
  }
  static Message read(const Bytes& bytes) {
    Result<Message> message = kafka::decode_after<Message>("Responses", bytes, version);
    EXPECT_TRUE(message) << message.error().message;
    return message ? *std::move(message) : Message{};
  }
};

using Walked = ::testing::Types<kafka::FetchResponse, kafka::ShareFetchResponse>;
TYPED_TEST_SUITE(Tail, Walked);

TYPED_TEST(Tail, ComesBackUnchangedWithoutEndpoints) {
  const Bytes future{1, 2, 3};
  const Bytes bytes = TestFixture::tail_with({}, {{50, future}});
  Book book;

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->tail, bytes);
}

TYPED_TEST(Tail, ComesBackUnchangedWhenTheAddressesAreTheSame) {
  const Bytes bytes = TestFixture::tail_with({"same.example.com"});
  Book book({{1, {"same.example.com", 9093}}});

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->tail, bytes);
  EXPECT_EQ(done->addresses, 1);
}

TYPED_TEST(Tail, HasTheNewAddressWithoutPaddingWhenItIsAsLong) {
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal"});
  Book book({{1, {"proxy-1.outside.x", 443}}});

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  TypeParam message = TestFixture::read(done->tail);
  EXPECT_EQ(done->tail.size(), bytes.size());
  EXPECT_EQ(endpoints_of(message).at(0).host, "proxy-1.outside.x");
  EXPECT_EQ(endpoints_of(message).at(0).port, 443);
  EXPECT_TRUE(message.unknown_tags.empty());
}

TYPED_TEST(Tail, KeepsItsLengthForEachShorterName) {
  const std::string longest(600, 'u');
  for (std::size_t shorter = 2; shorter < longest.size(); ++shorter) {
    // Given
    const Bytes bytes = TestFixture::tail_with({longest});
    const std::string host(longest.size() - shorter, 'd');
    Book book({{1, {host, 443}}});

    // When
    const auto done = TestFixture::rewritten(bytes, book);

    // Then
    ASSERT_TRUE(done) << shorter << ": " << done.error().message;
    TypeParam message = TestFixture::read(done->tail);
    ASSERT_EQ(done->tail.size(), bytes.size()) << shorter;
    ASSERT_EQ(endpoints_of(message).size(), 1U) << shorter;
    ASSERT_EQ(endpoints_of(message)[0].host, host) << shorter;
    ASSERT_EQ(done->leaked, 0);
    ASSERT_EQ(done->left_out, 0);
  }
}

TYPED_TEST(Tail, LeavesOutAnEndpointWhoseNameIsOneByteShorter) {
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal"});
  Book book({{1, {"broker1.internal", 9093}}});

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  TypeParam message = TestFixture::read(done->tail);
  EXPECT_EQ(done->tail.size(), bytes.size());
  EXPECT_TRUE(endpoints_of(message).empty());
  EXPECT_EQ(done->left_out, 1);
  EXPECT_EQ(done->addresses, 0);
}

TYPED_TEST(Tail, LeavesOutAnEndpointWhoseNameIsLonger) {
  for (std::size_t longer = 1; longer <= 300; ++longer) {
    const Bytes bytes = TestFixture::tail_with({"broker-1.internal"});
    Book book({{1, {std::string(17 + longer, 'd'), 443}}});

    const auto done = TestFixture::rewritten(bytes, book);

    ASSERT_TRUE(done) << done.error().message;
    TypeParam message = TestFixture::read(done->tail);
    ASSERT_EQ(done->tail.size(), bytes.size());
    ASSERT_TRUE(endpoints_of(message).empty());
    ASSERT_EQ(done->left_out, 1);
  }
}

TYPED_TEST(Tail, KeepsTheEndpointsThatFit) {
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal", "broker-2.internal", "broker-3.internal"});
  Book book(
      {{1, {"broker-1.example.com", 443}}, {2, {"broker-2.example.com", 443}}, {3, {"broker-3.example.com", 443}}});

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  TypeParam message = TestFixture::read(done->tail);
  EXPECT_EQ(done->tail.size(), bytes.size());
  EXPECT_EQ(endpoints_of(message).size(), 2U);
  EXPECT_EQ(done->addresses, 2);
  EXPECT_EQ(done->left_out, 1);
}

TYPED_TEST(Tail, HidesWhatTheBookRefuses) {
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal", "broker-2.internal"});
  Book book({{2, {"b2.example.com", 443}}});

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  TypeParam message = TestFixture::read(done->tail);
  EXPECT_EQ(done->tail.size(), bytes.size());
  EXPECT_EQ(done->hidden, 1);
  EXPECT_EQ(done->leaked, 0);
  ASSERT_EQ(endpoints_of(message).size(), 1U);
  EXPECT_EQ(endpoints_of(message)[0].node_id, 2);
}

TYPED_TEST(Tail, PadsBehindUnknownTagsAndKeepsThem) {
  for (const std::uint32_t tag : {50U, 127U, 16383U, 2097151U, 268435455U}) {
    const Bytes future{1, 2, 3};
    const Bytes bytes = TestFixture::tail_with({"broker-1.internal"}, {{tag, future}});
    Book book({{1, {"b1", 443}}});

    const auto done = TestFixture::rewritten(bytes, book);

    ASSERT_TRUE(done) << done.error().message;
    const TypeParam message = TestFixture::read(done->tail);
    ASSERT_EQ(done->tail.size(), bytes.size());
    ASSERT_EQ(message.unknown_tags.size(), 2U);
    EXPECT_EQ(message.unknown_tags[0].tag, tag);
    EXPECT_EQ(Bytes(message.unknown_tags[0].bytes.begin(), message.unknown_tags[0].bytes.end()), future);
    EXPECT_GT(message.unknown_tags[1].tag, tag);
  }
}

TYPED_TEST(Tail, PadsAlsoWhereTheNumberOfTagsTakesOneByteMore) {
  kafka::RawTags tags;
  for (std::uint32_t tag = 10; tag < 10 + 127; ++tag) tags.push_back({tag, {}});
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal"}, tags);
  for (std::size_t length = 1; length <= 13; ++length) {
    Book book({{1, {std::string(length, 'd'), 443}}});

    const auto done = TestFixture::rewritten(bytes, book);

    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(done->tail.size(), bytes.size());
  }
}

TYPED_TEST(Tail, SaysSoWhenNoTagIsLeftToPadWith) {
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal"}, {{0xffffffff, {}}});
  Book book({{1, {"b1", 443}}});

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::Unsupported);
}

TYPED_TEST(Tail, IsRefusedWhenTruncatedAnywhere) {
  const Bytes bytes = TestFixture::tail_with({"broker-1.internal", "broker-2.internal"});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Book book;
    const Bytes truncated(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_FALSE(TestFixture::rewritten(truncated, book)) << size;
  }
}

TYPED_TEST(Tail, OfThousandsOfEndpointsIsDoneInFewSteps) {
  std::vector<std::string> hosts(20'000, "b");
  std::map<BrokerId, HostPort> longer;
  for (BrokerId id = 1; id <= 20'000; ++id) longer[id] = {"broker-" + std::to_string(id) + ".example.com", 443};
  const Bytes bytes = TestFixture::tail_with(hosts);
  Book book(longer);

  const auto done = TestFixture::rewritten(bytes, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->tail.size(), bytes.size());
  EXPECT_EQ(done->addresses + done->left_out, 20'000);
  EXPECT_GT(done->addresses, 0);
}

TEST(RewriteTail, KnowsOnlyResponsesThatAreWalked) {
  Book book;

  const auto done = rewrite_tail(kafka::api::metadata, 12, Bytes{0}, book);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::Unsupported);
}

}  // namespace
}  // namespace kp::rewrite
