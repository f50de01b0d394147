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
  Bytes buffer;
  Status ended = co_await self->forward_responses(buffer);
  self->worker_.loop.return_buffer(std::move(buffer));
  self->responses_open_ = false;
  if (!ended) self->stop(std::move(ended).error());
  self->changed_.notify();
}

/// `buffer`: borrowed only while it is needed; may be left behind.
net::Task<Status> Session::forward_responses(Bytes& buffer) {
  std::size_t filled = 0;
  unsigned rounds = 0;
  ReadSize size;
  for (;;) {
    const bool may = may_splice();
    const std::uint64_t unseen = may && filled == 0 ? response_.unseen() : 0;
    Result<std::size_t> got{0};
    if (unseen >= spliced_from) {
      if (!buffer.empty()) worker_.loop.return_buffer(std::exchange(buffer, {}));
      got = co_await splice(Way::ToClient, unseen);
    } else {
      if (buffer.empty()) buffer = worker_.loop.borrow_buffer();
      got = broker_->try_read(size.of(MutableBytes(buffer).subspan(filled), may));
      if (!got) got = std::move(got).error().within("from broker");
    }
    if (!got) co_return std::move(got).error();
    if (*got == 0) {
      if (filled == 0 && !buffer.empty()) worker_.loop.return_buffer(std::exchange(buffer, {}));
      if (broker_->must_wait()) co_await broker_->until_readable();
      rounds = 0;
      continue;
    }
    if (++rounds % rounds_in_a_row == 0) co_await net::let_others_run(worker_.loop.executor());
    progressed();
    response_.came = std::chrono::steady_clock::now();
    if (unseen >= spliced_from) {
      Status done = co_await passed_unseen(*got);
      if (!done) co_return std::move(done).error();
    } else {
      filled += *got;
      Cursor run{.view = BytesView(buffer).first(filled)};
      Status relayed = Done{};
      if (!pass_responses(run)) relayed = co_await relay_responses(run);
      if (!relayed) co_return std::move(relayed).error();
      size.learn(*got, response_.frame);
      if (run.at == 0 && filled == buffer.size())
        co_return Error{Errc::Malformed, "a response with a piece above 64 KiB"};
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(run.at),
                buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
      filled -= run.at;
    }
    changed_.notify();
    if (at_end()) co_return drained();
  }
}

net::Task<Status> Session::passed_unseen(std::size_t bytes) {
  owes_answer_ = false;
  if (response_.walk) {
    response_.walk->skipped(bytes);
    response_.frame_left -= bytes;
    co_return Done{};
  }
  response_.pass_left -= bytes;
  if (response_.pass_left > 0) co_return Done{};
  finish_response();
  Cursor nothing;
  co_return co_await relay_responses(nothing);  // answers of our own whose turn it is now
}

/// As pass_along, and writes it: where nearly all ends that a read brings. False: the rest is for relay_responses.
bool Session::pass_responses(Cursor& run) {
  if (const Result<bool> passed = pass_along(run); !passed || run.at < run.view.size()) return false;
  if (!in_flight_.empty() && in_flight_.front().answer) return false;
  const Result<bool> sent = send_now(client_, run, response_.pass_left);
  if (!sent || !*sent) return false;  // an error is met again
  progressed();
  owes_answer_ = false;
  return true;
}

/// Sends what can be sent; `cursor.at`: how much is done with.
net::Task<Status> Session::relay_responses(Cursor& cursor) {
  while (cursor.at < cursor.view.size()) {
    if (!in_flight_.empty() && in_flight_.front().answer) {
      Status answered = co_await send_answers(cursor);
      if (!answered) co_return std::move(answered).error();
    }
    Result<bool> moved = pass_along(cursor);
    if (moved && !*moved) moved = co_await relay_piece(cursor);
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
  co_return Done{};
}

/// Passes responses as long as they need no wait and no change; false: it could not pass even one byte.
Result<bool> Session::pass_along(Cursor& cursor) {
  const std::size_t before = cursor.at;
  while (!response_.walk && response_.frame_left == 0) {
    if (response_.pass_left > 0) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(response_.pass_left, cursor.rest().size()));
      cursor.at += n;
      response_.pass_left -= n;
      if (response_.pass_left > 0) break;
      finish_response();
    }
    const BytesView rest = cursor.rest();
    if (rest.size() < head_bytes || in_flight_.empty()) break;
    const InFlight& request = in_flight_.front();
    if (request.answer || request.ours || request.sasl_token) break;
    if (Status expected = check_response(rest); !expected) return std::move(expected).error().within("from broker");
    const std::uint64_t frame = 4 + static_cast<std::uint64_t>(big_endian_i32(rest));
    if (request.rewritten &&
        (frame > rest.size() ||
         rewrite::may_name_brokers(request.api_key, request.api_version, rest.first(static_cast<std::size_t>(frame)))))
      break;
    request.traffic->responses += 1;
    request.traffic->response_bytes += frame;
    response_.frame = frame;
    response_.pass_left = frame;
  }
  return cursor.at > before;
}

