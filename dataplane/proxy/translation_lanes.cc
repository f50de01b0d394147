// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <array>

#include "broker/login.h"
#include "kafka/header.h"
#include "proxy/session.h"
#include "proxy/translation.h"

/// The further connections of a session to its broker.
namespace kp::proxy {
namespace {

using std::chrono::steady_clock;

/// After that long a broker may have closed a lane for its idleness.
constexpr std::chrono::seconds short_rest{10};
/// Of limits.idle_timeout: a minute, as it is set usually. A lane costs a file descriptor here and at the broker.
constexpr int rests_in_idle_timeout = 10;
constexpr std::uint32_t least_answer = 4;  // a correlation id

Error too_large(std::int32_t size) {
  return {Errc::Malformed, "a response of " + std::to_string(static_cast<std::uint32_t>(size)) +
                               " bytes is above limits.max_frame_bytes"};
}

}  // namespace

/// Where another connection would reach the same broker, and have the same rights there.
int Translation::lanes() const {
  const bool alike = !session_.runtime_->passive() && !session_.passed_login_;
  return alike && session_.targets().size() == 1 ? most_lanes : 1;
}

/// The session outlives it, so what it works on does.
net::Task<void> Translation::ask_lane(std::shared_ptr<Session> self, std::size_t number,
                                      std::vector<Question> questions) {
  Translation& all = *self->translation_;
  Status done = co_await all.exchange(all.lanes_.at(number - 1), questions);
  --all.lanes_at_work_;
  if (!done && !self->ended_) self->stop(std::move(done).error().within("lane " + std::to_string(number)));
  self->changed_.notify();
}

net::Task<Status> Translation::exchange(Lane& lane, const std::vector<Question>& questions) {
  Status ready = co_await make_ready(lane);
  if (!ready) co_return std::move(ready).error();
  for (const Question& question : questions) {
    Status sent = co_await write(*lane.stream, question.frame);
    if (!sent) co_return std::move(sent).error().within("to broker");
    session_.progressed();
  }
  for (const Question& question : questions) {
    if (!question.slot) continue;
    Result<Bytes> answer = co_await read_answer(lane);
    if (!answer) co_return std::move(answer).error().within("from broker");
    if (kafka::peek_response(*answer).correlation_id != kafka::peek_request(question.frame.own).correlation_id)
      co_return Error{Errc::Malformed, "from broker: an answer to something else"};
    take(*question.slot, std::move(*answer));
  }
  let_rest(lane);
  co_return Done{};
}

net::Task<Result<Bytes>> Translation::read_answer(Lane& lane) {
  Bytes frame;
  Status begun = co_await read_rest(*lane.stream, frame, kafka::frame_size_bytes + least_answer);
  if (!begun) co_return std::move(begun).error();
  const std::int32_t size = big_endian_i32(frame);
  const auto length = static_cast<std::uint32_t>(size);
  if (length < least_answer || length > session_.limits().max_frame_bytes) co_return too_large(size);
  Status read = co_await read_rest(*lane.stream, frame, kafka::frame_size_bytes + length);
  if (!read) co_return std::move(read).error();
  co_return frame;
}

void Translation::let_rest(Lane& lane) {
  lane.used = steady_clock::now();
  if (lane.resting == nullptr)
    lane.resting = std::make_unique<net::Deadline>(session_.worker_.loop, [&lane] { lane.stream.reset(); });
  lane.resting->after(session_.limits().idle_timeout / rests_in_idle_timeout);
}

net::Task<Status> Translation::make_ready(Lane& lane) {
  const auto now = steady_clock::now();
  if (lane.resting != nullptr) lane.resting->never();
  if (lane.stream && now < lane.good_until) {
    if (now - lane.used < short_rest) co_return Done{};
    std::array<std::uint8_t, 1> nothing{};
    const Result<std::size_t> idle = lane.stream->try_read(nothing);
    if (idle && *idle == 0) co_return Done{};
  }
  if (lane.stream) lane.stream->close();
  if (lane.opening == nullptr)
    lane.opening = std::make_unique<net::Deadline>(session_.worker_.loop, [this] { session_.cut(); });
  lane.opening->after(session_.limits().connect_timeout + session_.limits().handshake_timeout);
  Status opened = co_await open(lane);
  lane.opening->never();
  co_return opened;
}

/// Dialled, and logged in as the session is.
net::Task<Status> Translation::open(Lane& lane) {
  const auto by = session_.runtime_;
  const std::vector<HostPort> targets = session_.targets();
  if (targets.size() != 1) co_return Error{Errc::NotFound, "the broker has left the cluster"};
  Result<net::Stream> dialled = co_await by->dialer->dial(session_.worker_.loop, targets.front());
  if (session_.ended_) co_return *session_.ended_;
  if (!dialled) {
    session_.worker_.count_failed_dial(dialled.error());
    co_return std::move(dialled).error().within("to broker");
  }
  ++session_.worker_.counters.upstream_connects;
  if (by->upstream_tls != nullptr) ++session_.worker_.counters.tls_handshakes["upstream"];
  lane.stream.emplace(std::move(*dialled));
  lane.good_until = steady_clock::time_point::max();
  if (!by->swap->makes_logins()) co_return Done{};
  Result<const config::Credential*> credential = by->swap->upstream_of(session_.identity_);
  if (!credential) co_return std::move(credential).error();
  auth::BrokerLogin login(by->swap->upstream_mechanism(), **credential, "kafkaproxy");
  Status logged_in = co_await broker::log_in(*lane.stream, login);
  if (!logged_in) co_return std::move(logged_in).error().within("to broker");
  if (login.session_lifetime().count() > 0)
    lane.good_until = steady_clock::now() + broker::renewal_after(login.session_lifetime());
  co_return Done{};
}

void Translation::close() {
  for (Lane& lane : lanes_) {
    if (lane.stream) lane.stream->close();
    if (lane.resting != nullptr) lane.resting->never();
  }
}

}  // namespace kp::proxy
