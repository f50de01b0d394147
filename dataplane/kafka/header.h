#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/apis.h"
#include "kafka/gathered.h"
#include "kafka/message.h"

/// Frames and their headers. A frame is a 4-byte size and that many bytes: a header, then a message.
namespace kp::kafka {

inline constexpr std::size_t frame_size_bytes = 4;
inline constexpr std::size_t request_head_bytes = 12;
inline constexpr std::size_t response_head_bytes = 8;

/// Tagged fields of a header; more is Malformed. Kafka has defined none so far.
inline constexpr std::size_t max_header_tags_bytes = 64 * 1024;

/// A caller of peek_produce_acks never needs to hold more than this.
inline constexpr std::size_t max_produce_prefix_bytes = 2 * 32767 + max_header_tags_bytes + 16;

/// What stands at a fixed place in every request.
struct RequestHead {
  std::int32_t size = 0;  ///< of the frame, its own four bytes not counted
  std::int16_t api_key = -1;
  Version api_version = -1;
  std::int32_t correlation_id = 0;

  bool operator==(const RequestHead&) const = default;
};

/// What stands at a fixed place in every response.
struct ResponseHead {
  std::int32_t size = 0;
  std::int32_t correlation_id = 0;

  bool operator==(const ResponseHead&) const = default;
};

/// `frame` begins with its size and has at least request_head_bytes. Nothing is checked: the values are as sent.
RequestHead peek_request(BytesView frame);

/// `frame` begins with its size and has at least response_head_bytes.
ResponseHead peek_response(BytesView frame);

/// The acks of a Produce request; 0 means that no response will come. `after_correlation_id` is the frame without its
/// first request_head_bytes, as far as it has arrived: nullopt says that more must come before acks can be read.
Result<std::optional<std::int16_t>> peek_produce_acks(Version version, BytesView after_correlation_id);

/// Bytes of the tagged fields that stand between correlation id and message of a response; 0 before its API is
/// flexible. `after_correlation_id` holds all of them, else Malformed.
Result<std::size_t> response_header_tags(std::int16_t key, Version version, BytesView after_correlation_id);

/// Where the message of a whole request frame begins, which begins with its size. Malformed: the frame ends before, or
/// its size says otherwise.
Result<std::size_t> request_body(BytesView frame);

/// A frame up to where the message goes; its size is filled in by seal_frame.
Bytes open_request(std::int16_t key, Version version, std::int32_t correlation_id, std::string_view client_id);
Bytes open_response(std::int16_t key, Version version, std::int32_t correlation_id);

/// Writes the size of a frame that was opened above and has its message now.
Bytes seal_frame(Bytes frame);
Gathered seal_frame(Gathered frame);

/// A whole frame, for requests that the proxy itself makes.
template <class Message>
Bytes encode_request(const Message& message, Version version, std::int32_t correlation_id, std::string_view client_id) {
  Bytes frame = open_request(Message::key, version, correlation_id, client_id);
  encode(message, version, frame);
  return seal_frame(std::move(frame));
}

/// A whole frame, for answers that the proxy gives in a broker's place.
template <class Message>
Bytes encode_response(const Message& message, Version version, std::int32_t correlation_id) {
  Bytes frame = open_response(Message::key, version, correlation_id);
  encode(message, version, frame);
  return seal_frame(std::move(frame));
}

/// The message of a response frame that begins with its size. The message borrows records and unknown tagged fields
/// from `frame`.
template <class Message>
Result<Message> decode_response(BytesView frame, Version version) {
  if (frame.size() < response_head_bytes) return Error{Errc::Malformed, "response: shorter than its header"};
  const BytesView rest = frame.subspan(response_head_bytes);
  const Result<std::size_t> tags = response_header_tags(Message::key, version, rest);
  if (!tags) return tags.error();
  return decode<Message>(rest.subspan(*tags), version);
}

}  // namespace kp::kafka
