#include "virtual/batch.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "unit/virtual/batches.h"
#include "virtual/filler.h"

namespace kp::virt {
namespace {

using sample::BatchOf;

std::optional<Batch> only_batch(Bytes& bytes) {
  BatchWalk walk(bytes);
  const auto found = walk.next();
  EXPECT_TRUE(found && *found);
  return found ? *found : std::nullopt;
}

/// A producer's batch of any kind that brokers take.
BatchOf any_batch(std::mt19937& random) {
  BatchOf of;
  of.delta = static_cast<std::int32_t>(random() % 1000);
  of.payload = random() % 400;
  if (random() % 2 == 0) {
    of.producer_id = static_cast<std::int64_t>(((std::uint64_t{random()} << 16) ^ random()) & ((1ULL << 48) - 1));
    of.epoch = static_cast<std::int16_t>(random() & 0x7fff);
    of.sequence = static_cast<std::int32_t>(random() & 0x7fffffff);
  }
  of.attributes = static_cast<std::int16_t>(random() % 16);
  return of;
}

TEST(BatchTag, ComesBackByteForByteAndKeepsTheCrcRight) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    // Given
    const Bytes before = sample::batch(any_batch(random));
    Bytes bytes = before;
    const auto any = static_cast<std::int32_t>(random() % 32768);
    const auto group = round < 4 ? (round % 2) * max_group : any;

    // When
    const Status tagged = tag_all(bytes, group);

    // Then
    ASSERT_TRUE(tagged) << tagged.error().message;
    auto batch = only_batch(bytes);
    ASSERT_EQ(batch->group(), group);
    ASSERT_TRUE(sample::crc_is_right(bytes));
    batch->restore(batch->last_offset());
    ASSERT_EQ(bytes, before);
  }
}

TEST(BatchTag, GivesAPlainBatchEpochAndSequenceZero) {
  Bytes bytes = sample::batch({});

  ASSERT_TRUE(tag_all(bytes, 3));

  const auto batch = only_batch(bytes);
  EXPECT_EQ(batch->producer_id(), -5);
  EXPECT_EQ(Bytes(bytes.begin() + 51, bytes.begin() + 57), Bytes(6, 0));
}

TEST(BatchTag, LeavesBatchesOfGroupZeroAsTheyAre) {
  const Bytes before = sample::batch({.producer_id = 7, .epoch = 0, .sequence = 4});
  Bytes bytes = before;

  ASSERT_TRUE(tag_all(bytes, 0));

  EXPECT_EQ(bytes, before);
}

TEST(BatchTag, RefusesTransactionsAndMarkers) {
  for (const auto attributes : std::initializer_list<std::int16_t>{0x10, 0x20, 0x30}) {
    Bytes bytes = sample::batch({.producer_id = 7, .epoch = 0, .sequence = 0, .attributes = attributes});
    const Status tagged = tag_all(bytes, 1);
    ASSERT_FALSE(tagged);
    EXPECT_EQ(tagged.error().code, Errc::Conflict);
  }
}

TEST(BatchTag, RefusesAProducerIdThatWouldBeAnotherGroups) {
  for (const std::int64_t id : {std::int64_t{1} << 48, std::int64_t{-2}, std::int64_t{-9}, INT64_MAX, INT64_MIN}) {
    for (const std::int32_t group : {0, 1}) {
      Bytes bytes = sample::batch({.producer_id = id});
      EXPECT_FALSE(tag_all(bytes, group)) << id;
    }
  }
}

TEST(BatchTag, ChangesNothingUnlessAllCanBeTagged) {
  Bytes bytes = sample::batch({});
  sample::append(bytes, sample::batch({.attributes = 0x10}));
  const Bytes before = bytes;

  EXPECT_FALSE(tag_all(bytes, 2));
  EXPECT_EQ(bytes, before);
}

TEST(BatchTag, KeepsACorruptBatchCorrupt) {
  Bytes bytes = sample::batch({});
  bytes.back() ^= 1;

  ASSERT_TRUE(tag_all(bytes, 2));

  EXPECT_FALSE(sample::crc_is_right(bytes));
}

TEST(BatchTag, RefusesACutRecordSet) {
  const Bytes whole = sample::batch({});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(tag_all(bytes, 1)) << size;
  }
}

