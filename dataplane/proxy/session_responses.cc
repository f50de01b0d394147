#include <algorithm>

#include "base/log.h"
#include "kafka/apis.h"
#include "net/sniff.h"
#include "proxy/session.h"
#include "rewrite/response.h"

/// broker → client. What needs no rewriting passes in runs; a response with addresses in it is rewritten whole, or,
/// when it is a large Fetch, walked while it passes and rewritten in its tail.
namespace kp::proxy {
namespace {

constexpr std::size_t head_bytes = 8;  // size, correlation id
constexpr std::size_t piece_bytes = 1 << 16;
constexpr std::size_t tail_limit = 1 << 20;  // what may stand behind the records of a Fetch response

}  // namespace

net::Task<void> Session::pump_responses(std::shared_ptr<Session> self) {
  Status ended = co_await self->forward_responses();
  self->responses_open_ = false;
  if (!ended) self->stop(std::move(ended).error());
  self->changed_.notify();
}

net::Task<Status> Session::forward_responses() {
  Bytes buffer;
  std::size_t filled = 0;
  unsigned rounds = 0;
  for (;;) {
    if (buffer.empty()) buffer = worker_.loop.borrow_buffer();
    Result<std::size_t> got = broker_->try_read(MutableBytes(buffer).subspan(filled));
    if (!got) co_return std::move(got).error().within("from broker");
    if (*got == 0) {
      if (filled == 0) worker_.loop.return_buffer(std::exchange(buffer, {}));
      Status ready = co_await broker_->wait_readable();
      if (!ready) co_return std::move(ready).error().within("from broker");
      rounds = 0;
      continue;
    }
    filled += *got;
    if (++rounds % rounds_in_a_row == 0) co_await net::let_others_run(worker_.loop.executor());
    progressed();
    Result<std::size_t> used = co_await relay_responses(BytesView(buffer).first(filled));
    if (!used) co_return std::move(used).error();
    if (*used == 0 && filled == buffer.size()) co_return Error{Errc::Malformed, "a response with a piece above 64 KiB"};
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(*used), buffer.begin() + static_cast<std::ptrdiff_t>(filled),
              buffer.begin());
    filled -= *used;
    changed_.notify();
    if (draining_ && at_rest()) co_return Error{Errc::Draining, "drained"};
  }
}

/// Sends what can be sent, returns how much of `view` is done with.
net::Task<Result<std::size_t>> Session::relay_responses(BytesView view) {
  Cursor cursor{.view = view};
  while (cursor.at < view.size()) {
    Result<bool> moved = co_await relay_piece(cursor);
    if (!moved) {
      Status last = co_await flush(cursor);  // what was whole before the trouble is the client's
      (void)last;
      co_return std::move(moved).error();
    }
    if (!*moved) break;
  }
  // An answer of our own that was queued while the last bytes were on their way has nobody else to send it.
  do {
    Status sent = co_await flush(cursor);
    if (!sent) co_return std::move(sent).error();
    Status answered = co_await send_answers(cursor);
    if (!answered) co_return std::move(answered).error();
  } while (!in_flight_.empty() && in_flight_.front().answer);
  co_return cursor.at;
}

/// One step; false: more bytes are needed first.
net::Task<Result<bool>> Session::relay_piece(Cursor& cursor) {
  if (pass_left_ > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(pass_left_, cursor.rest().size()));
    cursor.at += n;
    pass_left_ -= n;
    if (pass_left_ > 0) co_return true;
    finish_response();
    Status answered = co_await send_answers(cursor);
    if (!answered) co_return std::move(answered).error();
    co_return true;
  }
  if (walk_) co_return co_await walk_response(cursor);
  if (frame_left_ > 0) {
    Status collected = co_await collect_response(cursor);
    if (!collected) co_return std::move(collected).error();
    co_return true;
  }
  co_return co_await begin_response(cursor);
}

