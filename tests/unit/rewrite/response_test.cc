#include "rewrite/response.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "kafka/header.h"
#include "kafka/messages/all.h"
#include "kafka/writer.h"
#include "rewrite/endpoints.h"
#include "unit/kafka/sample.h"
#include "unit/rewrite/book.h"

namespace kp::rewrite {
namespace {

using kafka::Version;
namespace api = kafka::api;

const HostPort upstream_1{"broker-1.internal", 9093};
const HostPort downstream_1{"proxy.example.com", 9113};

Book one_broker() { return Book({{1, downstream_1}}); }

template <class Message>
Message decoded(const Bytes& frame, Version version) {
  Result<Message> message = kafka::decode_response<Message>(frame, version);
  EXPECT_TRUE(message) << message.error().message;
  return message ? *std::move(message) : Message{};
}

kafka::MetadataResponse metadata(BrokerId id, const std::string& host, std::int32_t port) {
  kafka::MetadataResponse message;
  message.brokers.push_back({id, host, port, "rack-a", {}});
  return message;
}

TEST(RewriteResponse, PutsTheBooksAddressIntoMetadata) {
  // Given
  Book book = one_broker();
  const Bytes frame = kafka::encode_response(metadata(1, "broker-1.internal", 9093), 12, 77);

  // When
  const auto done = rewrite_response(api::metadata, 12, frame, book);

  // Then
  ASSERT_TRUE(done) << done.error().message;
  const auto message = decoded<kafka::MetadataResponse>(done->frame, 12);
  EXPECT_EQ(message.brokers.at(0).host, downstream_1.host);
  EXPECT_EQ(message.brokers.at(0).port, downstream_1.port);
  EXPECT_EQ(message.brokers.at(0).rack, "rack-a");
  EXPECT_EQ(done->addresses, 1);
  EXPECT_EQ(done->leaked, 0);
  EXPECT_EQ(done->learned, (std::vector<Learned>{{1, upstream_1}}));
}

TEST(RewriteResponse, KeepsCorrelationIdAndWritesTheNewSize) {
  Book book = one_broker();
  const Bytes frame = kafka::encode_response(metadata(1, "b", 9093), 12, 77);

  const auto done = rewrite_response(api::metadata, 12, frame, book);

  ASSERT_TRUE(done) << done.error().message;
  const kafka::ResponseHead head = kafka::peek_response(done->frame);
  EXPECT_EQ(head.correlation_id, 77);
  EXPECT_EQ(static_cast<std::size_t>(head.size) + kafka::frame_size_bytes, done->frame.size());
}

TEST(RewriteResponse, KeepsTheHeadersTaggedFields) {
  // Given: a header with a tagged field before the message
  Book book = one_broker();
  Bytes frame = kafka::encode_response(metadata(1, "b", 9093), 12, 77);
  frame[8] = 1;
  frame.insert(frame.begin() + 9, {5, 2, 0xaa, 0xbb});
  frame = kafka::seal_frame(std::move(frame));

  // When
  const auto done = rewrite_response(api::metadata, 12, frame, book);

  // Then
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(Bytes(done->frame.begin() + 8, done->frame.begin() + 13), (Bytes{1, 5, 2, 0xaa, 0xbb}));
}

TEST(RewriteResponse, DropsABrokerThatTheBookRefusesFromMetadata) {
  Book book;
  const Bytes frame = kafka::encode_response(metadata(1, "broker-1.internal", 9093), 9, 1);

  const auto done = rewrite_response(api::metadata, 9, frame, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(decoded<kafka::MetadataResponse>(done->frame, 9).brokers.empty());
  EXPECT_EQ(done->hidden, 1);
  EXPECT_EQ(done->learned, (std::vector<Learned>{{1, upstream_1}}));
}

TEST(RewriteResponse, LeavesNoFrameWhenTheAddressIsTheSame) {
  Book book = one_broker();
  const Bytes frame = kafka::encode_response(metadata(1, downstream_1.host, downstream_1.port), 9, 1);

  const auto done = rewrite_response(api::metadata, 9, frame, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->frame.empty());
  EXPECT_EQ(done->addresses, 1);
}

TEST(RewriteResponse, LeavesABrokerWithoutHostAlone) {
  Book book;
  const Bytes frame = kafka::encode_response(metadata(1, "", -1), 9, 1);

  const auto done = rewrite_response(api::metadata, 9, frame, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->frame.empty());
  EXPECT_TRUE(book.asked.empty());
}

TEST(RewriteResponse, HidesAnAddressOfNobody) {
  Book book({{-1, downstream_1}});
  const Bytes frame = kafka::encode_response(metadata(-1, "broker-1.internal", 9093), 9, 1);

  const auto done = rewrite_response(api::metadata, 9, frame, book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->hidden, 1);
  EXPECT_TRUE(book.asked.empty());
}

TEST(RewriteResponse, RefusesAPortThatIsNone) {
  for (const std::int32_t port : {-1, 0, 65536, 1 << 30}) {
    Book book = one_broker();
    const Bytes frame = kafka::encode_response(metadata(1, "broker-1.internal", port), 9, 1);

    const auto done = rewrite_response(api::metadata, 9, frame, book);

    ASSERT_FALSE(done) << port;
    EXPECT_EQ(done.error().code, Errc::Malformed);
  }
}

TEST(RewriteResponse, MakesARefusedCoordinatorNotAvailableBeforeVersionFour) {
  // Given
  Book book;
  kafka::FindCoordinatorResponse message;
  message.node_id = 1;
  message.host = "broker-1.internal";
  message.port = 9093;
  message.error_message = "NONE";

  // When
  const auto done = rewrite_response(api::find_coordinator, 3, kafka::encode_response(message, 3, 1), book);

  // Then
  ASSERT_TRUE(done) << done.error().message;
  const auto rewritten = decoded<kafka::FindCoordinatorResponse>(done->frame, 3);
  EXPECT_EQ(rewritten.error_code, 15);
  EXPECT_EQ(rewritten.node_id, -1);
  EXPECT_EQ(rewritten.host, "");
  EXPECT_EQ(rewritten.port, -1);
  EXPECT_EQ(rewritten.error_message, "NONE");
  EXPECT_EQ(done->hidden, 1);
}

TEST(RewriteResponse, RewritesAndRefusesCoordinatorsOneByOneFromVersionFour) {
  // Given
  Book book = one_broker();
  kafka::FindCoordinatorResponse message;
  message.coordinators.push_back({"mine", 1, "broker-1.internal", 9093, 0, std::nullopt, {}});
  message.coordinators.push_back({"other", 2, "broker-2.internal", 9093, 0, std::nullopt, {}});
  message.coordinators.push_back({"none", -1, "", -1, 15, "none yet", {}});

  // When
  const auto done = rewrite_response(api::find_coordinator, 6, kafka::encode_response(message, 6, 1), book);

  // Then
  ASSERT_TRUE(done) << done.error().message;
  const auto rewritten = decoded<kafka::FindCoordinatorResponse>(done->frame, 6);
  ASSERT_EQ(rewritten.coordinators.size(), 3U);
  EXPECT_EQ(rewritten.coordinators[0].host, downstream_1.host);
  EXPECT_EQ(rewritten.coordinators[1].error_code, 15);
  EXPECT_EQ(rewritten.coordinators[1].host, "");
  EXPECT_EQ(rewritten.coordinators[2].error_message, "none yet");
  EXPECT_EQ(done->addresses, 1);
  EXPECT_EQ(done->hidden, 1);
}

TEST(RewriteResponse, LeavesACoordinatorThatIsNotAvailableAlone) {
  for (Version version = 0; version <= 6; ++version) {
    Book book;
    kafka::FindCoordinatorResponse message;
    message.error_code = 15;
    message.node_id = -1;
    message.port = -1;
    message.coordinators.push_back({"g", -1, "", -1, 15, std::nullopt, {}});

    const auto done =
        rewrite_response(api::find_coordinator, version, kafka::encode_response(message, version, 1), book);

    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(done->frame.empty()) << version;
    EXPECT_EQ(done->hidden, 0) << version;
  }
}

TEST(RewriteResponse, RewritesTheBrokersOfADescribeCluster) {
  Book book = one_broker();
  kafka::DescribeClusterResponse message;
  message.brokers.push_back({1, "broker-1.internal", 9093, std::nullopt, true, {}});
  message.brokers.push_back({2, "broker-2.internal", 9093, std::nullopt, false, {}});

  const auto done = rewrite_response(api::describe_cluster, 2, kafka::encode_response(message, 2, 1), book);

  ASSERT_TRUE(done) << done.error().message;
  const auto rewritten = decoded<kafka::DescribeClusterResponse>(done->frame, 2);
  ASSERT_EQ(rewritten.brokers.size(), 1U);
  EXPECT_EQ(rewritten.brokers[0].host, downstream_1.host);
  EXPECT_TRUE(rewritten.brokers[0].is_fenced);
  EXPECT_EQ(done->learned.size(), 2U);
}

TEST(RewriteResponse, ControllersAreLeftOut) {
  Book book = one_broker();
  kafka::DescribeClusterResponse message;
  message.endpoint_type = 2;
  message.brokers.push_back({1, "broker-1.internal", 9095, std::nullopt, false, {}});

  const auto done = rewrite_response(api::describe_cluster, 1, kafka::encode_response(message, 1, 1), book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(decoded<kafka::DescribeClusterResponse>(done->frame, 1).brokers.empty());
  EXPECT_TRUE(done->learned.empty());
}

template <class Message>
void set_endpoints(Message& message) {
  if constexpr (requires { message.node_endpoints->size(); }) {
    message.node_endpoints.emplace();
    message.node_endpoints->push_back({1, "broker-1.internal", 9093, "r", {}});
    message.node_endpoints->push_back({2, "broker-2.internal", 9093, "r", {}});
  } else {
    message.node_endpoints.push_back({1, "broker-1.internal", 9093, "r", {}});
    message.node_endpoints.push_back({2, "broker-2.internal", 9093, "r", {}});
  }
}

template <class Message>
auto endpoints_of(const Message& message) {
  if constexpr (requires { message.node_endpoints->size(); }) {
    return message.node_endpoints.value_or(std::decay_t<decltype(*message.node_endpoints)>{});
  } else {
    return message.node_endpoints;
  }
}

template <class Message>
class NodeEndpoints : public ::testing::Test {};
using WithNodeEndpoints = ::testing::Types<kafka::ProduceResponse, kafka::FetchResponse, kafka::ShareFetchResponse,
                                           kafka::ShareAcknowledgeResponse>;
TYPED_TEST_SUITE(NodeEndpoints, WithNodeEndpoints);

TYPED_TEST(NodeEndpoints, AreRewrittenOrDroppedAtEachVersionThatHasThem) {
  const kafka::Rewriting ours = kafka::find_api(TypeParam::key)->rewriting;
  for (Version version = ours.min; version <= ours.max; ++version) {
    // Given
    Book book = one_broker();
    TypeParam message;
    set_endpoints(message);

    // When
    const auto done = rewrite_response(TypeParam::key, version, kafka::encode_response(message, version, 1), book);

    // Then
    ASSERT_TRUE(done) << done.error().message;
    const auto endpoints = endpoints_of(decoded<TypeParam>(done->frame, version));
    ASSERT_EQ(endpoints.size(), 1U);
    EXPECT_EQ(endpoints[0].host, downstream_1.host);
    EXPECT_EQ(done->addresses, 1);
    EXPECT_EQ(done->hidden, 1);
    EXPECT_EQ(done->leaked, 0);
  }
}

TYPED_TEST(NodeEndpoints, LeaveNoFrameWhenThereAreNone) {
  Book book;
  const Version version = kafka::find_api(TypeParam::key)->rewriting.max;

  const auto done = rewrite_response(TypeParam::key, version, kafka::encode_response(TypeParam{}, version, 1), book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->frame.empty());
}

TEST(RewriteResponse, LeavesOutTheWholeTagWhenItsLastEndpointIsHidden) {
  Book book;
  kafka::FetchResponse message;
  set_endpoints(message);

  const auto done = rewrite_response(api::fetch, 18, kafka::encode_response(message, 18, 1), book);

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->frame, kafka::encode_response(kafka::FetchResponse{}, 18, 1));
}

TEST(RewriteResponse, KeepsUnknownTaggedFieldsByteForByte) {
  Book book = one_broker();
  const Bytes future{1, 2, 3};
  kafka::MetadataResponse message = metadata(1, "broker-1.internal", 9093);
  message.brokers[0].unknown_tags.push_back({9, future});
  message.unknown_tags.push_back({1000, future});

  const auto done = rewrite_response(api::metadata, 13, kafka::encode_response(message, 13, 1), book);

  ASSERT_TRUE(done) << done.error().message;
  message.brokers[0].host = downstream_1.host;
  message.brokers[0].port = downstream_1.port;
  EXPECT_EQ(done->frame, kafka::encode_response(message, 13, 1));
}

TEST(RewriteResponse, RefusesAVersionThatItDoesNotKnow) {
  Book book;
  const Bytes frame(20);

  const auto done = rewrite_response(api::metadata, 14, frame, book);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::Unsupported);
}

TEST(RewriteResponse, PassesWhatCarriesNoAddresses) {
  Book book;
  const Bytes nonsense(20, 0xff);

  for (const auto& [key, version] : std::vector<std::pair<std::int16_t, Version>>{
           {api::produce, Version{9}}, {api::fetch, Version{15}}, {std::int16_t{2}, Version{7}}, {999, Version{0}}}) {
    const auto done = rewrite_response(key, version, nonsense, book);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(done->frame.empty());
  }
}

TEST(RewriteResponse, RefusesAFrameShorterThanItsHeader) {
  Book book;
  EXPECT_FALSE(rewrite_response(api::metadata, 1, Bytes{0, 0, 0, 2, 1, 1}, book));
}

TEST(RewriteResponse, AnswersEveryTruncationWithAnError) {
  Book book = one_broker();
  const Bytes frame = kafka::encode_response(metadata(1, "broker-1.internal", 9093), 12, 77);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    ASSERT_FALSE(rewrite_response(api::metadata, 12, BytesView(frame).first(size), book)) << size;
  }
}

TEST(RewriteResponse, NeverLeaksWhateverTheMessage) {
  for (const kafka::AnyMessage& any : kafka::all_messages()) {
    const kafka::MessageInfo message = any.describe();
    if (!message.name.ends_with("Response") || message.key == api::api_versions) continue;
    for (Version version = message.versions.min; version <= message.versions.max; ++version) {
      for (std::uint32_t seed = 0; seed < 20; ++seed) {
        // Given: half of the brokers are known
        std::map<BrokerId, HostPort> known;
        for (BrokerId id = 0; id < 50; ++id) known[id] = {"b" + std::to_string(id) + ".example.com", 443};
        Book book(known);
        Bytes frame = kafka::open_response(message.key, version, 5);
        const Bytes body = kafka::sample::body(message, version, seed);
        frame.insert(frame.end(), body.begin(), body.end());
        frame = kafka::seal_frame(std::move(frame));

        // When
        const auto done = rewrite_response(message.key, version, frame, book);

        // Then
        ASSERT_TRUE(done) << message.name << " v" << version << ": " << done.error().message;
        ASSERT_EQ(done->leaked, 0) << message.name << " v" << version << " seed " << seed;
      }
    }
  }
}

TEST(LeakSearch, CountsWhatTheBookDidNotGive) {
  const std::set<HostPort> given{downstream_1};
  kafka::MetadataResponse message = metadata(1, downstream_1.host, downstream_1.port);
  message.brokers.push_back({2, "broker-2.internal", 9093, std::nullopt, {}});
  message.brokers.push_back({3, "", -1, std::nullopt, {}});

  LeakSearch search(given);
  visit_endpoints(message, search);

  EXPECT_EQ(search.leaked(), 1);
  EXPECT_EQ(search.found(), 1);
}

TEST(CarriesAddresses, IsTrueForTheApisThatNameBrokersAndForApiVersions) {
  EXPECT_TRUE(carries_addresses(api::metadata, 0));
  EXPECT_TRUE(carries_addresses(api::find_coordinator, 0));
  EXPECT_TRUE(carries_addresses(api::describe_cluster, 0));
  EXPECT_TRUE(carries_addresses(api::share_fetch, 1));
  EXPECT_TRUE(carries_addresses(api::share_acknowledge, 1));
  EXPECT_TRUE(carries_addresses(api::api_versions, 0));
  EXPECT_TRUE(carries_addresses(api::produce, 10));
  EXPECT_TRUE(carries_addresses(api::fetch, 16));
  EXPECT_FALSE(carries_addresses(api::produce, 9));
  EXPECT_FALSE(carries_addresses(api::fetch, 15));
  EXPECT_FALSE(carries_addresses(55, 2));
}

TEST(Knows, IsFalseForANegativeVersionOfARewrittenApi) {
  EXPECT_FALSE(knows(api::metadata, -1));
  EXPECT_FALSE(knows(api::produce, -1));
}

TEST(Knows, IsFalseOnlyWhereAddressesMayStandThatWeCannotFind) {
  EXPECT_TRUE(knows(api::metadata, 13));
  EXPECT_FALSE(knows(api::metadata, 14));
  EXPECT_TRUE(knows(api::produce, 0));
  EXPECT_TRUE(knows(api::produce, 13));
  EXPECT_FALSE(knows(api::produce, 14));
  EXPECT_TRUE(knows(api::fetch, 3));
  EXPECT_FALSE(knows(api::fetch, 19));
  EXPECT_FALSE(knows(api::share_fetch, 0));
  EXPECT_TRUE(knows(api::share_fetch, 2));
  EXPECT_FALSE(knows(api::api_versions, 5));
  EXPECT_TRUE(knows(2, 99));
  EXPECT_TRUE(knows(999, 0));
}

}  // namespace
}  // namespace kp::rewrite
