#include "config/emit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/digest.h"
#include "config/parse.h"
#include "config/text_file.h"
#include "support.h"

namespace kp::config {
namespace {

using testing::HasSubstr;
using testing::Not;

Config config_of(const std::string& yaml) {
  const Parsed out = parse(yaml, golden_environment());
  EXPECT_TRUE(out.errors.empty()) << describe(out, "config.yaml");
  return out.config;
}

/// Parsed without any variable, so that a '$' that isn't escaped would show.
void expect_round_trip(const Config& config) {
  const std::string yaml = emit(config, Secrets::Show);
  const Parsed again = parse(yaml, environment_of({}));
  EXPECT_TRUE(again.errors.empty()) << describe(again, "emitted.yaml") << yaml;
  EXPECT_TRUE(again.config == config) << yaml << "became\n" << emit(again.config, Secrets::Show);
}

class EmitFull : public testing::TestWithParam<const char*> {};

TEST_P(EmitFull, IsReadBackEqual) { expect_round_trip(config_of(full_yaml(GetParam()))); }

INSTANTIATE_TEST_SUITE_P(Modes, EmitFull, testing::Values(sni_yaml, port_offset_yaml, dynamic_yaml));

TEST(EmitConfig, EverySeedTemplateIsReadBackEqual) {
  for (const auto& entry : std::filesystem::directory_iterator(KP_SOURCE_DIR "/tests/golden/seed-templates")) {
    SCOPED_TRACE(entry.path());
    expect_round_trip(load(entry.path(), golden_environment()).config);
  }
}

TEST(EmitConfig, AGatewayAloneIsReadBackEqual) {
  expect_round_trip(config_of("http_produce: {kafka: {brokers: [kafka-0]}}\nadmin: {address: none}"));
}

/// Text that means something to YAML or to the expansion of variables.
class EmitText : public testing::TestWithParam<const char*> {};

TEST_P(EmitText, IsReadBackEqual) {
  Config config = config_of(full_yaml(sni_yaml));
  config.auth_swap->upstream_credentials[0].secret = GetParam();
  expect_round_trip(config);
}

INSTANTIATE_TEST_SUITE_P(Secrets, EmitText,
                         testing::Values("${SECRET}", "$", "\"", "\\", "'", "a\nb", "\r", "\t", " x ", " # ", ": ",
                                         "- a", "{}", "null", "true", "0x10", "~", "\x01", "\x7f", "ü€😀", "\xc2\x85",
                                         "\xe2\x80\xa8", "=", "%"));

TEST(EmitConfig, MaskedSecretsLeaveOnlyTheUser) {
  const std::string yaml = emit(config_of(full_yaml(sni_yaml)), Secrets::Mask);
  EXPECT_THAT(yaml, HasSubstr("svc=****"));
  EXPECT_THAT(yaml, HasSubstr("password: \"****\""));
  EXPECT_THAT(yaml, Not(HasSubstr("hunter2")));
}

TEST(EmitConfig, MaskedIsStillAConfiguration) {
  const Parsed again = parse(emit(config_of(full_yaml(sni_yaml)), Secrets::Mask), environment_of({}));
  EXPECT_TRUE(again.errors.empty()) << describe(again, "masked.yaml");
}

TEST(ConfigHash, IsSixtyFourHexDigits) {
  EXPECT_THAT(hash(Config{}), testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(hash(Config{}).size(), 64U);
}

TEST(ConfigHash, IgnoresLayoutAndGeneration) {
  const std::string block = "# generation: 1\nhttp_produce:\n  kafka:\n    brokers:\n      - kafka-0:9092\n";
  const std::string flow = "# generation: 2\n\nhttp_produce: {kafka: {brokers: ['kafka-0:9092']}}  # the same\n";
  EXPECT_EQ(hash(config_of(block)), hash(config_of(flow)));
}

TEST(ConfigHash, OfSecretsIsSlowToTry) {
  Config config = config_of(full_yaml(sni_yaml));
  config.generation.clear();
  EXPECT_EQ(hash(config), slow_digest(emit(config, Secrets::Show)));
}

TEST(ConfigHash, WithoutSecretsIsSha256) { EXPECT_EQ(hash(Config{}), sha256(emit(Config{}, Secrets::Show))); }

TEST(ConfigHash, SeesASecretChange) {
  Config config = config_of(full_yaml(sni_yaml));
  const std::string before = hash(config);
  config.auth_swap->upstream_credentials[0].secret += "x";
  EXPECT_NE(hash(config), before);
}

}  // namespace
}  // namespace kp::config
