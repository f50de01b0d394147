#include "virtual/sieve.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "unit/virtual/batches.h"
#include "virtual/batch.h"

namespace kp::virt {
namespace {

using sample::stored;

struct Seen {
  std::int64_t base;
  std::int64_t last;
  bool control;
  std::int64_t producer_id;

  bool operator==(const Seen&) const = default;
};

std::vector<Seen> batches_of(BytesView records) {
  Bytes copy(records.begin(), records.end());
  BatchWalk walk(copy);
  std::vector<Seen> seen;
  while (true) {
    const auto batch = walk.next();
    EXPECT_TRUE(batch);
    if (!batch || !*batch) break;
    EXPECT_TRUE(sample::crc_is_right((*batch)->bytes()));
    seen.push_back({(*batch)->base_offset(), (*batch)->last_offset(), (*batch)->control(), (*batch)->producer_id()});
  }
  EXPECT_EQ(walk.left(), 0U);
  return seen;
}

class SieveOver : public ::testing::Test {
 protected:
  /// Groups 0, 1, 1, 0, 2 with ten offsets each, from 100 on.
  SieveOver() {
    std::int64_t base = 100;
    for (const std::int32_t group : {0, 1, 1, 0, 2}) {
      sample::append(records_, sample::batch(stored(group, base, 9, 40 + group)));
      base += 10;
    }
  }

  std::vector<Seen> take(std::int32_t group, std::int64_t offset, Filler filler = Filler::Control) {
    auto sieve = Sieve::over(records_);
    EXPECT_TRUE(sieve);
    taken_ = sieve->take(group, offset, filler);
    return batches_of(taken_.records);
  }

  Bytes records_;
  Sieve::Taken taken_;
};

TEST_F(SieveOver, KeepsAGroupsBatchesAndLetsThemReachOverTheOthers) {
  EXPECT_EQ(take(1, 100), (std::vector<Seen>{{110, 119, false, 41}, {120, 149, false, 41}}));
  EXPECT_EQ(taken_.kept, 2U);
  EXPECT_EQ(taken_.dropped, 3U);
  EXPECT_EQ(taken_.next_offset, 150);
}

TEST_F(SieveOver, RaisesABatchOnlyUpToTheNextThatIsKept) {
  EXPECT_EQ(take(0, 100), (std::vector<Seen>{{100, 129, false, 40}, {130, 149, false, 40}}));
}

TEST_F(SieveOver, PassesOverWhatLiesBeforeTheOffset) {
  EXPECT_EQ(take(0, 111), (std::vector<Seen>{{130, 149, false, 40}}));
  EXPECT_EQ(taken_.dropped, 3U);
}

TEST_F(SieveOver, GivesTheBatchThatHoldsTheOffset) {
  EXPECT_EQ(take(1, 115), (std::vector<Seen>{{110, 119, false, 41}, {120, 149, false, 41}}));
}

TEST_F(SieveOver, FillsFromTheOffsetWhereNothingIsKept) {
  EXPECT_EQ(take(7, 123), (std::vector<Seen>{{123, 149, true, -1}}));
  EXPECT_EQ(taken_.kept, 0U);
}

TEST_F(SieveOver, FillsFromTheFirstBatchWhereThatLiesBehindTheOffset) {
  EXPECT_EQ(take(7, 20), (std::vector<Seen>{{100, 149, true, -1}}));
}

TEST_F(SieveOver, LeavesTheFillerOutWhereItIsNotWanted) {
  EXPECT_EQ(take(7, 100, Filler::None), std::vector<Seen>{});
  EXPECT_EQ(taken_.next_offset, 150);
}

TEST_F(SieveOver, GivesNothingBehindWhatWasRead) {
  EXPECT_EQ(take(1, 150), std::vector<Seen>{});
  EXPECT_EQ(taken_.next_offset, 150);
}

TEST_F(SieveOver, LeavesACutBatchOut) {
  records_.resize(records_.size() - 1);

  EXPECT_EQ(take(2, 100), (std::vector<Seen>{{100, 139, true, -1}}));
}

TEST_F(SieveOver, CopiesNothingWhereAllIsKept) {
  records_ = sample::batch(stored(3, 0, 4));
  sample::append(records_, sample::batch(stored(3, 5, 4, 9)));

  take(3, 0);

  EXPECT_EQ(taken_.records.data(), records_.data());
  EXPECT_TRUE(taken_.made.empty());
}

TEST_F(SieveOver, RefusesOffsetsThatDoNotAscend) {
  sample::append(records_, sample::batch(stored(0, 149, 4)));
  EXPECT_FALSE(Sieve::over(records_));
}

TEST(SieveProperty, EachGroupGetsItsRecordsOnceInOrderAndEveryoneMovesOn) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    // Given: batches of some groups, with gaps as compaction leaves them
    Bytes records;
    std::map<std::int32_t, std::vector<std::int64_t>> bases;
    auto offset = static_cast<std::int64_t>(random() % 1000);
    const std::int64_t start = offset;
    for (auto n = 1 + random() % 30; n > 0; --n) {
      const auto group = static_cast<std::int32_t>(random() % 5);
      const auto delta = static_cast<std::int32_t>(random() % 20);
      const std::int64_t id = random() % 2 == 0 ? -1 : static_cast<std::int64_t>(random() % 100);
      sample::append(records, sample::batch(stored(group, offset, delta, id)));
      bases[group].push_back(offset);
      offset += delta + 1 + static_cast<std::int64_t>(random() % 5);
    }
    auto sieve = Sieve::over(records);
    ASSERT_TRUE(sieve);

    for (std::int32_t group = 0; group < 6; ++group) {
      // When
      const Sieve::Taken taken = sieve->take(group, start, Filler::Control);

      // Then
      std::vector<std::int64_t> found;
      std::int64_t position = start;
      for (const Seen& batch : batches_of(taken.records)) {
        ASSERT_GE(batch.base, position);
        position = batch.last + 1;
        if (!batch.control) found.push_back(batch.base);
      }
      ASSERT_EQ(found, bases[group]) << "round " << round << " group " << group;
      ASSERT_EQ(position, taken.next_offset);
    }
  }
}

}  // namespace
}  // namespace kp::virt
