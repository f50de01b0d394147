#pragma once

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/lane.h"
#include "net/stream.h"

namespace kp::gateway {

/// A request's head. Text is valid until the next one is read.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view authorization;
  std::string_view idempotency_key;
  std::string_view origin;
  std::vector<std::pair<std::string_view, std::string_view>> kafka_headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool expects_continue = false;
  bool keep_alive = true;
};

/// What reading ended with, when it isn't what was asked for.
struct ReadFault {
  unsigned status = 0;  ///< to answer before closing; 0: nothing
  std::string why;
};

/// HTTP/1.1 requests out of a connection: Beast parses, this reads. An idle connection holds no buffer; what came of an
/// incomplete request is held in as much memory as it is, and counted.
class RequestReader {
 public:
  static constexpr std::size_t max_head = 16 * 1024;

  RequestReader(Lane& lane, net::Stream& stream) : lane_(lane), stream_(stream) {}
  ~RequestReader();

  /// True: at least one byte of the next request is there, or its end. Holds no memory while it waits.
  net::Task<Status> wait_begin();
  /// May another request be there already, without waiting?
  bool more_there() const { return begin_ < end_ || !held_.empty(); }
  /// The body isn't needed any more: lets go of its memory while the request is under way.
  void release();

  /// The head. Nothing in `head` and no fault: the client has left.
  net::Task<std::optional<ReadFault>> read_head(std::optional<RequestHead>& head);
  /// The body that the head announced, at most `most` bytes; padded. Valid until the next read_head.
  net::Task<std::optional<ReadFault>> read_body(const RequestHead& head, std::size_t most, std::string_view& body);
  /// Or the body piece by piece, as it comes; an empty one: that was all. Valid until the next read, and release().
  net::Task<std::optional<ReadFault>> read_piece(const RequestHead& head, std::string_view& piece);
  /// What the request holds elsewhere counts too. False: there is no room for so much.
  bool hold(std::size_t bytes);

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

  std::string_view there() const { return {reinterpret_cast<const char*>(buffer_.data()) + begin_, end_ - begin_}; }
  net::Task<Status> more();
  void stash();
  void unstash();
  bool count(std::size_t held);
  net::Task<std::optional<ReadFault>> read_sized(std::size_t size, std::string_view& body);
  net::Task<std::optional<ReadFault>> read_chunk(std::string_view& piece);
  net::Task<std::optional<ReadFault>> gather_chunks(std::size_t most, std::string_view& body);

  Lane& lane_;
  net::Stream& stream_;
  std::optional<Parser> parser_;
  Bytes buffer_;           ///< the loop's, while something is in it
  std::size_t begin_ = 0;  ///< what is there: [begin_, end_)
  std::size_t end_ = 0;
  std::string held_;        ///< what was there, while the client lets us wait
  std::string body_;        ///< one that doesn't fit into the buffer
  std::string piece_;       ///< out of chunks
  std::uint64_t left_ = 0;  ///< of a body that has a length
  std::size_t elsewhere_ = 0;
  std::size_t counted_ = 0;
};

}  // namespace kp::gateway