/// Is what stands at the front the response that comes next? Needs head_bytes (4 for a bare SASL token).
Status Session::check_response(BytesView rest) const {
  const auto size = static_cast<std::uint32_t>(big_endian_i32(rest));
  if (size > limits().max_frame_bytes) {
    if (net::recognise(rest, limits().max_frame_bytes) == net::Spoke::TlsAlert)
      return Error{Errc::Malformed,
                   "the broker answers with a TLS alert: set upstream.security_protocol to SSL or SASL_SSL"};
    return Error{Errc::Malformed, "a response of " + std::to_string(size) + " bytes is above limits.max_frame_bytes"};
  }
  if (in_flight_.empty()) return Error{Errc::Malformed, "a response that nobody asked for"};
  if (in_flight_.front().sasl_token) return Done{};
  if (size < head_bytes - 4) return Error{Errc::Malformed, "a response without correlation id"};
  const std::int32_t correlation_id = big_endian_i32(rest.subspan(4));
  if (correlation_id != in_flight_.front().correlation_id)
    return Error{Errc::Malformed, "correlation id " + std::to_string(correlation_id) + " where " +
                                      std::to_string(in_flight_.front().correlation_id) + " is due"};
  return Done{};
}

net::Task<Result<bool>> Session::begin_response(Cursor& cursor) {
  const BytesView rest = cursor.rest();
  const bool token = !in_flight_.empty() && in_flight_.front().sasl_token;
  if (rest.size() < (token ? 4 : head_bytes)) co_return false;
  Status expected = check_response(rest);
  if (!expected) co_return std::move(expected).error().within("from broker");

  const InFlight& request = in_flight_.front();
  const std::uint64_t frame = 4 + static_cast<std::uint64_t>(big_endian_i32(rest));
  if (request.ours) co_return co_await take_own_response(cursor, frame);
  request.traffic->responses += 1;
  request.traffic->response_bytes += frame;
  if (token || !rewrite::carries_addresses(request.api_key, request.api_version)) {
    pass_left_ = frame;
    co_return true;
  }
  if (frame <= rest.size()) {
    Status done = co_await rewrite_whole(cursor, rest.first(static_cast<std::size_t>(frame)));
    if (!done) co_return std::move(done).error();
    co_return true;
  }
  if (frame <= net::Loop::buffer_size) {
    request.traffic->responses -= 1;  // it is begun again when the rest is there
    request.traffic->response_bytes -= frame;
    co_return false;
  }
  frame_left_ = frame;
  if (rewrite::can_walk(request.api_key, request.api_version)) {
    walk_.emplace(request.api_key, request.api_version, frame - head_bytes);
    cursor.at += head_bytes;
    frame_left_ -= head_bytes;
  }
  co_return true;
}

/// The answer to a request of ours goes to who waits for it, not to the client.
net::Task<Result<bool>> Session::take_own_response(Cursor& cursor, std::uint64_t frame) {
  if (frame > net::Loop::buffer_size)
    co_return Error{Errc::Malformed, "from broker: an answer to a login of " + std::to_string(frame) + " bytes"};
  if (frame > cursor.rest().size()) co_return false;
  Status before = co_await flush(cursor);
  if (!before) co_return std::move(before).error();
  const BytesView whole = cursor.rest().first(static_cast<std::size_t>(frame));
  logins_->answer.emplace(whole.begin(), whole.end());
  cursor.at += whole.size();
  cursor.sent = cursor.at;
  in_flight_.pop_front();
  changed_.notify();
  Status answered = co_await send_answers(cursor);
  if (!answered) co_return std::move(answered).error();
  co_return true;
}

/// A large Fetch passes while its partitions are walked; its tail is held back.
net::Task<Result<bool>> Session::walk_response(Cursor& cursor) {
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, cursor.rest().size()));
  if (!walk_->at_tail()) {
    Result<std::size_t> passed = walk_->feed(cursor.rest().first(here));
    if (!passed) co_return std::move(passed).error().within("from broker");
    cursor.at += *passed;
    frame_left_ -= *passed;
    if (!walk_->at_tail()) {
      if (frame_left_ == 0 || (*passed == 0 && here == frame_left_))
        co_return Error{Errc::Malformed, "from broker: a Fetch response that ends within its partitions"};
      co_return *passed > 0;
    }
  }
  if (frame_left_ > tail_limit)
    co_return Error{Errc::Malformed, "from broker: a Fetch response with a tail above 1 MiB"};
  Status collected = co_await collect_response(cursor);
  if (!collected) co_return std::move(collected).error();
  co_return true;
}

