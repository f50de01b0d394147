#include "virtual/shadow.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace kp::virt {
namespace {

TEST(JavaHash, IsStringHashCode) {
  EXPECT_EQ(java_hash(""), 0U);
  EXPECT_EQ(java_hash("a"), 97U);
  EXPECT_EQ(java_hash("hello"), 99162322U);
  EXPECT_EQ(java_hash("größe"), static_cast<std::uint32_t>(98762257));
}

TEST(JavaHash, CountsUtf16CodeUnits) {
  // U+1F600 is the pair d83d de00
  EXPECT_EQ(java_hash("\xf0\x9f\x98\x80"), 0xd83dU * 31 + 0xde00U);
  EXPECT_EQ(java_hash("\xe6\x97\xa5"), 0x65e5U);
}

TEST(ShadowGroup, HasTheHashOfItsGroupAndIsParsedBack) {
  const std::vector<std::string> characters{"a", "Z", "0", "-", "~", "v", "~v1~", "ö", "日", "\xf0\x9f\x98\x80", " "};
  std::mt19937 random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string group;
    for (auto n = random() % 20; n > 0; --n) group += characters[random() % characters.size()];
    const auto number = static_cast<std::int32_t>(1 + random() % 32767);

    const auto shadow = shadow_group(group, number);

    ASSERT_TRUE(shadow);
    ASSERT_EQ(java_hash(*shadow), java_hash(group)) << *shadow;
    ASSERT_TRUE(shadow->starts_with(group + "~v" + std::to_string(number) + "~"));
    const auto back = parse_shadow(*shadow);
    ASSERT_TRUE(back) << *shadow;
    ASSERT_EQ(back->group, group);
    ASSERT_EQ(back->number, number);
  }
}

TEST(ShadowGroup, OfAShadowIsItsOwn) {
  const auto once = shadow_group("orders", 1);
  const auto twice = shadow_group(*once, 2);

  EXPECT_EQ(parse_shadow(*twice)->group, *once);
}

TEST(ShadowGroup, IsNoneForWhatBrokersWouldReadAsAnotherName) {
  EXPECT_FALSE(shadow_group("\xff", 1));
  EXPECT_FALSE(shadow_group("\xed\xa0\x80", 1));
  EXPECT_FALSE(shadow_group(std::string(32760, 'x'), 1));
}

TEST(ParseShadow, TakesNoOtherNameForOne) {
  const std::string shadow = *shadow_group("orders", 3);
  EXPECT_TRUE(parse_shadow(shadow));
  for (std::size_t at = 0; at < shadow.size(); ++at) {
    std::string other = shadow;
    other[at] = other[at] == '`' ? 'a' : '`';
    EXPECT_FALSE(parse_shadow(other)) << other;
  }
  for (const char* other : {"", "orders", "~v1~", "orders~v3~abcdefg", "orders~v03~```````", "orders~v99999~```````",
                            "orders~v0~```````", "orders~v~```````"}) {
    EXPECT_FALSE(parse_shadow(other)) << other;
  }
}

}  // namespace
}  // namespace kp::virt
