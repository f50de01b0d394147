#include <cstdint>
#include <optional>

#include "fuzz/check.h"
#include "kafka/header.h"

namespace {

using kp::BytesView;

// More bytes may turn "not yet" into an answer or a refusal, and nothing else into anything.
void check_acks(kp::kafka::Version version, BytesView bytes) {
  std::optional<std::int16_t> acks;
  bool refused = false;
  for (std::size_t arrived = 0; arrived <= bytes.size(); ++arrived) {
    const auto now = kp::kafka::peek_produce_acks(version, bytes.first(arrived));
    check(!refused || !now, "a refusal stays");
    check(!acks || (now && *now == acks), "an answer stays");
    refused = !now;
    if (now) acks = *now;
  }
}

}  // namespace

/// Input: key, version, then the bytes behind a correlation id.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 512) return 0;
  const std::int16_t key = static_cast<std::int8_t>(data[0]);
  const kp::kafka::Version version = static_cast<std::int8_t>(data[1]);
  const BytesView bytes(data + 2, size - 2);
  check_acks(version, bytes);
  const auto tags = kp::kafka::response_header_tags(key, version, bytes);
  check(!tags || *tags <= bytes.size(), "a header is no longer than its frame");
  if (bytes.size() >= kp::kafka::request_head_bytes) {
    check(!kp::kafka::api_name(kp::kafka::peek_request(bytes).api_key).empty(), "every key has a name");
  }
  return 0;
}
