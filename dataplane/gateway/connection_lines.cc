#include <algorithm>

#include "gateway/connection.h"
#include "gateway/inflate.h"

/// NDJSON, whose lines are sent on while the body comes.
namespace kp::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t step = 64 * 1024;  ///< of a body, unpacked, that is looked at at once

}  // namespace

net::Task<Status> Connection::serve_lines(const RequestHead& head, const Way& way) {
  const auto since = steady_clock::now();
  Status expected = co_await meet_expectation(head);
  if (expected) expected = co_await flush();  // answers to requests before this one
  if (!expected) co_return expected;
  Wish wish;
  Answer answer;
  bool complete = false;
  if (const Refusal refusal = read_wish(head.target, head.content_type, way, wish)) {
    answer = refused(refusal);
  } else {
    LineStream lines(lane_, std::move(wish));
    streaming_ = true;
    complete = co_await feed(head, lines);
    streaming_ = false;
    deadline_.never();
    (void)reader_.hold(lines.memory());
    reader_.release();
    answer = co_await lines.finish(runtime_->http().request_timeout);
    (void)reader_.hold(0);
  }
  count("lines", answer.status, since);
  const bool silent = answer.status == 408;
  keep_alive_ = keep_alive_ && complete;
  put(head, std::move(answer));
  if (complete) co_return Done{};
  Status sent = co_await flush();
  if (sent && !silent && !draining_) co_await drop_rest(head);
  co_return sent;
}

/// True: the body has come to its end.
net::Task<bool> Connection::feed(const RequestHead& head, LineStream& lines) {
  Result<Unpacker> unpacker = Unpacker::make(*parse_coding(head.content_encoding));
  if (!unpacker) lines.stop(503, unpacker.error().message, 1);
  std::string_view piece;
  bool more = false;  // the unpacker has more without more of the body
  bool over = false;
  const auto hold = [&] {
    const std::size_t packed = piece.empty() ? 0 : net::Loop::buffer_size;
    if (!reader_.hold(lines.memory() + unpacker->memory() + packed))
      lines.stop(503, "too many bytes of requests are under way", 1);
  };
  if (unpacker) hold();
  const auto go_on_waiting = [this] {
    if (draining_) return;
    stream_.uncancel();
    deadline_.after(runtime_->http().idle_timeout);
  };
  go_on_waiting();
  while (!lines.stopped()) {
    if (draining_ && steady_clock::now() >= drain_by_) {
      lines.stop(503, "the process ends", 1);
    } else if (lines.ready() && lines.room()) {
      co_await send_batch(head, lines);
      go_on_waiting();
    } else if (lines.ready()) {
      if (!draining_) deadline_.never();
      if (piece.empty()) reader_.release();
      co_await lines.wait_for_room(runtime_->http().request_timeout);
      go_on_waiting();
    } else if (over) {
      break;
    } else if (piece.empty() && !more) {
      std::optional<ReadFault> fault = co_await reader_.read_piece(head, piece);
      if (fault && draining_) lines.stop(503, "the process ends", 1);
      if (fault) lines.stop(fault->status == 0 ? 400 : fault->status, fault->why, fault->status == 503 ? 1 : 0);
      lane_.counters.request_bytes += piece.size();
      over = !fault && piece.empty();
      if (over && !unpacker->whole()) lines.stop(400, "the body is no gzip or zstd, or ends too early");
      if (over) lines.end();
    } else {
      const Result<bool> put = unpacker->put(piece, step, lines.text());
      if (!put) lines.stop(400, put.error().message);
      more = put && *put;
      lines.came(runtime_->http().max_body_bytes);
      hold();
    }
  }
  co_return over;
}

/// By what is in force now: a stream may outlive many a reload.
net::Task<void> Connection::send_batch(const RequestHead& head, LineStream& lines) {
  if (lane_.now() != runtime_) {
    runtime_ = lane_.now();
    if (Status welcome = still_welcome(); !welcome) co_return lines.stop(403, welcome.error().message);
    std::optional<Answer> refusal = co_await know_client(head);
    if (refusal) co_return lines.stop(refusal->status, "a reload changed who may send");
  }
  lines.send({*runtime_, upstream_, identity_});
  co_await net::let_others_run(lane_.loop.executor());
}

/// Many a client reads the answer only when it has sent all.
net::Task<void> Connection::drop_rest(const RequestHead& head) {
  const auto end = steady_clock::now() + runtime_->http().request_timeout;
  deadline_.after(runtime_->http().request_timeout);
  std::string_view piece;
  do {
    std::optional<ReadFault> fault = co_await reader_.read_piece(head, piece);
    if (fault) co_return;
    co_await net::let_others_run(lane_.loop.executor());
  } while (!piece.empty() && steady_clock::now() < end);
}

}  // namespace kp::gateway
