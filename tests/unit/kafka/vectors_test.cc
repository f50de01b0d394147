#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "kafka/messages/all.h"

/// Bodies that Kafka's own classes wrote.
namespace kp::kafka {
namespace {

using Covered = std::set<std::pair<std::string, int>>;

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

const AnyMessage* find_message(int key, const std::string& kind) {
  const std::string ending = kind == "request" ? "Request" : "Response";
  for (const AnyMessage& message : all_messages()) {
    const MessageInfo described = message.describe();
    if (described.key == key && described.name.ends_with(ending)) return &message;
  }
  return nullptr;
}

void expect_truncations_refused(const AnyMessage& message, Version version, BytesView body) {
  const std::size_t tries = std::min<std::size_t>(body.size(), body.size() > 2000 ? 500 : 2000);
  for (std::size_t i = 0; i < tries; ++i) {
    const std::size_t size = i * body.size() / tries;
    ASSERT_FALSE(message.transcode(body.first(size), version)) << size << " bytes of " << body.size();
  }
}

void check_vector(const nlohmann::json& vector, Covered& covered) {
  const AnyMessage* message = find_message(vector.at("api").get<int>(), vector.at("kind").get<std::string>());
  ASSERT_NE(message, nullptr) << "no table";
  const auto version = vector.at("version").get<Version>();
  const Bytes body = from_hex(vector.at("hex").get<std::string>());

  const Result<Bytes> back = message->transcode(body, version);

  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(*back, body);
  expect_truncations_refused(*message, version, body);
  covered.emplace(message->describe().name, version);
}

TEST(CodecVectors, OfKafkaAreReadWrittenBackAndRefusedWhenTruncated) {
  // Given
  const char* path = std::getenv("KP_CODEC_VECTORS");
  ASSERT_NE(path, nullptr) << "KP_CODEC_VECTORS names no file of vectors; `make test` makes one and sets it";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << " can't be read";

  // When
  Covered covered;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    SCOPED_TRACE(std::string(path) + ":" + std::to_string(number) + ": " + line.substr(0, 80));
    check_vector(nlohmann::json::parse(line), covered);
    if (::testing::Test::HasFatalFailure()) return;
  }

  // Then
  for (const AnyMessage& message : all_messages()) {
    const MessageInfo described = message.describe();
    for (Version v = described.versions.min; v <= described.versions.max; ++v) {
      EXPECT_TRUE(covered.contains({std::string(described.name), v})) << described.name << " v" << v << ": no vector";
    }
  }
}

}  // namespace
}  // namespace kp::kafka
