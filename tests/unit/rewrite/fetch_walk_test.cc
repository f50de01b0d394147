#include "rewrite/fetch_walk.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "kafka/header.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/messages/all.h"
#include "kafka/writer.h"
#include "unit/kafka/sample.h"

namespace kp::rewrite {
namespace {

using kafka::Version;
namespace api = kafka::api;

struct Case {
  std::int16_t key;
  Version version;
};

class Walk : public ::testing::TestWithParam<Case> {
 protected:
  kafka::MessageInfo message() const {
    return GetParam().key == api::fetch ? kafka::describe<kafka::FetchResponse>()
                                        : kafka::describe<kafka::ShareFetchResponse>();
  }

  /// Everything behind the correlation id.
  Bytes payload(std::uint32_t seed) const {
    Bytes bytes{1, 9, 3, 'a', 'b', 'c'};  // the header has a tagged field
    const Bytes body = kafka::sample::body(message(), GetParam().version, seed);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
  }

  /// Where the tail begins: the whole is decoded, and what stands behind the topics is encoded alone.
  std::size_t tail_offset(BytesView bytes) const {
    const BytesView body = bytes.subspan(6);
    Bytes tail;
    if (GetParam().key == api::fetch) {
      encode_after("Responses", *kafka::decode<kafka::FetchResponse>(body, GetParam().version), GetParam().version,
                   tail);
    } else {
      encode_after("Responses", *kafka::decode<kafka::ShareFetchResponse>(body, GetParam().version), GetParam().version,
                   tail);
    }
    return bytes.size() - tail.size();
  }
};

/// Feeds pieces of `chunk` bytes, giving back what wasn't taken; the offset of the tail, or where it stopped.
Result<std::size_t> walk_in_chunks(FetchWalk& walk, BytesView bytes, std::size_t chunk) {
  std::size_t at = 0;
  std::size_t seen = 0;
  while (!walk.at_tail() && seen < bytes.size()) {
    seen = std::min(bytes.size(), seen + chunk);
    const Result<std::size_t> taken = walk.feed(bytes.subspan(at, seen - at));
    if (!taken) return taken.error();
    at += *taken;
    if (!walk.at_tail() && seen - at > 10) return Error{Errc::Internal, "holds back more than a tag and a length"};
  }
  return at;
}

TEST_P(Walk, FindsTheTailWhateverThePieces) {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    const Bytes bytes = payload(seed);
    const std::size_t tail = tail_offset(bytes);
    for (std::size_t chunk = 1; chunk <= bytes.size(); ++chunk) {
      FetchWalk walk(GetParam().key, GetParam().version, bytes.size());

      const Result<std::size_t> stopped = walk_in_chunks(walk, bytes, chunk);

      ASSERT_TRUE(stopped) << stopped.error().message;
      ASSERT_TRUE(walk.at_tail());
      ASSERT_EQ(*stopped, tail) << "seed " << seed << ", pieces of " << chunk;
      ASSERT_EQ(walk.passed(), tail);
    }
  }
}

TEST_P(Walk, FindsTheTailWhenTheCallerPassesWhatIsToBeSkipped) {
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    // Given
    const Bytes bytes = payload(seed);
    FetchWalk walk(GetParam().key, GetParam().version, bytes.size());
    std::size_t at = 0;

    // When: what can be skipped is never shown
    while (!walk.at_tail()) {
      const auto unseen = static_cast<std::size_t>(walk.skip());
      walk.skipped(unseen);
      at += unseen;
      if (walk.at_tail()) break;
      const Result<std::size_t> taken =
          walk.feed(BytesView(bytes).subspan(at, std::min<std::size_t>(12, bytes.size() - at)));
      ASSERT_TRUE(taken) << taken.error().message;
      ASSERT_TRUE(*taken > 0 || walk.at_tail());
      at += *taken;
    }

    // Then
    EXPECT_EQ(at, tail_offset(bytes));
  }
}

TEST_P(Walk, IsNotAtTheTailBeforeAllTopicsWentBy) {
  const Bytes bytes = payload(3);
  const std::size_t tail = tail_offset(bytes);
  for (std::size_t size = 0; size < tail; ++size) {
    FetchWalk walk(GetParam().key, GetParam().version, bytes.size());
    ASSERT_TRUE(walk.feed(BytesView(bytes).first(size)));
    ASSERT_FALSE(walk.at_tail()) << size;
  }
}

TEST_P(Walk, RefusesALengthBeyondTheFrame) {
  int refused = 0;
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    const Bytes bytes = payload(seed);
    const std::size_t tail = tail_offset(bytes);
    FetchWalk walk(GetParam().key, GetParam().version, tail - 1);  // one byte less than there is before the tail
    if (!walk.feed(bytes)) ++refused;
  }
  EXPECT_EQ(refused, 12);
}

std::vector<Case> every_version() {
  return {{api::fetch, 16}, {api::fetch, 17}, {api::fetch, 18}, {api::share_fetch, 1}, {api::share_fetch, 2}};
}

INSTANTIATE_TEST_SUITE_P(Responses, Walk, ::testing::ValuesIn(every_version()), [](const auto& test) {
  return std::string(kafka::api_name(test.param.key)) + "_v" + std::to_string(test.param.version);
});

TEST(FetchWalk, ShowsTheRecordsAsBytesToSkip) {
  // Given
  kafka::FetchResponse message;
  const Bytes records(100'000, 0xab);
  message.responses.emplace_back().partitions.emplace_back().records = kafka::Records{records};
  Bytes bytes{0};
  kafka::encode(message, 17, bytes);
  FetchWalk walk(api::fetch, 17, bytes.size());

  // When
  const Result<std::size_t> taken = walk.feed(BytesView(bytes).first(200));

  // Then
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(*taken, 200U);
  EXPECT_GT(walk.skip(), 99'000U);
}

TEST(FetchWalk, RefusesAVarintThatDoesNotEnd) {
  FetchWalk walk(api::fetch, 17);

  EXPECT_FALSE(walk.feed(Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
}

TEST(FetchWalk, RefusesACountBeyondTheFrame) {
  Bytes bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};  // header, throttle, error, session
  kafka::Writer(bytes).uvarint(1001);            // topics
  FetchWalk walk(api::fetch, 17, 500);

  EXPECT_FALSE(walk.feed(bytes));
}

TEST(CanWalk, IsTrueWhereLargeRecordsAndEndpointsMeet) {
  EXPECT_TRUE(can_walk(api::fetch, 16));
  EXPECT_TRUE(can_walk(api::share_fetch, 2));
  EXPECT_FALSE(can_walk(api::fetch, 15));
  EXPECT_FALSE(can_walk(api::fetch, 19));
  EXPECT_FALSE(can_walk(api::share_fetch, 0));
  EXPECT_FALSE(can_walk(api::share_acknowledge, 1));
  EXPECT_FALSE(can_walk(api::metadata, 12));
}

}  // namespace
}  // namespace kp::rewrite
