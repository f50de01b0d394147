#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/header.h"

namespace kp::proxy {

/// Finds the requests in a client's bytes while they pass, without holding them. Pure state, no socket.
class RequestScan {
 public:
  enum class Kind : std::uint8_t {
    Body,       ///< more of the request that began before
    Request,    ///< a request begins here
    SaslToken,  ///< a bare token: after SaslHandshake v0 they come without a Kafka header (KIP-152 tells the story)
  };
  struct Found {
    std::size_t bytes = 0;  ///< at the front of the view; 0: more is needed to tell
    Kind kind = Kind::Body;
    std::uint64_t frame = 0;  ///< all bytes of the request or token that begins here, its size field with it
    kafka::RequestHead head;  ///< of a Request
    bool answered = true;     ///< false: Produce with acks=0 gets no response
  };

  /// `sasl_ends_here`: requests of a login are answered by the proxy, so they are shown whole or not yet.
  explicit RequestScan(std::uint32_t max_frame_bytes, bool sasl_ends_here = false)
      : max_frame_bytes_(max_frame_bytes), sasl_ends_here_(sasl_ends_here) {}

  /// Looks at the front of `view`. Errors: Malformed with what is wrong.
  Result<Found> next(BytesView view);

  /// What comes now may be bare SASL tokens, until a frame looks like a Kafka request again.
  void expect_sasl_tokens() { sasl_tokens_ = true; }
  void limit_frames(std::uint32_t max_frame_bytes) { max_frame_bytes_ = max_frame_bytes; }  ///< from the next one on
  /// No request is half passed.
  bool at_boundary() const { return body_left_ == 0; }
  std::uint64_t body_left() const { return body_left_; }  ///< of the request that is passing
  std::uint64_t frame() const { return frame_; }          ///< all bytes of the last request that began
  /// Of the body that is passing, at most body_left(): without being shown.
  void passed(std::uint64_t bytes) { body_left_ -= bytes; }
  /// At a boundary: does `view` begin with a request of this kind?
  bool next_is(std::int16_t api_key, std::int16_t api_version, BytesView view) const;

 private:
  Result<Found> begin(BytesView view, Found found);

  bool wanted_whole(std::int16_t api_key) const;

  std::uint32_t max_frame_bytes_;
  const bool sasl_ends_here_;
  std::uint64_t body_left_ = 0;
  std::uint64_t frame_ = 0;
  bool sasl_tokens_ = false;
};

}  // namespace kp::proxy
