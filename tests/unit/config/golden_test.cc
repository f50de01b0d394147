#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "config/parse.h"
#include "config/text_file.h"
#include "support.h"

namespace kp::config {
namespace {

const std::string golden = KP_SOURCE_DIR "/tests/golden/";

std::vector<std::string> cases_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(golden + folder))
    if (entry.path().extension() == ".yaml") out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class ConfigErrors : public testing::TestWithParam<std::string> {};

TEST_P(ConfigErrors, AreAllReportedWithPathAndLine) {
  // Given
  const std::string file = golden + "config-errors/" + GetParam();
  const auto expected = read_text_file(file + ".txt");
  ASSERT_TRUE(expected) << expected.error().message;

  // When
  const std::string said = describe(load(file + ".yaml", golden_environment()), GetParam() + ".yaml");

  // Then
  EXPECT_EQ(said, *expected);
}

TEST_P(ConfigErrors, HoldNoSecret) {
  const Parsed parsed = load(golden + "config-errors/" + GetParam() + ".yaml", golden_environment());
  EXPECT_EQ(describe(parsed, "").find("hunter2"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Golden, ConfigErrors, testing::ValuesIn(cases_in("config-errors")), test_name);

class SeedTemplate : public testing::TestWithParam<std::string> {};

TEST_P(SeedTemplate, LoadsUnchanged) {
  const Parsed parsed = load(golden + "seed-templates/" + GetParam() + ".yaml", golden_environment());
  EXPECT_TRUE(parsed.errors.empty()) << describe(parsed, GetParam());
}

TEST_P(SeedTemplate, NamesEachMissingVariable) {
  const Parsed parsed = load(golden + "seed-templates/" + GetParam() + ".yaml", environment_of({}));
  const bool uses_variables = !GetParam().starts_with("07");
  EXPECT_EQ(!parsed.errors.empty(), uses_variables) << describe(parsed, GetParam());
  for (const Problem& problem : parsed.errors)
    EXPECT_NE(problem.message.find("environment variable is not defined"), std::string::npos) << problem.message;
}

INSTANTIATE_TEST_SUITE_P(Golden, SeedTemplate, testing::ValuesIn(cases_in("seed-templates")), test_name);

TEST(SeedTemplates, AreSeven) { EXPECT_EQ(cases_in("seed-templates").size(), 7U); }

TEST(SeedTemplates, MapAnonymousToTheKey) {
  const Parsed parsed =
      load(golden + "seed-templates/01-client-plaintext-noauth_upstream-saslssl-plain.yaml", golden_environment());
  ASSERT_TRUE(parsed.config.auth_swap);
  const std::vector<std::pair<std::string, std::string>> expected = {{"$anonymous", "key"}};
  EXPECT_EQ(parsed.config.auth_swap->mapping, expected);
}

}  // namespace
}  // namespace kp::config
