#include <gtest/gtest.h>

#include <optional>

#include "kafka/header.h"
#include "kafka/messages/18_api_versions.h"
#include "rewrite/response.h"
#include "unit/rewrite/book.h"

namespace kp::rewrite {
namespace {

using kafka::ApiVersionsResponse;
using kafka::Version;
namespace api = kafka::api;

using Offers = std::vector<ApiVersionsResponse::ApiVersion>;

/// What is left of an offer after clamping; nullopt when the API isn't offered any more.
std::optional<std::pair<Version, Version>> clamped(std::int16_t key, Version min, Version max) {
  Book book;
  ApiVersionsResponse message;
  message.api_keys = Offers{{key, min, max, {}}};
  const Bytes frame = kafka::encode_response(message, 3, 1);
  const auto done = rewrite_response(api::api_versions, 3, frame, book);
  EXPECT_TRUE(done) << done.error().message;
  const auto answer = kafka::decode_response<ApiVersionsResponse>(done->frame.empty() ? frame : done->frame, 3);
  EXPECT_TRUE(answer) << answer.error().message;
  if (answer->api_keys.empty()) return std::nullopt;
  return std::pair{answer->api_keys[0].min_version, answer->api_keys[0].max_version};
}

using Range = std::optional<std::pair<Version, Version>>;
Range range(int min, int max) { return std::pair{static_cast<Version>(min), static_cast<Version>(max)}; }

TEST(ClampApiVersions, TakesAwayVersionsThatWeDoNotKnow) {
  EXPECT_EQ(clamped(api::metadata, 0, 14), range(0, 13));
  EXPECT_EQ(clamped(api::fetch, 4, 40), range(4, 18));
  EXPECT_EQ(clamped(api::api_versions, 0, 5), range(0, 4));
}

TEST(ClampApiVersions, KeepsProducesMinimumOfZero) { EXPECT_EQ(clamped(api::produce, 0, 14), range(0, 13)); }

TEST(ClampApiVersions, KeepsWhatTheBrokerCannotDo) { EXPECT_EQ(clamped(api::metadata, 0, 9), range(0, 9)); }

TEST(ClampApiVersions, RemovesAnApiOfWhichNoVersionIsKnown) {
  EXPECT_EQ(clamped(api::metadata, 14, 15), std::nullopt);
  EXPECT_EQ(clamped(api::share_fetch, 0, 0), std::nullopt);
}

TEST(ClampApiVersions, RaisesTheMinimumAboveAFormThatIsGone) {
  EXPECT_EQ(clamped(api::share_fetch, 0, 1), range(1, 1));
}

TEST(ClampApiVersions, LeavesAllOtherApisOpen) {
  EXPECT_EQ(clamped(2, 1, 99), range(1, 99));
  EXPECT_EQ(clamped(12345, 0, 7), range(0, 7));
}

TEST(ClampApiVersions, LeavesNoFrameWhenAllIsKnown) {
  for (Version version = 0; version <= 4; ++version) {
    Book book;
    ApiVersionsResponse message;
    message.api_keys = Offers{{api::produce, 0, 13, {}}, {api::metadata, 0, 13, {}}};

    const auto done = rewrite_response(api::api_versions, version, kafka::encode_response(message, version, 1), book);

    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(done->frame.empty());
  }
}

TEST(ClampApiVersions, OffersNothingThatIsWithheldAtAnyVersion) {
  for (Version version = 0; version <= 4; ++version) {
    Book book;
    ApiVersionsResponse message;
    message.api_keys = Offers{{api::metadata, 0, 13, {}}};
    const Bytes without = kafka::encode_response(message, version, 1);
    for (const std::int16_t key : api::delegation_tokens) message.api_keys.push_back({key, 1, 3, {}});
    const Bytes with = kafka::encode_response(message, version, 1);

    const auto done = rewrite_response(api::api_versions, version, with, book, {api::delegation_tokens, {}});

    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->frame, without);
  }
}

TEST(ClampApiVersions, LeavesNoFrameWhenTheBrokerDoesNotOfferWhatIsWithheld) {
  Book book;
  ApiVersionsResponse message;
  message.api_keys = Offers{{api::metadata, 0, 13, {}}};

  const auto done =
      rewrite_response(api::api_versions, 3, kafka::encode_response(message, 3, 1), book, {api::delegation_tokens, {}});

  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->frame.empty());
}

TEST(ClampApiVersions, OffersDelegationTokensWhereNothingIsWithheld) {
  for (const std::int16_t key : api::delegation_tokens) EXPECT_EQ(clamped(key, 1, 3), range(1, 3));
}

TEST(ClampApiVersions, KeepsFeaturesAndUnknownTags) {
  Book book;
  const Bytes future{7};
  ApiVersionsResponse message;
  message.api_keys = Offers{{api::metadata, 0, 14, {}}};
  message.finalized_features_epoch = 5;
  message.unknown_tags.push_back({77, future});

  const auto done = rewrite_response(api::api_versions, 4, kafka::encode_response(message, 4, 9), book);

  ASSERT_TRUE(done) << done.error().message;
  message.api_keys[0].max_version = 13;
  EXPECT_EQ(done->frame, kafka::encode_response(message, 4, 9));
}

TEST(ClampApiVersions, ReadsError35InTheFormOfVersionZero) {
  // Given: a broker that knows ApiVersions up to 7 refuses version 4
  Book book;
  ApiVersionsResponse message;
  message.error_code = 35;
  message.api_keys = Offers{{api::api_versions, 0, 7, {}}};

  // When
  const auto done = rewrite_response(api::api_versions, 4, kafka::encode_response(message, 0, 1), book);

  // Then
  ASSERT_TRUE(done) << done.error().message;
  message.api_keys[0].max_version = 4;
  EXPECT_EQ(done->frame, kafka::encode_response(message, 0, 1));
}

TEST(ApiVersionsUnsupported, IsWhatABrokerAnswersToAVersionThatItDoesNotKnow) {
  const Bytes frame = api_versions_unsupported(0x01020304);

  EXPECT_EQ(frame, (Bytes{0, 0,  0, 16,  // size
                          1, 2,  3, 4,   // correlation id, no tagged fields
                          0, 35,         // UNSUPPORTED_VERSION
                          0, 0,  0, 1,   // one API
                          0, 18, 0, 0,  0, 4}));
}

}  // namespace
}  // namespace kp::rewrite