TEST(BatchRestore, RaisesTheLastOffset) {
  Bytes bytes = sample::batch(sample::stored(9, 100, 4, 77));
  auto batch = only_batch(bytes);

  batch->restore(5000);

  EXPECT_EQ(batch->last_offset(), 5000);
  EXPECT_EQ(batch->producer_id(), 77);
  EXPECT_TRUE(sample::crc_is_right(bytes));
}

TEST(BatchRestore, NeverLowersTheLastOffset) {
  Bytes bytes = sample::batch(sample::stored(0, 100, 4));
  auto batch = only_batch(bytes);

  batch->restore(1);

  EXPECT_EQ(batch->last_offset(), 104);
}

TEST(GroupOfProducerId, IsNobodysBeyondTheHighestGroup) {
  EXPECT_EQ(group_of_producer_id(-1), 0);
  EXPECT_EQ(group_of_producer_id(-2), 0);
  EXPECT_EQ(group_of_producer_id(-2 - std::int64_t{max_group}), max_group);
  EXPECT_EQ(group_of_producer_id(-3 - std::int64_t{max_group}), -1);
  EXPECT_EQ(group_of_producer_id(INT64_MIN), -1);
  EXPECT_EQ(group_of_producer_id(INT64_MAX), max_group);
}

TEST(BatchWalk, RefusesOldMessageFormatsByName) {
  for (const auto magic : std::initializer_list<std::int8_t>{0, 1}) {
    Bytes bytes = sample::batch({.magic = magic});
    const auto batch = BatchWalk(bytes).next();
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code, Errc::Unsupported);
    EXPECT_NE(batch.error().message.find("format " + std::to_string(magic)), std::string::npos);
  }
}

TEST(BatchWalk, RefusesLengthsAndOffsetsThatNoKafkaWrites) {
  struct Damage {
    std::size_t at;
    Bytes bytes;
  };
  const std::vector<Damage> damages{
      {8, {0xff, 0xff, 0xff, 0xff}},
      {8, {0, 0, 0, 0}},
      {8, {0x80, 0, 0, 0}},
      {8, {0, 0, 0, 48}},
      {16, {3}},
      {23, {0x80, 0, 0, 0}},
      {0, {0x80}},
      {0, Bytes{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
  };
  for (const Damage& damage : damages) {
    Bytes bytes = sample::batch({.base = 4, .delta = 9});
    std::copy(damage.bytes.begin(), damage.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(damage.at));
    BatchWalk walk(bytes);
    EXPECT_FALSE(walk.next()) << damage.at;
    const auto after = walk.next();
    EXPECT_TRUE(after && !*after) << "no more after an error";
  }
}

TEST(BatchWalk, StopsBeforeACutBatch) {
  const Bytes whole = sample::batch({});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes bytes = whole;
    bytes.insert(bytes.end(), whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    BatchWalk walk(bytes);
    ASSERT_TRUE(walk.next());
    const auto second = walk.next();
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_FALSE(*second);
    EXPECT_EQ(walk.left(), size);
  }
}

TEST(AppendFiller, IsOneCommitMarkerOverTheRun) {
  Bytes bytes;

  append_filler({1000, 1'001'000, 7, 1234}, bytes);

  auto batch = only_batch(bytes);
  EXPECT_EQ(batch->bytes().size(), bytes.size());
  EXPECT_EQ(batch->base_offset(), 1000);
  EXPECT_EQ(batch->last_offset(), 1'001'000);
  EXPECT_EQ(batch->leader_epoch(), 7);
  EXPECT_EQ(batch->producer_id(), -1);
  EXPECT_TRUE(batch->control());
  EXPECT_FALSE(batch->transactional());
  EXPECT_TRUE(sample::crc_is_right(bytes));
}

TEST(AppendFiller, StandsAtTheEndOfARunThatItCanNotSpan) {
  for (const std::int64_t last : {std::int64_t{5'000'000'000}, INT64_MAX}) {
    Bytes bytes;

    append_filler({0, last, 1, -1}, bytes);

    auto batch = only_batch(bytes);
    EXPECT_EQ(batch->bytes().size(), bytes.size());
    EXPECT_EQ(batch->last_offset(), last);
    EXPECT_GT(batch->base_offset(), 0);
    EXPECT_TRUE(sample::crc_is_right(bytes));
  }
}

TEST(AppendFiller, ReachesTheEndOfOffsets) {
  Bytes bytes;

  append_filler({INT64_MAX - 1, INT64_MAX, 1, -1}, bytes);

  EXPECT_EQ(only_batch(bytes)->last_offset(), INT64_MAX);
}

}  // namespace
}  // namespace kp::virt
