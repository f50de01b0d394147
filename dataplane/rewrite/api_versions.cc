#include "rewrite/api_versions.h"

#include <algorithm>
#include <utility>

#include "kafka/errors.h"
#include "kafka/header.h"
#include "kafka/messages/18_api_versions.h"

namespace kp::rewrite {
namespace {

using kafka::ApiVersionsResponse;
using kafka::error::unsupported_version;

// To what we can rewrite.
void clamp(ApiVersionsResponse::ApiVersion& offer) {
  const kafka::Api* api = kafka::find_api(offer.api_key);
  if (api == nullptr || !api->rewritten()) return;
  const kafka::Rewriting& ours = api->rewriting;
  offer.max_version = std::min(offer.max_version, ours.max);
  // Produce keeps its min of 0, below what carries addresses; ShareFetch v0 carries them in a form that is gone.
  if (offer.min_version >= ours.first) offer.min_version = std::max(offer.min_version, ours.min);
}

void clamp(ApiVersionsResponse::ApiVersion& offer, std::span<const kafka::ApiRange> ranges) {
  const auto range = std::ranges::find(ranges, offer.api_key, &kafka::ApiRange::key);
  if (range == ranges.end()) return;
  offer.max_version = std::min(offer.max_version, range->max);
  // Brokers themselves offer Produce 0 only because librdkafka takes its absence for "no compression" (KAFKA-18659).
  if (offer.api_key != kafka::api::produce) offer.min_version = std::max(offer.min_version, range->min);
}

// Makes `offer` what both the broker and we know; false when that is nothing.
bool clamp(ApiVersionsResponse::ApiVersion& offer, const Withheld& withheld, bool& changed) {
  const ApiVersionsResponse::ApiVersion before = offer;
  clamp(offer);
  clamp(offer, withheld.but);
  const bool kept = offer.min_version <= offer.max_version;
  changed = changed || !kept || offer.max_version != before.max_version || offer.min_version != before.min_version;
  return kept;
}

// An answer with error 35 has the form of version 0 whatever was asked (KIP-511).
kafka::Version version_of_answer(kafka::Version asked, BytesView body) {
  return body.size() >= 2 && big_endian_i16(body) == unsupported_version ? kafka::Version{0} : asked;
}

}  // namespace

Result<Rewritten> clamp_api_versions(kafka::Version version, BytesView frame, const Withheld& withheld) {
  const BytesView body = frame.subspan(kafka::response_head_bytes);
  const kafka::Version answered = version_of_answer(version, body);
  Result<ApiVersionsResponse> message = kafka::decode<ApiVersionsResponse>(body, answered);
  if (!message) return std::move(message).error();

  Rewritten done;
  bool changed = std::erase_if(message->api_keys, [&](const auto& offer) {
                   return std::ranges::find(withheld.apis, offer.api_key) != withheld.apis.end();
                 }) > 0;
  std::erase_if(message->api_keys, [&](auto& offer) { return !clamp(offer, withheld, changed); });
  if (changed) {
    done.frame = kafka::encode_response(*message, answered, kafka::peek_response(frame).correlation_id);
  }
  return done;
}

Bytes api_versions_unsupported(std::int32_t correlation_id) {
  const kafka::Rewriting& ours = kafka::find_api(kafka::api::api_versions)->rewriting;
  ApiVersionsResponse answer;
  answer.error_code = unsupported_version;
  answer.api_keys.push_back({kafka::api::api_versions, ours.min, ours.max, {}});
  return kafka::encode_response(answer, 0, correlation_id);
}

Bytes api_versions_refused(kafka::Version version, std::int32_t correlation_id, std::int16_t error_code) {
  ApiVersionsResponse answer;
  answer.error_code = error_code;
  return kafka::encode_response(answer, version, correlation_id);
}

}  // namespace kp::rewrite