/// One step; false: more bytes are needed first.
net::Task<Result<bool>> Session::relay_piece(Cursor& cursor) {
  if (response_.pass_left > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(response_.pass_left, cursor.rest().size()));
    cursor.at += n;
    response_.pass_left -= n;
    if (response_.pass_left > 0) co_return true;
    finish_response();
    Status answered = co_await send_answers(cursor);
    if (!answered) co_return std::move(answered).error();
    co_return true;
  }
  if (response_.walk) co_return co_await walk_response(cursor);
  if (response_.frame_left > 0) {
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
  if (request.ours && translation_ && translation_->awaits()) {
    if (!translation_->busy()) co_return Error{Errc::Draining, "the connection ends"};
    Status taken = co_await translation_->take_answer(cursor, frame);
    if (!taken) co_return std::move(taken).error();
    co_return true;
  }
  if (request.ours) co_return co_await take_own_response(cursor, frame);
  request.traffic->responses += 1;
  request.traffic->response_bytes += frame;
  response_.frame = frame;
  if (!request.rewritten) {
    response_.pass_left = frame;
    co_return true;
  }
  if (frame <= rest.size()) {
    Status done = co_await rewrite_whole(cursor, rest.first(static_cast<std::size_t>(frame)));
    if (!done) co_return std::move(done).error();
    co_return true;
  }
  const bool walked = frame >= spliced_from && rewrite::can_walk(request.api_key, request.api_version);
  if (frame <= net::Loop::buffer_size && !walked) {
    request.traffic->responses -= 1;  // it is begun again when the rest is there
    request.traffic->response_bytes -= frame;
    co_return false;
  }
  response_.frame_left = frame;
  if (walked) {
    response_.walk.emplace(request.api_key, request.api_version, frame - head_bytes);
    cursor.at += head_bytes;
    response_.frame_left -= head_bytes;
  }
  co_return true;
}

/// The answer to a request of ours goes to who waits for it, not to the client.
net::Task<Result<bool>> Session::take_own_response(Cursor& cursor, std::uint64_t frame) {
  if (!logins_) co_return Error{Errc::Internal, "from broker: an answer to a login that nobody makes"};
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
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(response_.frame_left, cursor.rest().size()));
  if (!response_.walk->at_tail()) {
    Result<std::size_t> passed = response_.walk->feed(cursor.rest().first(here));
    if (!passed) co_return std::move(passed).error().within("from broker");
    cursor.at += *passed;
    response_.frame_left -= *passed;
    if (!response_.walk->at_tail()) {
      if (response_.frame_left == 0 || (*passed == 0 && here == response_.frame_left))
        co_return Error{Errc::Malformed, "from broker: a Fetch response that ends within its partitions"};
      co_return *passed > 0;
    }
  }
  if (response_.frame_left == 1 && response_.collected.empty() && !cursor.rest().empty() &&
      rewrite::is_bare_tail(in_flight_.front().api_key, cursor.rest().first(1))) {
    cursor.at += 1;
    response_.frame_left = 0;
    response_.walk.reset();
    finish_response();
    co_return true;
  }
  if (response_.frame_left > tail_limit)
    co_return Error{Errc::Malformed, "from broker: a Fetch response with a tail above 1 MiB"};
  Status collected = co_await collect_response(cursor);
  if (!collected) co_return std::move(collected).error();
  co_return true;
}

/// Gathers a response (or a tail) that is larger than the buffer; memory grows with what came, not with what was said.
net::Task<Status> Session::collect_response(Cursor& cursor) {
  Status sent = co_await flush(cursor);
  if (!sent) co_return std::move(sent).error();
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(response_.frame_left, cursor.rest().size()));
  const BytesView piece = cursor.rest().first(n);
  response_.collected.insert(response_.collected.end(), piece.begin(), piece.end());
  cursor.at += n;
  cursor.sent = cursor.at;
  response_.frame_left -= n;
  if (response_.frame_left > 0) co_return Done{};
  Status done = co_await finish_collected();
  if (!done) co_return std::move(done).error();
  co_return co_await send_answers(cursor);
}

net::Task<Status> Session::finish_collected() {
  const Bytes whole = std::exchange(response_.collected, {});
  const InFlight& request = in_flight_.front();
  Bytes out;
  if (response_.walk) {
    auto tail = rewrite::rewrite_tail(request.api_key, request.api_version, whole, *runtime_->endpoints);
    response_.walk.reset();
    if (!tail) co_return std::move(tail).error().within("from broker");
    count_rewrite(request.api_key, tail->addresses, tail->leaked);
    out = std::move(tail->tail);
  } else {
    auto rewritten = rewrite::rewrite_response(request.api_key, request.api_version, whole, *runtime_->endpoints,
                                               runtime_->withheld());
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
  auto rewritten = rewrite::rewrite_response(request.api_key, request.api_version, frame, *runtime_->endpoints,
                                             runtime_->withheld());
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
  owes_answer_ = false;
  co_return Done{};
}

void Session::count_rewrite(std::int16_t api, int addresses, int leaked) {
  if (addresses > 0) ++worker_.counters.rewritten[api];
  if (leaked == 0) return;
  worker_.counters.leaked[api] += static_cast<std::uint64_t>(leaked);
  log::error("an upstream address left in a response", {{"api", kafka::api_name(api)}, {"peer", peer()}});
}

void Session::finish_response() {
  const InFlight& request = in_flight_.front();
  request.latency->observe(response_.came - request.since);
  in_flight_.pop_front();
  if (renewing()) limit_own_wait();
}

}  // namespace kp::proxy
