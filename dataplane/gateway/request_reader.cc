#include "gateway/request_reader.h"

#include <boost/beast/http/error.hpp>
#include <cstring>
#include <limits>

namespace kp::gateway {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t usable = net::Loop::buffer_size - RecordReader::padding;
constexpr std::size_t piece_size = 16 * 1024;  ///< of what comes in chunks

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

ReadFault fault_of(const boost::system::error_code& failed) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return {431, "the header is too long"};
  if (failed == http::error::bad_version) return {505, "HTTP/1.0 and HTTP/1.1 are spoken here"};
  if (failed == http::error::bad_transfer_encoding) return {501, "Transfer-Encoding must be chunked"};
  return {400, "this is not an HTTP request: " + failed.message()};
}

const ReadFault crowded{503, "too many bytes of requests are under way"};

/// The rest of a body does not come.
ReadFault cut_short(const Error& why) {
  if (why.code == Errc::Busy) return crowded;
  return {why.code == Errc::Timeout ? 408U : 0U, "the body came too slowly, or not"};
}

RequestHead head_of(const http::request_parser<http::buffer_body>& parser) {
  const auto& request = parser.get();
  RequestHead head;
  head.method = view(request.method_string());
  head.target = view(request.target());
  const bool old = request.version() < 11;
  head.keep_alive = parser.keep_alive() && !(old && parser.chunked());  // RFC 9112, 6.1
  head.chunked = parser.chunked();
  if (const auto length = parser.content_length()) head.content_length = *length;
  for (const auto& field : request) {
    const std::string_view value = view(field.value());
    switch (field.name()) {
      case http::field::content_type:
        head.content_type = value;
        break;
      case http::field::content_encoding:
        head.content_encoding = value;
        break;
      case http::field::authorization:
        head.authorization = value;
        break;
      case http::field::origin:
        head.origin = value;
        break;
      case http::field::expect:
        head.expects_continue = !old && boost::beast::iequals(field.value(), "100-continue");
        break;
      case http::field::unknown: {
        constexpr boost::beast::string_view kafka = "kafka-";
        const auto name = field.name_string();
        if (boost::beast::iequals(name, "idempotency-key")) head.idempotency_key = value;
        if (name.size() > kafka.size() && boost::beast::iequals(name.substr(0, kafka.size()), kafka))
          head.kafka_headers.emplace_back(view(name), value);
        break;
      }
      default:
        break;
    }
  }
  return head;
}

}  // namespace

RequestReader::~RequestReader() {
  elsewhere_ = 0;
  (void)count(0);
  lane_.loop.return_buffer(std::move(buffer_));
}

/// False: there is no room for so much; what was counted stays.
bool RequestReader::count(std::size_t held) {
  held += elsewhere_;
  std::atomic<std::uint64_t>& all = lane_.common.buffered;
  if (held > counted_ && all + (held - counted_) > lane_.now()->http().max_buffered_bytes) return false;
  all += held;
  all -= counted_;
  counted_ = held;
  return true;
}

bool RequestReader::hold(std::size_t bytes) {
  const std::size_t before = std::exchange(elsewhere_, bytes);
  const bool room = count(counted_ - before);
  if (!room) elsewhere_ = before;
  return room;
}

void RequestReader::stash() {
  held_.assign(there());
  begin_ = end_ = 0;
  lane_.loop.return_buffer(std::exchange(buffer_, {}));
  std::string().swap(piece_);
}

void RequestReader::unstash() {
  if (buffer_.empty()) buffer_ = lane_.loop.borrow_buffer();
  if (held_.empty()) return;
  std::memcpy(buffer_.data(), held_.data(), held_.size());
  begin_ = 0;
  end_ = held_.size();
  std::string().swap(held_);
}

void RequestReader::release() {
  if (!buffer_.empty()) stash();
  std::string().swap(body_);
  (void)count(held_.size());
}

net::Task<Status> RequestReader::wait_begin() {
  if (more_there()) co_return Done{};
  release();
  co_return co_await stream_.wait_readable();
}

/// At least one more byte behind what is there.
net::Task<Status> RequestReader::more() {
  for (;;) {
    unstash();
    if (begin_ > 0 && end_ == usable) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == usable) co_return Error{Errc::Busy, "the buffer is full"};
    Result<std::size_t> got = stream_.try_read(MutableBytes(buffer_).subspan(end_, usable - end_));
    if (!got) co_return std::move(got).error();
    end_ += *got;
    if (*got > 0) co_return Done{};
    stash();
    if (!count(held_.size() + body_.capacity())) co_return Error{Errc::Busy, crowded.why};
    Status ready = co_await stream_.wait_readable();
    if (!ready) co_return std::move(ready).error();
  }
}