/// Gathers a response (or a tail) that is larger than the buffer; memory grows with what came, not with what was said.
net::Task<Status> Session::collect_response(Cursor& cursor) {
  Status sent = co_await flush(cursor);
  if (!sent) co_return std::move(sent).error();
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, cursor.rest().size()));
  const BytesView piece = cursor.rest().first(n);
  collected_.insert(collected_.end(), piece.begin(), piece.end());
  cursor.at += n;
  cursor.sent = cursor.at;
  frame_left_ -= n;
  if (frame_left_ > 0) co_return Done{};
  Status done = co_await finish_collected();
  if (!done) co_return std::move(done).error();
  co_return co_await send_answers(cursor);
}

net::Task<Status> Session::finish_collected() {
  const Bytes whole = std::exchange(collected_, {});
  const InFlight& request = in_flight_.front();
  Bytes out;
  if (walk_) {
    auto tail = rewrite::rewrite_tail(request.api_key, request.api_version, whole, *runtime_->endpoints);
    walk_.reset();
    if (!tail) co_return std::move(tail).error().within("from broker");
    count_rewrite(request.api_key, tail->addresses, tail->leaked);
    out = std::move(tail->tail);
  } else {
    auto rewritten = rewrite::rewrite_response(request.api_key, request.api_version, whole, *runtime_->endpoints);
    if (!rewritten) co_return std::move(rewritten).error().within("from broker");
    count_rewrite(request.api_key, rewritten->addresses, rewritten->leaked);
    out = rewritten->frame.empty() ? whole : std::move(rewritten->frame);
  }
  Status sent = co_await to_client(out);
  if (!sent) co_return std::move(sent).error();
  finish_response();
  co_return Done{};
}

/// A response that lies whole in the buffer. Unchanged, it stays part of the run.
net::Task<Status> Session::rewrite_whole(Cursor& cursor, BytesView frame) {
  const InFlight& request = in_flight_.front();
  auto rewritten = rewrite::rewrite_response(request.api_key, request.api_version, frame, *runtime_->endpoints);
  if (!rewritten) co_return std::move(rewritten).error().within("from broker");
  count_rewrite(request.api_key, rewritten->addresses, rewritten->leaked);
  if (!rewritten->frame.empty()) {
    Status before = co_await flush(cursor);
    if (!before) co_return std::move(before).error();
    Status sent = co_await to_client(rewritten->frame);
    if (!sent) co_return std::move(sent).error();
    cursor.sent = cursor.at + frame.size();
  }
  cursor.at += frame.size();
  finish_response();
  co_return co_await send_answers(cursor);
}

net::Task<Status> Session::flush(Cursor& cursor) {
  const BytesView run = cursor.view.subspan(cursor.sent, cursor.at - cursor.sent);
  cursor.sent = cursor.at;
  if (run.empty()) co_return Done{};
  co_return co_await to_client(run);
}

/// Answers of our own whose turn has come.
net::Task<Status> Session::send_answers(Cursor& cursor) {
  while (!in_flight_.empty() && in_flight_.front().answer) {
    Status before = co_await flush(cursor);
    if (!before) co_return std::move(before).error();
    const Bytes answer = std::move(*in_flight_.front().answer);
    Status sent = co_await to_client(answer);
    if (!sent) co_return std::move(sent).error();
    in_flight_.pop_front();
  }
  co_return Done{};
}

net::Task<Status> Session::to_client(BytesView bytes) {
  client_written_to_ = true;
  Status sent = Done{};
  while (sent && !bytes.empty()) {  // in pieces, so that a slow client which takes some of it counts as progress
    const BytesView piece = bytes.first(std::min(bytes.size(), piece_bytes));
    sent = co_await client_.write_all(piece);
    bytes = bytes.subspan(piece.size());
    if (broker_) progressed();  // an answer of ours doesn't lift the limit for the first request that is forwarded
  }
  client_written_to_ = false;
  if (!sent) co_return std::move(sent).error().within("to client");
  co_return Done{};
}

void Session::count_rewrite(std::int16_t api, int addresses, int leaked) {
  if (addresses > 0) ++worker_.counters.rewritten[api];
  if (leaked == 0) return;
  worker_.counters.leaked[api] += static_cast<std::uint64_t>(leaked);
  log::error("an upstream address left in a response", {{"api", kafka::api_name(api)}, {"peer", peer_}});
}

void Session::finish_response() {
  const InFlight& request = in_flight_.front();
  request.latency->observe(std::chrono::steady_clock::now() - request.since);
  in_flight_.pop_front();
  if (renewing()) limit_own_wait();
}

}  // namespace kp::proxy
