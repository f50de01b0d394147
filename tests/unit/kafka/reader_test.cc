#include "kafka/reader.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "kafka/writer.h"

namespace kp::kafka {
namespace {

TEST(Reader, ReadsIntegersBigEndian) {
  // Given
  const Bytes bytes{0x80, 0x01, 0x00, 0x00, 0x23, 0x84};
  Reader in(bytes);

  // When
  const auto first = in.integer<std::int16_t>();
  const auto second = in.integer<std::int32_t>();

  // Then
  EXPECT_EQ(first, -32767);
  EXPECT_EQ(second, 9092);
  EXPECT_FALSE(in.bad());
}

TEST(Reader, IsBadFromTheFirstShortReadOnAndGivesZero) {
  // Given
  const Bytes bytes{1, 2, 3};
  Reader in(bytes);

  // When
  const auto too_long = in.integer<std::int32_t>();
  const auto would_fit = in.integer<std::int8_t>();

  // Then
  EXPECT_EQ(too_long, 0);
  EXPECT_EQ(would_fit, 0);
  EXPECT_TRUE(in.bad());
  EXPECT_EQ(in.left(), 0U);
}

TEST(Reader, RefusesAVarintOfMoreThan32Bits) {
  for (const Bytes& bytes : {Bytes{0xff, 0xff, 0xff, 0xff, 0x10}, Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}}) {
    Reader in(bytes);
    in.uvarint();
    EXPECT_TRUE(in.bad());
  }
}

TEST(Reader, RefusesAVarintThatEndsTooSoon) {
  const Bytes bytes{0xff, 0x80};
  Reader in(bytes);

  in.uvarint();

  EXPECT_TRUE(in.bad());
}

TEST(Reader, RefusesALengthBeyondWhatIsLeft) {
  const Bytes bytes{0x7f, 0xff, 0xff, 0xff, 1, 2};
  Reader in(bytes);

  const auto length = in.length<std::int32_t>(false);

  EXPECT_EQ(length, -1);
  EXPECT_TRUE(in.bad());
}

TEST(Reader, RefusesALengthBelowNull) {
  const Bytes bytes{0xff, 0xfe, 1, 2};
  Reader in(bytes);

  in.length<std::int16_t>(false);

  EXPECT_TRUE(in.bad());
}

TEST(Reader, TakesTheLargestCompactLengthForWhatItIs) {
  const Bytes bytes{0xff, 0xff, 0xff, 0xff, 0x0f};  // 2^32 - 1: a length of 2^32 - 2
  Reader in(bytes);

  in.length<std::int32_t>(true);

  EXPECT_TRUE(in.bad());
}

TEST(Reader, NarrowedSeesOnlyItsPart) {
  const Bytes bytes{1, 2, 3};
  Reader in(bytes);

  const BytesView rest = in.narrow(2);
  in.integer<std::int16_t>();
  const std::size_t left_inside = in.left();
  in.widen(rest);

  EXPECT_EQ(left_inside, 0U);
  EXPECT_EQ(in.integer<std::int8_t>(), 3);
  EXPECT_FALSE(in.bad());
}

TEST(Reader, IsBadWhenAPartIsNotReadToItsEnd) {
  const Bytes bytes{1, 2, 3};
  Reader in(bytes);

  const BytesView rest = in.narrow(2);
  in.integer<std::int8_t>();
  in.widen(rest);

  EXPECT_TRUE(in.bad());
}

TEST(Reader, RefusesWhatCostsALargeMultipleOfTheFrame) {
  const Bytes bytes(100);
  Reader in(bytes);

  in.charge(std::size_t{1} << 20);

  EXPECT_TRUE(in.bad());
}

TEST(Reader, SumsUpWhatItIsCharged) {
  const Bytes bytes(100);
  Reader in(bytes);

  for (int i = 0; i < 1000; ++i) in.charge(100);

  EXPECT_TRUE(in.bad());
}

TEST(Writer, WritesWhatTheReaderReads) {
  for (const std::uint32_t value : {0U, 1U, 127U, 128U, 16383U, 16384U, 2097151U, 2097152U, 268435455U, 268435456U,
                                    std::numeric_limits<std::uint32_t>::max()}) {
    Bytes bytes;
    Writer(bytes).uvarint(value);
    Reader in(bytes);

    EXPECT_EQ(in.uvarint(), value);
    EXPECT_EQ(bytes.size(), uvarint_size(value));
    EXPECT_EQ(in.left(), 0U);
    EXPECT_FALSE(in.bad());
  }
}

TEST(Writer, WritesNullAsMinusOneOrZeroWhereFlexible) {
  Bytes bytes;
  Writer out(bytes);

  out.length<std::int16_t>(false, -1);
  out.length<std::int16_t>(true, -1);

  EXPECT_EQ(bytes, (Bytes{0xff, 0xff, 0x00}));
}

}  // namespace
}  // namespace kp::kafka
