#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/render.h"
#include "app/yaml.h"
#include "config/parse.h"

/// tests/golden/operator/CASE/in-*.yaml → out-objects.yaml, out-status.yaml, out-notes.txt. A case example-NAME also
/// reads deploy/examples/kubernetes/NAME.yaml. KP_UPDATE_GOLDEN=1 writes what came out.
namespace kp::app {
namespace {

namespace fs = std::filesystem;

const fs::path cases = KP_SOURCE_DIR "/tests/golden/operator";
const fs::path examples = KP_SOURCE_DIR "/deploy/examples/kubernetes";
constexpr api::Time now = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> inputs_of(const std::string& name) {
  std::vector<std::string> out;
  if (name.starts_with("example-")) out.push_back(examples / (name.substr(8) + ".yaml"));
  for (const auto& entry : fs::directory_iterator(cases / name))
    if (entry.path().filename().string().starts_with("in-")) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// GoogleTest shows the difference of two texts line by line.
void compare(const fs::path& file, const std::string& text) {
  if (std::getenv("KP_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << text;
    return;
  }
  EXPECT_EQ(text, read(file)) << file << ": KP_UPDATE_GOLDEN=1 writes what came out";
}

Rendered rendered(const std::string& name) {
  const auto documents = read_documents(inputs_of(name));
  if (!documents) ADD_FAILURE() << documents.error().message;
  RenderOptions options;
  options.plan.image = "kafkaproxy:test";
  options.plan.service_monitors = name != "pod-template-without-monitors";
  auto out = documents ? render(*documents, options, now) : Result<Rendered>(documents.error());
  if (!out) ADD_FAILURE() << out.error().message;
  return out ? *out : Rendered{};
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, ComesOutAsItIsWritten) {
  const Rendered out = rendered(GetParam());
  std::string notes;
  for (const std::string& note : out.notes) notes += note + "\n";
  compare(cases / GetParam() / "out-objects.yaml", to_text(out.objects));
  compare(cases / GetParam() / "out-status.yaml", to_text(out.statuses));
  compare(cases / GetParam() / "out-notes.txt", notes);
}

TEST_P(Golden, HasAConfigThatTheDataPlaneTakes) {
  for (const kube::Json& object : rendered(GetParam()).objects) {
    if (object["kind"] != "ConfigMap" || !object["data"].contains("config.yaml")) continue;
    const config::Parsed parsed =
        config::parse(object["data"]["config.yaml"].get<std::string>(), [](std::string_view) { return std::nullopt; });
    EXPECT_TRUE(parsed.errors.empty()) << config::describe(parsed, "config.yaml");
    EXPECT_FALSE(parsed.config.generation.empty());
  }
}

TEST_P(Golden, IsReadBackFromItsYaml) {
  const Rendered out = rendered(GetParam());
  const auto back = read_yaml(to_text(out.objects));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, out.objects);
}

std::string test_name(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Operator, Golden, testing::ValuesIn(names_in(cases)), test_name);

TEST(Examples, AreGoldenCasesToo) {
  for (const std::string& name : names_in(examples)) EXPECT_TRUE(fs::exists(cases / ("example-" + name))) << name;
}

}  // namespace
}  // namespace kp::app
