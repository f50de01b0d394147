#include "proxy/request_scan.h"

#include <algorithm>

#include "kafka/apis.h"

namespace kp::proxy {
namespace {

constexpr std::size_t size_bytes = 4;
constexpr std::size_t head_bytes = 12;  // size, api key, version, correlation id
constexpr std::uint64_t whole_limit = 32768;

/// A token's first bytes read as api key and version are far from any: "\0user…" is key 0x0075, version 0x7365.
bool looks_like_request(const kafka::RequestHead& head) {
  return kafka::find_api(head.api_key) != nullptr && head.api_version >= 0 && head.api_version < 32;
}

}  // namespace

Result<RequestScan::Found> RequestScan::next(BytesView view) {
  Found found;
  if (body_left_ > 0) {
    found.bytes = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, view.size()));
    body_left_ -= found.bytes;
    return found;
  }
  if (view.size() < size_bytes) return found;
  const std::int32_t size = big_endian_i32(view);
  if (size < 0 || static_cast<std::uint32_t>(size) > max_frame_bytes_)
    return Error{Errc::Malformed, "a request of " + std::to_string(static_cast<std::uint32_t>(size)) +
                                      " bytes is above limits.max_frame_bytes " + std::to_string(max_frame_bytes_)};
  const std::size_t least = sasl_tokens_ ? 0 : head_bytes - size_bytes;
  if (static_cast<std::size_t>(size) < least)
    return Error{Errc::Malformed, "a request of " + std::to_string(size) + " bytes has no room for its header"};
  const std::size_t wanted = std::min<std::size_t>(head_bytes, size_bytes + static_cast<std::size_t>(size));
  if (view.size() < wanted) return found;
  return begin(view, found);
}

/// Small, and perhaps ours to answer.
bool RequestScan::wanted_whole(std::int16_t api_key) const {
  if (api_key == kafka::api::api_versions) return true;
  return sasl_ends_here_ && (api_key == kafka::api::sasl_handshake || api_key == kafka::api::sasl_authenticate);
}

bool RequestScan::next_is(std::int16_t api_key, std::int16_t api_version, BytesView view) const {
  if (sasl_tokens_ || view.size() < head_bytes) return false;
  const kafka::RequestHead head = kafka::peek_request(view.first(head_bytes));
  return head.api_key == api_key && head.api_version == api_version;
}

Result<RequestScan::Found> RequestScan::begin(BytesView view, Found found) {
  const std::uint64_t frame = size_bytes + static_cast<std::uint64_t>(big_endian_i32(view));
  found.frame = frame;
  found.kind = Kind::SaslToken;
  if (frame >= head_bytes) {
    found.head = kafka::peek_request(view.first(head_bytes));
    if (!sasl_tokens_ || looks_like_request(found.head)) found.kind = Kind::Request;
  }
  if (found.kind == Kind::Request) {
    sasl_tokens_ = false;
    if (found.head.api_key < 0 || found.head.api_version < 0)
      return Error{Errc::Malformed, "api key " + std::to_string(found.head.api_key) + " version " +
                                        std::to_string(found.head.api_version) + " is no Kafka request"};
    if (found.head.api_key == kafka::api::produce) {
      const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(frame, view.size()));
      auto acks = kafka::peek_produce_acks(found.head.api_version, view.subspan(head_bytes, here - head_bytes));
      if (!acks) return std::move(acks).error();
      if (!*acks && here == frame) return Error{Errc::Malformed, "a Produce request that ends before its acks"};
      if (!*acks) return Found{};
      found.answered = **acks != 0;
    }
    if (wanted_whole(found.head.api_key) && frame > view.size()) {
      if (frame > whole_limit)
        return Error{Errc::Malformed, "a request of " + std::string(kafka::api_name(found.head.api_key)) + " of " +
                                          std::to_string(frame) + " bytes"};
      return Found{};
    }
  }
  found.bytes = static_cast<std::size_t>(std::min<std::uint64_t>(frame, view.size()));
  body_left_ = frame - found.bytes;
  frame_ = frame;
  return found;
}

}  // namespace kp::proxy
