#include "app/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Command parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "kafkaproxy-operator");
  return parse(static_cast<int>(words.size()), words.data());
}

TEST(OperatorCommand, RenderReadsSecretsBesideTheResource) {
  const Command command = parsed({"render", "-f", "a.yaml", "--secrets", "b.yaml", "c.yaml"});
  ASSERT_TRUE(std::holds_alternative<RenderOptions>(command));
  EXPECT_THAT(std::get<RenderOptions>(command).files, ElementsAre("a.yaml", "b.yaml", "c.yaml"));
}

TEST(OperatorCommand, RenderGoesOnWithoutTheSecrets) {
  const Command command = parsed({"render", "-f", "a.yaml"});
  ASSERT_TRUE(std::holds_alternative<RenderOptions>(command));
  EXPECT_TRUE(std::get<RenderOptions>(command).plan.tolerate_missing_secrets);
}

TEST(OperatorCommand, HelpOfRenderHasExamples) {
  const Command command = parsed({"render", "--help"});
  ASSERT_TRUE(std::holds_alternative<Say>(command));
  EXPECT_THAT(std::get<Say>(command).text, HasSubstr("kafkaproxy-operator render -f orders.yaml"));
}

TEST(OperatorCommand, WithoutASubcommandSaysWhatThereIs) {
  const Command command = parsed({});
  ASSERT_TRUE(std::holds_alternative<Misused>(command));
  EXPECT_THAT(std::get<Misused>(command).text, HasSubstr("render"));
}

TEST(OperatorCommand, RenderWithoutAFileIsMisused) { EXPECT_TRUE(std::holds_alternative<Misused>(parsed({"render"}))); }

}  // namespace
}  // namespace kp::app
