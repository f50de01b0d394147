#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/header.h"
#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/writer.h"
#include "rewrite/response.h"
#include "unit/kafka/sample.h"

namespace kp::rewrite {
namespace {

using kafka::Version;
namespace api = kafka::api;

struct Case {
  std::int16_t key;
  Version version;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (Version v = 10; v <= kafka::find_api(api::produce)->rewriting.max; ++v) all.push_back({api::produce, v});
  for (Version v = 16; v <= kafka::find_api(api::fetch)->rewriting.max; ++v) all.push_back({api::fetch, v});
  return all;
}

class MayNameBrokers : public ::testing::TestWithParam<Case> {
 protected:
  kafka::MessageInfo message() const {
    return GetParam().key == api::fetch ? kafka::describe<kafka::FetchResponse>()
                                        : kafka::describe<kafka::ProduceResponse>();
  }

  /// A whole frame with everything that such a message may hold.
  Bytes frame(std::uint32_t seed) const {
    Bytes bytes(kafka::response_head_bytes, 0);
    bytes.push_back(0);  // the header's tagged fields
    const Bytes body = kafka::sample::body(message(), GetParam().version, seed);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return kafka::seal_frame(std::move(bytes));
  }

  template <class Message>
  std::optional<Bytes> without_endpoints(BytesView whole) const {
    auto decoded = kafka::decode_response<Message>(whole, GetParam().version);
    if (!decoded) return std::nullopt;
    decoded->node_endpoints.reset();
    decoded->unknown_tags.clear();
    return kafka::encode_response(*decoded, GetParam().version, 7);
  }

  Bytes bare(std::uint32_t seed) const {
    const Bytes whole = frame(seed);
    const auto made = GetParam().key == api::fetch ? without_endpoints<kafka::FetchResponse>(whole)
                                                   : without_endpoints<kafka::ProduceResponse>(whole);
    EXPECT_TRUE(made.has_value());
    return made.value_or(Bytes{});
  }

  bool may(BytesView bytes) const { return may_name_brokers(GetParam().key, GetParam().version, bytes); }
};

TEST_P(MayNameBrokers, NotWithoutEndpoints) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) EXPECT_FALSE(may(bare(seed))) << "seed " << seed;
}

TEST_P(MayNameBrokers, WithEndpointsItDoes) {
  kafka::FetchResponse fetch;
  fetch.node_endpoints = {{1, "broker-1.internal", 9092, std::nullopt, {}}};
  kafka::ProduceResponse produce;
  produce.node_endpoints = {{1, "broker-1.internal", 9092, std::nullopt, {}}};
  const Version version = GetParam().version;
  EXPECT_TRUE(may(GetParam().key == api::fetch ? kafka::encode_response(fetch, version, 7)
                                               : kafka::encode_response(produce, version, 7)));
}

TEST_P(MayNameBrokers, WhatIsCutAnywhereIsNotUnderstood) {
  const Bytes whole = bare(3);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(may(BytesView(whole).first(size))) << size;
}

TEST_P(MayNameBrokers, WhatHasMoreBehindItIsNotUnderstood) {
  Bytes longer = bare(3);
  longer.push_back(0);
  EXPECT_TRUE(may(longer));
}

TEST_P(MayNameBrokers, NeverSaysNoWhereTheDecoderFindsEndpoints) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    Bytes bytes = frame(seed);
    for (std::size_t at = kafka::response_head_bytes; at < bytes.size(); at += 7) {
      const std::uint8_t before = std::exchange(bytes[at], static_cast<std::uint8_t>(bytes[at] + 1 + seed));
      if (!may(bytes)) {
        if (GetParam().key == api::fetch) {
          const auto decoded = kafka::decode_response<kafka::FetchResponse>(bytes, GetParam().version);
          EXPECT_TRUE(!decoded || !decoded->node_endpoints);
        } else {
          const auto decoded = kafka::decode_response<kafka::ProduceResponse>(bytes, GetParam().version);
          EXPECT_TRUE(!decoded || !decoded->node_endpoints);
        }
      }
      bytes[at] = before;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rewrite, MayNameBrokers, ::testing::ValuesIn(cases()), [](const auto& each) {
  return std::string(kafka::api_name(each.param.key)) + "V" + std::to_string(each.param.version);
});

TEST(MayNameBrokersOfOthers, IsYes) {
  EXPECT_TRUE(may_name_brokers(api::metadata, 12, Bytes(64, 0)));
  EXPECT_TRUE(may_name_brokers(-1, 0, Bytes(64, 0)));
  EXPECT_TRUE(may_name_brokers(api::produce, 99, Bytes(64, 0)));
}

}  // namespace
}  // namespace kp::rewrite
