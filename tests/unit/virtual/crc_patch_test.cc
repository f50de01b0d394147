#include "virtual/crc_patch.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>

#include "unit/virtual/batches.h"

namespace kp::virt {
namespace {

TEST(Crc32c, IsThatOfRfc3720) {
  const std::string_view digits = "123456789";
  const Bytes text(digits.begin(), digits.end());

  EXPECT_EQ(crc32c(text), 0xe3069283);
  EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aa);
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43);
}

TEST(PatchCrc32c, GivesWhatComputingAgainGives) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    // Given: a message, and a change somewhere in it
    Bytes message(1 + random() % (round % 100 == 0 ? 70'000 : 300));
    for (auto& byte : message) byte = static_cast<std::uint8_t>(random());
    const std::size_t at = random() % message.size();
    const std::size_t size = random() % (message.size() - at + 1);
    const Bytes whole_before = message;
    for (std::size_t i = at; i < at + size; ++i) message[i] = static_cast<std::uint8_t>(random());

    // When
    const std::uint32_t patched =
        patch_crc32c(sample::slow_crc32c(whole_before), BytesView(whole_before).subspan(at, size),
                     BytesView(message).subspan(at, size), message.size() - at - size);

    // Then
    ASSERT_EQ(patched, sample::slow_crc32c(message)) << "round " << round;
  }
}

TEST(PatchCrc32c, GoesBackTheWayItCame) {
  const Bytes before{1, 2, 3, 4};
  const Bytes after{9, 8, 7, 6};
  for (const std::uint64_t behind : {0ULL, 1ULL, 61ULL, 4096ULL, 0x7fffffffULL, 0x123456789abcULL}) {
    const std::uint32_t there = patch_crc32c(0xcafe, before, after, behind);
    EXPECT_NE(there, 0xcafeU);
    EXPECT_EQ(patch_crc32c(there, after, before, behind), 0xcafeU) << behind;
  }
}

TEST(PatchCrc32c, KeepsAWrongOneWrong) {
  Bytes message(500, 1);
  const std::uint32_t wrong = sample::slow_crc32c(message) ^ 0x10;
  const Bytes after{7};

  const std::uint32_t patched = patch_crc32c(wrong, BytesView(message).first(1), after, message.size() - 1);
  message[0] = 7;

  EXPECT_EQ(patched, sample::slow_crc32c(message) ^ 0x10);
}

}  // namespace
}  // namespace kp::virt
