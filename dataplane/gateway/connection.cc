#include "gateway/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "gateway/inflate.h"

namespace kp::gateway {
namespace {

constexpr std::size_t max_unsent = 64 * 1024;     ///< answers to pipelined requests
constexpr std::uint64_t read_anyway = 64 * 1024;  ///< a body of a refused request; above, the connection closes
constexpr std::uint32_t max_slow_checks = 64;
constexpr std::chrono::seconds leave_taking{2};

bool allowed(const std::vector<std::string>& origins, std::string_view origin) {
  return std::ranges::any_of(origins, [&](const std::string& one) { return one == "*" || one == origin; });
}

/// With a key it is one request, that is carried out once and as a whole.
bool is_stream(const RequestHead& head, const Way& way) {
  return takes_records(way.route) && head.method == "POST" && head.idempotency_key.empty() &&
         is_lines(head.content_type);
}

}  // namespace

Connection::Connection(Lane& lane, net::Stream stream)
    : lane_(lane),
      stream_(std::move(stream)),
      deadline_(lane.loop, [this] { stream_.cancel(); }),
      reader_(lane_, stream_),
      draining_(lane.common.draining) {
  lane_.connections.insert(this);
  ++lane_.counters.connections_open;
  ++lane_.counters.connections_total;
}

Connection::~Connection() {
  lane_.connections.erase(this);
  runtime_ = nullptr;
  if (lane_.connections.empty()) lane_.let_go();
  --lane_.counters.connections_open;
  --lane_.load;
  --lane_.common.connections;
}

void Connection::drain() {
  if (idle_) stream_.cancel();
  if (std::exchange(draining_, true)) return;
  drain_by_ = std::chrono::steady_clock::now() + leave_taking;
  if (streaming_) deadline_.after(leave_taking);
}

net::Task<void> Connection::serve(std::shared_ptr<Connection> self) {
  Status ended = co_await self->greet();
  if (ended) ended = co_await self->serve_requests();
  const bool drained = self->draining_ && self->idle_;
  ++self->lane_.counters.closed[ended ? "answered" : drained ? "draining" : std::string(name(ended.error().code))];
  self->stream_.uncancel();
  self->deadline_.after(leave_taking);
  co_await self->stream_.linger();
}

net::Task<Status> Connection::greet() {
  runtime_ = lane_.now();
  if (runtime_ == nullptr) co_return Error{Errc::Draining, "HTTP has ended by a reload"};
  if (runtime_->tls == nullptr) co_return Done{};
  deadline_.after(runtime_->config->limits.handshake_timeout);
  tls_ = runtime_->tls;
  Status done = co_await stream_.accept_tls(*tls_);
  deadline_.never();
  if (!done) {
    if (lane_.complaints.pass())
      log::warn("HTTP: TLS handshake failed", {{"peer", stream_.peer()}, {"reason", done.error().message}});
    co_return done;
  }
  if (const auto certificate = stream_.peer_certificate()) certificate_ = certificate->subject;
  co_return Done{};
}

net::Task<Status> Connection::serve_requests() {
  for (;;) {
    idle_ = true;
    if (!reader_.more_there()) {
      Status sent = co_await flush();
      if (!sent) co_return sent;
      if (draining_) co_return Error{Errc::Draining, "the process ends"};
      deadline_.after(lane_.now()->http().idle_timeout);
      runtime_ = nullptr;  // or a reload's old producers would live as long as this pause
      Status ready = co_await reader_.wait_begin();
      if (!ready) co_return ready;
    }
    idle_ = false;
    runtime_ = lane_.now();
    if (Status welcome = still_welcome(); !welcome) co_return welcome;
    deadline_.after(runtime_->http().request_timeout);
    Status served = co_await serve_one();
    if (served && keep_alive_ && out_.size() <= max_unsent) continue;
    Status sent = co_await flush();
    if (!served || !sent || !keep_alive_) co_return (served ? sent : served);
  }
}

/// After a reload: TLS may be wanted now, or the client's certificate be good no more.
Status Connection::still_welcome() {
  if (runtime_->tls == tls_) return Done{};
  if (runtime_->tls == nullptr || tls_ == nullptr) return Error{Errc::Draining, "TLS began or ended by a reload"};
  tls_ = runtime_->tls;
  return stream_.still_accepted_by(*tls_);
}

/// One request; its answer is in out_.
net::Task<Status> Connection::serve_one() {
  std::optional<RequestHead> head;
  std::optional<ReadFault> fault = co_await reader_.read_head(head);
  const auto since = std::chrono::steady_clock::now();
  if (fault) {
    keep_alive_ = false;
    if (fault->status == 0) co_return Error{Errc::Eof, fault->why};
    head.emplace();
    put(*head, refused(fault->status, fault->why));
    ++lane_.counters.requests[{"other", fault->status}].buckets[0];
    co_return Done{};
  }
  if (!head) co_return Error{Errc::Eof, "the peer closed the connection"};
  keep_alive_ = head->keep_alive;
  const Way way = way_of(head->target);
  std::optional<Answer> answer = co_await refuse(*head, way);
  if (!answer && is_stream(*head, way)) co_return co_await serve_lines(*head, way);
  Handler handler(lane_, runtime_);
  answer = co_await take_body(*head, way, std::move(answer));
  if (!answer) {
    Request request{head->method,        head->target, head->content_type, head->idempotency_key, head->origin,
                    head->kafka_headers, body_};
    answer = handler.begin(request, way, upstream_, identity_);
  }
  if (!answer) {
    body_ = {};
    std::string().swap(unpacked_);
    reader_.release();
    deadline_.never();
    Status sent = co_await flush();         // of requests before this one
    Answer late = co_await handler.wait();  // also when nobody hears it: what it claims must be given back
    if (!sent) co_return sent;
    answer = std::move(late);
    deadline_.after(runtime_->http().request_timeout);
  }
  body_ = {};
  std::string().swap(unpacked_);  // a client may say nothing for long
  count(handler.label(), answer->status, since);
  put(*head, std::move(*answer));
  co_return Done{};
}

void Connection::count(std::string_view label, unsigned status, std::chrono::steady_clock::time_point since) {
  lane_.counters.requests[{std::string(label), status}].observe(std::chrono::steady_clock::now() - since);
}

bool Connection::is_preflight(const RequestHead& head, const Way& way) const {
  return takes_records(way.route) && head.method == "OPTIONS" && allowed(runtime_->http().cors_origins, head.origin);
}

/// Who it is, and what may be asked. Nothing: all is well.
net::Task<std::optional<Answer>> Connection::refuse(const RequestHead& head, const Way& way) {
  std::optional<Answer> refusal;
  const bool post = takes_records(way.route);
  if (way.route == Route::None || is_preflight(head, way)) co_return refusal;
  const bool fits = post ? head.method == "POST" : head.method == "GET" || head.method == "HEAD";
  if (!fits) {
    refusal = refused(405, "this path takes " + std::string(way.allow));
    refusal->headers.emplace_back("Allow", way.allow);
  } else if (post) {
    refusal = co_await know_client(head);
  }
  if (!refusal && post) {
    if (const Result<Coding> coding = parse_coding(head.content_encoding); !coding)
      refusal = refused(415, coding.error().message);
  }
  if (!refusal && head.chunked && head.content_length) refusal = refused(400, "both a length and chunks");
  co_return refusal;
}

net::Task<Status> Connection::meet_expectation(const RequestHead& head) {
  if (!head.expects_continue || reader_.more_there()) co_return Done{};
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  co_return co_await flush();
}

/// The body, unpacked, in body_; or the answer.
net::Task<std::optional<Answer>> Connection::take_body(const RequestHead& head, const Way& way,
                                                       std::optional<Answer> refusal) {
  const bool small = !head.chunked && head.content_length.value_or(0) <= read_anyway && !head.expects_continue;
  if (refusal && !small) {
    keep_alive_ = false;
    co_return refusal;
  }
  Status expected = co_await meet_expectation(head);
  if (!expected) co_return refused(400, expected.error().message);
  std::optional<ReadFault> fault = co_await reader_.read_body(head, runtime_->http().max_body_bytes, body_);
  if (fault) {
    keep_alive_ = false;
    if (fault->status == 503) co_return try_again(503, fault->why, 1);
    co_return refused(fault->status == 0 ? 400 : fault->status, fault->why);
  }
  lane_.counters.request_bytes += body_.size();
  if (refusal) co_return refusal;
  if (is_preflight(head, way)) {
    Answer answer{.status = 204, .body = {}};
    answer.headers.emplace_back("Access-Control-Allow-Methods", "POST");
    answer.headers.emplace_back("Access-Control-Allow-Headers", "*, Authorization");
    answer.headers.emplace_back("Access-Control-Max-Age", "600");
    co_return answer;
  }
  co_return unpack(head);
}

std::optional<Answer> Connection::unpack(const RequestHead& head) {
  const Result<Coding> coding = parse_coding(head.content_encoding);
  if (!coding || *coding == Coding::Identity) return std::nullopt;
  Result<std::string> plain = inflate(*coding, body_, runtime_->http().max_body_bytes);
  if (!plain) return refused(plain.error().code == Errc::Busy ? 413 : 400, plain.error().message);
  unpacked_ = std::move(*plain);
  unpacked_.reserve(unpacked_.size() + RecordReader::padding);
  body_ = unpacked_;
  return std::nullopt;
}

std::optional<Answer> Connection::know_by_certificate() {
  if (!certificate_) {
    identity_ = config::anonymous_identity;
    return std::nullopt;
  }
  Result<std::string> name = runtime_->logins->identity_of(*certificate_);
  if (!name) return refused(403, "no rule names the client of this certificate");
  identity_ = std::move(*name);
  return std::nullopt;
}

net::Task<std::optional<Answer>> Connection::know_client(const RequestHead& head) {
  const auto logins = runtime_->logins;
  if (known_by_ == logins && known_header_ == head.authorization) co_return std::nullopt;
  known_by_ = nullptr;
  if (!logins->wanted()) {
    if (auto refusal = know_by_certificate()) co_return refusal;
  } else {
    auto claim = logins->claim_of(head.authorization);
    std::optional<std::string> who;
    if (claim) {
      Logins::Claim claimed = std::move(*claim);
      who = co_await check(std::move(claimed));
    }
    if (!who && lane_.common.slow_checks >= max_slow_checks) co_return try_again(503, "too many logins wait", 1);
    const char* const result = who ? "ok" : head.authorization.empty() ? "missing" : "bad_credentials";
    ++lane_.counters.logins[result];
    if (!who) {
      if (lane_.complaints.pass()) log::warn("HTTP: login refused", {{"peer", stream_.peer()}, {"cause", result}});
      Answer refusal = refused(401, head.authorization.empty() ? "a login is needed" : "the login is wrong");
      refusal.headers.emplace_back("WWW-Authenticate", logins->challenge());
      co_return refusal;
    }
    identity_ = std::move(*who);
  }
  auto upstream = logins->upstream_of(identity_);
  if (!upstream) co_return refused(403, "the client is mapped to nobody at the brokers");
  upstream_ = std::move(*upstream);
  known_by_ = logins;
  known_header_ = head.authorization;
  co_return std::nullopt;
}

/// Passwords are checked on another thread where that takes long.
net::Task<std::optional<std::string>> Connection::check(Logins::Claim claim) {
  const auto logins = runtime_->logins;
  if (!logins->takes_long(claim)) co_return logins->check(claim);
  if (lane_.common.slow_checks >= max_slow_checks) co_return std::nullopt;
  struct Check {
    explicit Check(net::Executor executor) : done(executor) {}
    net::Event done;
    bool over = false;
    std::optional<std::string> who;
  };
  const auto under_way = std::make_shared<Check>(lane_.loop.executor());
  ++lane_.common.slow_checks;
  net::asio::post(*lane_.slow, [under_way, logins, claim = std::move(claim), &lane = lane_] {
    auto who = logins->check(claim);
    --lane.common.slow_checks;
    net::asio::post(lane.loop.context(), [under_way, who = std::move(who)]() mutable {
      under_way->who = std::move(who);
      under_way->over = true;
      under_way->done.notify();
    });
  });
  while (!under_way->over) co_await under_way->done.wait();
  co_return under_way->who;
}

void Connection::put(const RequestHead& head, Answer answer) {
  if (!head.origin.empty() && allowed(runtime_->http().cors_origins, head.origin)) {
    answer.headers.emplace_back("Access-Control-Allow-Origin", head.origin);
    answer.headers.emplace_back("Vary", "Origin");
  }
  keep_alive_ = keep_alive_ && !draining_;
  write(out_, answer, head.method != "HEAD", keep_alive_);
}

net::Task<Status> Connection::flush() {
  if (out_.empty()) co_return Done{};
  stream_.uncancel();
  deadline_.after(lane_.now()->http().request_timeout);
  const BytesView bytes(reinterpret_cast<const std::uint8_t*>(out_.data()), out_.size());
  Status sent = co_await stream_.write_all(bytes);
  out_.clear();
  if (out_.capacity() > max_unsent) std::string().swap(out_);
  co_return sent;
}

}  // namespace kp::gateway
