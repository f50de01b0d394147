#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/parse.h"
#include "support.h"

namespace kp::config {
namespace {

using testing::IsEmpty;
using testing::Not;

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string out;
  while (out.size() + piece.size() <= bytes) out += piece;
  return out;
}

Parsed parsed(const std::string& yaml) { return parse(yaml, environment_of({})); }

TEST(HostileConfig, MoreThanOneMebibyteIsRefused) {
  const Parsed out = parsed(repeated("# ten bytes\n", 10 << 20));
  ASSERT_EQ(out.errors.size(), 1U);
  EXPECT_EQ(out.errors[0].message, "the file is larger than 1 MiB");
}

TEST(HostileConfig, AnEnvironmentThatBlowsTheFileUpIsRefused) {
  const std::string value(100'000, 'x');
  const Parsed out = parse(repeated("${V} ", 1000), environment_of({{"V", value}}));
  ASSERT_EQ(out.errors.size(), 1U);
}

TEST(HostileConfig, AFileOfMissingVariablesGetsABoundedAnswer) {
  const Parsed out = parsed(repeated("# x\n- \"${NO_SUCH} ${\"\n", 1 << 20));
  EXPECT_LE(out.errors.size(), 300U);
  EXPECT_LE(out.warnings.size(), 300U);
}

/// One piece over and over, up to the size that is read. Each asks a parser for depth, width or patience.
class Repetition : public testing::TestWithParam<const char*> {};

TEST_P(Repetition, IsRefused) { EXPECT_THAT(parsed(repeated(GetParam(), 1 << 20)).errors, Not(IsEmpty())); }

INSTANTIATE_TEST_SUITE_P(OfAMebibyte, Repetition,
                         testing::Values("[", "{", "- ", "? ", "a: ", "{a: ", "&a ", "*a ", "!a ", "\"", "'", "|\n",
                                         "]", "[a, ", "a:\n ", "- [\n", ",", "%", "---\n", "a: b\n", "- a\n", "\t", ":",
                                         "@", "${", "${A", "${A:", "[],", "{}, ", "? a\n", "!<", "\xef\xbb\xbf", "a ",
                                         "\\"));

TEST(HostileConfig, RandomBytesAreRefused) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 200 + 1, '\0');
    for (char& c : text) c = static_cast<char>(random() % 256);
    EXPECT_THAT(parsed(text).errors, Not(IsEmpty()));
  }
}

TEST(HostileConfig, EveryTruncationOfAGoodFileIsReadToAnEnd) {
  const std::string good = full_yaml(dynamic_yaml);
  for (std::size_t length = 0; length < good.size(); ++length) {
    const Parsed out = parsed(good.substr(0, length));
    for (const Problem& problem : out.errors) EXPECT_FALSE(problem.message.empty());
  }
}

TEST(HostileConfig, EveryFlippedByteOfAGoodFileIsReadToAnEnd) {
  const std::string good = full_yaml(sni_yaml);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x04);
    const Parsed out = parsed(bad);
    for (const Problem& problem : out.errors) EXPECT_FALSE(problem.message.empty());
  }
}

}  // namespace
}  // namespace kp::config
