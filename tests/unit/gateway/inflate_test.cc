#include "gateway/inflate.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/gateway/packed.h"

namespace kp::gateway {
namespace {

const std::string text = std::string(200'000, 'x') + "end";

class EachCoding : public testing::TestWithParam<Coding> {
 protected:
  static std::string pack(const std::string& plain) { return GetParam() == Coding::Gzip ? gzip(plain) : zstd(plain); }
};

TEST_P(EachCoding, GivesBackWhatWasPacked) {
  for (const std::string& plain : {std::string(), std::string("a"), text}) {
    const auto out = inflate(GetParam(), pack(plain), 1 << 20);
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ(*out, plain);
  }
}

TEST_P(EachCoding, SeveralPartsAreOne) {
  const auto out = inflate(GetParam(), pack("a") + pack("b"), 100);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(*out, "ab");
}

TEST_P(EachCoding, ExactlyTheLimitPassesAndOneMoreDoesNot) {
  EXPECT_TRUE(inflate(GetParam(), pack(text), text.size()));
  const auto out = inflate(GetParam(), pack(text), text.size() - 1);
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::Busy);
}

TEST_P(EachCoding, EveryCutIsMalformed) {
  const std::string packed = pack("some text that is packed");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto out = inflate(GetParam(), packed.substr(0, size), 1000);
    ASSERT_FALSE(out) << size;
    EXPECT_EQ(out.error().code, Errc::Malformed) << size;
  }
}

TEST_P(EachCoding, MayComeByteByByteAndLeaveInSteps) {
  auto unpacker = Unpacker::make(GetParam());
  ASSERT_TRUE(unpacker);
  std::string out;
  const std::string packed = pack("ab") + pack(text);
  for (std::size_t at = 0; at < packed.size(); ++at) {
    std::string_view one = std::string_view(packed).substr(at, 1);
    for (bool more = true; more;) {
      const std::size_t before = out.size();
      const auto put = unpacker->put(one, 1000, out);
      ASSERT_TRUE(put) << put.error().message;
      ASSERT_LE(out.size(), before + 1000);
      more = *put;
    }
    ASSERT_TRUE(one.empty());
  }
  EXPECT_EQ(out, "ab" + text);
  EXPECT_TRUE(unpacker->whole());
  EXPECT_GT(unpacker->memory(), 1000U);
}

TEST_P(EachCoding, OtherBytesAreMalformed) {
  EXPECT_EQ(inflate(GetParam(), "no such thing at all", 1000).error().code, Errc::Malformed);
}

TEST(Unpacker, GivesWhatStandsBeforeTheFault) {
  auto unpacker = Unpacker::make(Coding::Gzip);
  ASSERT_TRUE(unpacker);
  const std::string packed = gzip("before") + "no gzip";
  std::string_view rest = packed;
  std::string out;
  const auto first = unpacker->put(rest, 1000, out);
  ASSERT_TRUE(first);
  EXPECT_TRUE(*first);
  EXPECT_EQ(out, "before");
  EXPECT_FALSE(unpacker->put(rest, 1000, out));
  EXPECT_EQ(out, "before");
}

INSTANTIATE_TEST_SUITE_P(Both, EachCoding, testing::Values(Coding::Gzip, Coding::Zstd),
                         [](const auto& each) { return each.param == Coding::Gzip ? "Gzip" : "Zstd"; });

TEST(Coding, OnlyTwoAreTaken) {
  EXPECT_EQ(*parse_coding("GZIP"), Coding::Gzip);
  EXPECT_EQ(*parse_coding("zstd"), Coding::Zstd);
  EXPECT_EQ(*parse_coding(""), Coding::Identity);
  EXPECT_FALSE(parse_coding("br"));
  EXPECT_FALSE(parse_coding("gzip, gzip"));
}

}  // namespace
}  // namespace kp::gateway
