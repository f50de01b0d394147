#include "base/bytes.h"

#include <gtest/gtest.h>

namespace kp {
namespace {

TEST(BigEndian, ReadsTheFirstFourBytes) {
  EXPECT_EQ(big_endian_i32(Bytes{0x00, 0x00, 0x23, 0x84, 0xff}), 9092);
  EXPECT_EQ(big_endian_i32(Bytes{0xff, 0xff, 0xff, 0xff}), -1);
  EXPECT_EQ(big_endian_i32(Bytes{0x80, 0x00, 0x00, 0x00}), INT32_MIN);
}

TEST(BigEndian, ReadsTheFirstTwoBytes) {
  EXPECT_EQ(big_endian_i16(Bytes{0x00, 0x03}), 3);
  EXPECT_EQ(big_endian_i16(Bytes{0xff, 0xfe}), -2);
}

}  // namespace
}  // namespace kp
