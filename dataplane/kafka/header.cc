#include "kafka/header.h"

#include "kafka/reader.h"
#include "kafka/writer.h"

namespace kp::kafka {
namespace {

bool flexible_request(std::int16_t key, Version version) {
  const Api* found = find_api(key);
  return found != nullptr && version >= found->flexible_request;
}

// Reads a request bit by bit as it arrives: tells "not here yet" from "wrong".
class Prefix {
 public:
  explicit Prefix(BytesView bytes) : in_(bytes) {}

  bool short_of_bytes() const { return in_.bad(); }

  std::uint32_t uvarint() {
    const bool long_enough = in_.left() >= 5;
    const std::uint32_t value = in_.uvarint();
    wrong_ = wrong_ || (long_enough && in_.bad());
    return value;
  }
  std::int16_t int16() { return in_.integer<std::int16_t>(); }

  void text(std::int64_t length) {
    if (length < -1 || length > 32767) wrong_ = true;
    if (length > 0) in_.take(static_cast<std::size_t>(length));
  }

  void tags() {
    std::size_t bytes = 0;
    for (std::uint32_t count = uvarint(); count > 0 && !in_.bad() && !wrong_; --count) {
      uvarint();
      const std::uint32_t size = uvarint();
      bytes += 2 + std::size_t{size};
      if (bytes > max_header_tags_bytes) wrong_ = true;
      if (!wrong_) in_.take(size);
    }
  }

  bool wrong() const { return wrong_; }

 private:
  Reader in_;
  bool wrong_ = false;
};

}  // namespace

RequestHead peek_request(BytesView frame) {
  return {big_endian_i32(frame), big_endian_i16(frame.subspan(4)), big_endian_i16(frame.subspan(6)),
          big_endian_i32(frame.subspan(8))};
}

ResponseHead peek_response(BytesView frame) { return {big_endian_i32(frame), big_endian_i32(frame.subspan(4))}; }

Result<std::optional<std::int16_t>> peek_produce_acks(Version version, BytesView after_correlation_id) {
  const bool flexible = flexible_request(api::produce, version);
  Prefix in(after_correlation_id);
  in.text(in.int16());  // client id: never compact, so that any broker can read it
  if (flexible) in.tags();
  if (version >= 3) in.text(flexible ? std::int64_t{in.uvarint()} - 1 : in.int16());  // transactional id
  const std::int16_t acks = in.int16();
  if (in.wrong()) return Error{Errc::Malformed, "Produce v" + std::to_string(version) + ": header out of its bounds"};
  if (in.short_of_bytes()) return std::optional<std::int16_t>{};
  return std::optional<std::int16_t>{acks};
}

Result<std::size_t> response_header_tags(std::int16_t key, Version version, BytesView after_correlation_id) {
  if (!flexible_response_header(key, version)) return std::size_t{0};
  Reader in(after_correlation_id);
  for (std::uint32_t count = in.uvarint(); count > 0 && !in.bad(); --count) {
    in.uvarint();
    in.take(in.uvarint());
  }
  if (in.bad()) return Error{Errc::Malformed, std::string(api_name(key)) + ": response header is truncated"};
  return after_correlation_id.size() - in.left();
}

Result<std::size_t> request_body(BytesView frame) {
  const Error cut{Errc::Malformed, "request: its header is cut"};
  if (frame.size() < request_head_bytes) return cut;
  const RequestHead head = peek_request(frame);
  if (head.size < 0 || frame.size() - frame_size_bytes != static_cast<std::size_t>(head.size)) {
    return Error{Errc::Malformed, "request: it isn't as long as it says"};
  }
  Reader in(frame.subspan(request_head_bytes));
  const std::int64_t client_id = in.length<std::int16_t>(false);
  if (client_id > 0) in.take(static_cast<std::size_t>(client_id));
  if (flexible_request(head.api_key, head.api_version)) {
    for (std::uint32_t count = in.uvarint(); count > 0 && !in.bad(); --count) {
      in.uvarint();
      in.take(in.uvarint());
    }
  }
  if (in.bad()) return cut;
  return frame.size() - in.left();
}

Bytes open_request(std::int16_t key, Version version, std::int32_t correlation_id, std::string_view client_id) {
  Bytes frame(frame_size_bytes);
  Writer out(frame);
  out.integer(key);
  out.integer(version);
  out.integer(correlation_id);
  out.length<std::int16_t>(false, static_cast<std::int64_t>(client_id.size()));
  out.text(client_id);
  if (flexible_request(key, version)) out.uvarint(0);
  return frame;
}

Bytes open_response(std::int16_t key, Version version, std::int32_t correlation_id) {
  Bytes frame(frame_size_bytes);
  Writer out(frame);
  out.integer(correlation_id);
  if (flexible_response_header(key, version)) out.uvarint(0);
  return frame;
}

Gathered seal_frame(Gathered frame) {
  const auto size = static_cast<std::uint32_t>(frame.size() - frame_size_bytes);
  for (std::size_t i = 0; i < frame_size_bytes; ++i) frame.own[i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
  return frame;
}

Bytes seal_frame(Bytes frame) { return seal_frame(Gathered(std::move(frame))).own; }

}  // namespace kp::kafka