net::Task<std::optional<ReadFault>> RequestReader::read_head(std::optional<RequestHead>& head) {
  parser_.emplace();
  parser_->header_limit(max_head);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // ours to bound
  unstash();
  for (;;) {
    if (begin_ < end_) {
      boost::system::error_code failed;
      const std::string_view bytes = there();
      begin_ += parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), failed);
      if (parser_->is_header_done()) break;
      if (failed && failed != http::error::need_more) co_return fault_of(failed);
      if (end_ - begin_ > max_head) co_return ReadFault{431, "the header is too long"};
    }
    Status got = co_await more();
    if (got) continue;
    const bool begun = more_there() || !held_.empty() || parser_->got_some();
    if (got.error().code == Errc::Eof) co_return std::nullopt;
    if (got.error().code == Errc::Busy) co_return crowded;
    if (begun && got.error().code == Errc::Timeout) co_return ReadFault{408, "the request took too long"};
    co_return ReadFault{0, got.error().message};
  }
  head = head_of(*parser_);
  left_ = head->content_length.value_or(0);
  // Beast overlooks a coding that it doesn't know, and the body would be taken for the next request (RFC 9112, 6.3).
  const auto codings = parser_->get().equal_range(http::field::transfer_encoding);
  for (auto each = codings.first; each != codings.second; ++each)
    if (!head->chunked || std::next(codings.first) != codings.second ||
        !boost::beast::iequals(each->value(), "chunked"))
      co_return ReadFault{501, "Transfer-Encoding must be chunked"};
  co_return std::nullopt;
}

net::Task<std::optional<ReadFault>> RequestReader::read_body(const RequestHead& head, std::size_t most,
                                                             std::string_view& body) {
  body = {};
  if (head.chunked) co_return co_await gather_chunks(most, body);
  const std::uint64_t size = head.content_length.value_or(0);
  if (size == 0) co_return std::nullopt;
  if (size > most) co_return ReadFault{413, "the body is larger than " + std::to_string(most) + " bytes"};
  co_return co_await read_sized(static_cast<std::size_t>(size), body);
}

net::Task<std::optional<ReadFault>> RequestReader::read_sized(std::size_t size, std::string_view& body) {
  while (end_ - begin_ < size && size <= usable - max_head) {
    Status got = co_await more();
    if (!got) co_return cut_short(got.error());
  }
  if (end_ - begin_ >= size) {  // all of it is in the buffer: there it stays
    body = there().substr(0, size);
    begin_ += size;
    co_return std::nullopt;
  }
  body_.clear();
  while (body_.size() < size) {
    if (begin_ == end_) {
      Status got = co_await more();
      if (!got) co_return cut_short(got.error());
    }
    const std::string_view part = there().substr(0, size - body_.size());
    if (body_.capacity() < body_.size() + part.size() + RecordReader::padding)
      body_.reserve(std::min(size, 2 * (body_.size() + part.size())) + RecordReader::padding);
    if (!count(body_.capacity())) co_return crowded;
    body_ += part;
    begin_ += part.size();
  }
  body = body_;
  co_return std::nullopt;
}

net::Task<std::optional<ReadFault>> RequestReader::gather_chunks(std::size_t most, std::string_view& body) {
  body_.clear();
  for (;;) {
    std::string_view piece;
    std::optional<ReadFault> fault = co_await read_chunk(piece);
    if (fault) co_return fault;
    if (piece.empty()) break;
    const std::size_t size = body_.size() + piece.size();
    if (size > most) co_return ReadFault{413, "the body is larger than " + std::to_string(most) + " bytes"};
    if (body_.capacity() < size + RecordReader::padding) body_.reserve(2 * size + RecordReader::padding);
    if (!count(body_.capacity())) co_return crowded;
    body_ += piece;
  }
  std::string().swap(piece_);
  body = body_;
  co_return std::nullopt;
}

net::Task<std::optional<ReadFault>> RequestReader::read_chunk(std::string_view& piece) {
  piece = {};
  while (!parser_->is_done()) {
    if (begin_ == end_) {
      Status got = co_await more();
      if (!got) co_return cut_short(got.error());
    }
    piece_.resize(piece_size);
    auto& into = parser_->get().body();
    into.data = piece_.data();
    into.size = piece_.size();
    boost::system::error_code failed;
    const std::string_view bytes = there();
    const std::size_t used = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), failed);
    begin_ += used;
    const std::size_t made = piece_.size() - into.size;
    if (failed && failed != http::error::need_more && failed != http::error::need_buffer) co_return fault_of(failed);
    piece = std::string_view(piece_).substr(0, made);
    if (made > 0) break;
    if (used > 0 || parser_->is_done()) continue;
    if (end_ - begin_ > max_head) co_return ReadFault{400, "a chunk's header is too long"};
    Status got = co_await more();
    if (!got) co_return cut_short(got.error());
  }
  co_return std::nullopt;
}

net::Task<std::optional<ReadFault>> RequestReader::read_piece(const RequestHead& head, std::string_view& piece) {
  if (!held_.empty()) unstash();  // after a release()
  if (head.chunked) co_return co_await read_chunk(piece);
  piece = {};
  if (left_ == 0) co_return std::nullopt;
  if (begin_ == end_) {
    begin_ = end_ = 0;
    Status got = co_await more();
    if (!got) co_return cut_short(got.error());
  }
  piece = there().substr(0, left_);
  begin_ += piece.size();
  left_ -= piece.size();
  co_return std::nullopt;
}

}  // namespace kp::gateway
