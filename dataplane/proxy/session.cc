#include "proxy/session.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "net/start.h"

namespace kp::proxy {
namespace {

constexpr std::chrono::milliseconds leave_time{1000};  ///< for the peer to take our last bytes

std::string_view remedy(net::Spoke spoke, bool tls_here) {
  switch (spoke) {
    case net::Spoke::TlsHello:
      return "the client uses TLS, this listener doesn't: set the client's security.protocol to PLAINTEXT or "
             "SASL_PLAINTEXT, or downstream.security_protocol to SSL or SASL_SSL";
    case net::Spoke::Http:
      return "this is a Kafka port, not HTTP: metrics and health are at admin.address";
    case net::Spoke::Kafka:
      if (tls_here)
        return "the client speaks plaintext Kafka, this listener TLS: set the client's security.protocol to SSL or "
               "SASL_SSL";
      break;
    default:
      break;
  }
  return "the first bytes are no Kafka request: check what connects here";
}

}  // namespace

Session::Session(Worker& worker, std::shared_ptr<const Runtime> runtime, Route route, net::Accepted client)
    : worker_(worker),
      place_(worker.sessions.size()),
      runtime_(std::move(runtime)),
      came_in_by_(runtime_),
      route_(route),
      client_(worker.loop.context(), std::move(client.socket)),
      broker_id_(route.to == Route::To::Broker ? route.broker : telemetry::bootstrap_broker),
      client_at_(client.from),
      deadline_(worker.loop, [this] { cut(); }),
      changed_(worker.loop.executor()),
      requests_(runtime_->config->limits.max_frame_bytes,
                runtime_->swap->takes_logins() || runtime_->swap->makes_logins()) {
  if (runtime_->swap->takes_logins() || runtime_->swap->makes_logins())
    logins_ = std::make_unique<Logins>(
        worker.loop,
        [this] {
          net::asio::co_spawn(worker_.loop.executor(), renew_broker_login(shared_from_this()), net::asio::detached);
        },
        [this] { cut(); });
  worker_.sessions.push_back(this);
  ++worker_.counters.connections_open;
  ++worker_.counters.connections_total;
}

Session::~Session() {
  Session* const last = worker_.sessions.back();
  worker_.sessions[place_] = last;
  last->place_ = place_;
  worker_.sessions.pop_back();
  --worker_.counters.connections_open;
  --worker_.connections;
}

net::Task<void> Session::serve(std::shared_ptr<Session> self) {
  self->deadline_.after(self->limits().handshake_timeout);
  Status ended = co_await self->greet();
  if (ended && self->runtime_->swap->takes_logins()) {
    self->deadline_.after(self->limits().handshake_timeout);
    ended = co_await self->log_in_client();
  }
  if (ended) {
    // What is in force may have changed while the client came in.
    const auto judged_by = std::exchange(self->came_in_by_, nullptr);
    if (const auto why = self->reason_to_leave(*judged_by, *self->runtime_))
      self->leave(*why, self->limits().drain_timeout);
    // Now for the first request. Who has logged in may keep the connection for later, as clients do with brokers.
    const bool known = self->runtime_->swap->takes_logins();
    self->deadline_.after(known ? self->limits().idle_timeout : self->limits().handshake_timeout);
    ended = co_await self->pump_requests();
  }
  self->worker_.loop.return_buffer(std::exchange(self->requests_read_, {}));
  if (!ended) {
    const bool by_broker = ended.error().message.starts_with("to broker");
    const bool client_left = ended.error().code == Errc::Eof && !by_broker && self->broker_ && self->responses_open_;
    // What the client sent before it closed shall count: the broker gets an end of stream, not a reset. Of a plain
    // connection that it owes no answer on, a close says the same.
    if (client_left && (!self->at_rest() || self->broker_->tls())) {
      if (!self->ended_) self->ended_ = std::move(ended).error();
      self->broker_->shutdown_write();
      self->deadline_.after(std::min(self->limits().idle_timeout, 10 * leave_time));
    } else {
      self->stop(std::move(ended).error());
    }
  }
  while (self->responses_open_) co_await self->changed_.wait();
  self->client_.uncancel();
  self->deadline_.after(leave_time);
  co_await self->client_.linger();
  self->log_end();
}

/// What comes first. It stays in the socket for TLS and for a login, which read for themselves; requests are read to
/// where they are looked for.
net::Task<Result<net::Spoke>> Session::listen_first() {
  if (runtime_->downstream_tls != nullptr || runtime_->swap->takes_logins()) {
    std::array<std::uint8_t, 16> first{};
    Result<std::size_t> seen = co_await client_.peek(first);
    if (!seen) co_return std::move(seen).error();
    if (*seen == 0) co_return Error{Errc::Eof, "closed before the first byte"};
    co_return net::recognise(BytesView(first).first(*seen), limits().max_frame_bytes);
  }
  for (;;) {
    requests_read_ = worker_.loop.borrow_buffer();
    Result<std::size_t> got = client_.try_read(requests_read_);
    if (!got) co_return std::move(got).error();
    greeting_ = *got;
    const BytesView first = BytesView(requests_read_).first(greeting_);
    if (!first.empty()) co_return net::recognise(first, limits().max_frame_bytes);
    worker_.loop.return_buffer(std::exchange(requests_read_, {}));
    Status ready = co_await client_.wait_readable();
    if (!ready) co_return std::move(ready).error();
  }
}

/// Until we know that the client speaks what this listener expects, for whom it came, and what its certificate says.
net::Task<Status> Session::greet() {
  Result<net::Spoke> spoke = co_await listen_first();
  if (!spoke) co_return std::move(spoke).error();
  const bool tls_here = runtime_->downstream_tls != nullptr;
  if (*spoke != (tls_here ? net::Spoke::TlsHello : net::Spoke::Kafka)) co_return wrong_protocol(*spoke);
  if (tls_here) {
    came_in_by_ = runtime_;
    Status secured = co_await client_.accept_tls(*came_in_by_->downstream_tls);
    if (!secured) {
      const std::string label = net::tls_failure_label(secured.error().message);
      ++worker_.counters.tls_failures[{"downstream", label}];
      if (label == "not_admitted") ++worker_.counters.logins[{"downstream", "SSL", "unmapped"}];
      if (worker_.complaints.pass())
        log::warn("client TLS handshake failed", {{"peer", peer()}, {"reason", secured.error().message}});
      co_return std::move(secured).error().within("TLS handshake");
    }
    ++worker_.counters.tls_handshakes["downstream"];
  }
  if (route_.to == Route::To::ServerName)
    broker_id_ = runtime_->endpoints->named(client_.server_name()).value_or(telemetry::bootstrap_broker);
  // With a login to come the certificate only opens the door.
  if (runtime_->swap->takes_logins()) co_return Done{};
  co_return identify();
}

Status Session::wrong_protocol(net::Spoke spoke) {
  ++worker_.counters.wrong_protocol[std::string(name(spoke))];
  if (worker_.complaints.pass())
    log::warn(
        "wrong protocol",
        {{"peer", peer()}, {"spoke", name(spoke)}, {"remedy", remedy(spoke, runtime_->downstream_tls != nullptr)}});
  return Error{Errc::Malformed, "wrong protocol"};
}

/// The upstream addresses to try, in order. For a broker's endpoint there is just one: another broker would answer
/// wrong.
std::vector<HostPort> Session::targets() const {
  if (broker_id_ >= 0) {
    const auto upstream = runtime_->endpoints->upstream_of(broker_id_);
    return upstream ? std::vector{*upstream} : std::vector<HostPort>{};
  }
  const std::vector<HostPort>& bootstrap = runtime_->bootstrap;
  if (route_.to == Route::To::Mapping) return {bootstrap.at(route_.slot)};  // adopt() keeps the slot right
  std::vector<HostPort> all;
  for (std::size_t i = 0; i < bootstrap.size(); ++i) all.push_back(bootstrap[(route_.slot + i) % bootstrap.size()]);
  return all;
}

/// A connection that answers requests: dialled, and logged in where that is ours to do.
net::Task<Status> Session::open_broker() {
  if (runtime_->swap->makes_logins()) {  // no co_await in a conditional expression: GCC 12 ends its error twice
    Status logged_in = co_await log_in_to_broker();
    if (!logged_in) co_return std::move(logged_in).error();
  } else {
    Status dialled = co_await dial_broker();
    if (!dialled) co_return std::move(dialled).error();
  }
  start_responses();
  co_return Done{};
}

void Session::start_responses() {
  responses_open_ = true;
  progressed();
  net::start(worker_.loop.executor(), pump_responses(shared_from_this()));
}

/// A connection on which nothing has been said yet.
net::Task<Status> Session::dial_broker() {
  Error last{Errc::NotFound, "broker " + std::to_string(broker_id_) + " has left the cluster"};
  const auto by = runtime_;
  for (const HostPort& target : targets()) {
    deadline_.after(limits().connect_timeout + leave_time);
    Result<net::Stream> dialled = co_await by->dialer->dial(worker_.loop, target);
    if (ended_) co_return *ended_;
    if (broker_id_ >= 0) by->endpoints->set_dialled(broker_id_, dialled.has_value());
    if (dialled) {
      ++worker_.counters.upstream_connects;
      if (by->upstream_tls != nullptr) ++worker_.counters.tls_handshakes["upstream"];
      broker_.emplace(std::move(*dialled));
      if (by->mapping != nullptr) {
        if (!translation_) translation_ = std::make_unique<Translation>(*this);
        translation_->dialled(*by, target);
      }
      deadline_.after(limits().handshake_timeout);
      co_return Done{};
    }
    last = std::move(dialled).error();
    worker_.count_failed_dial(last);
    log::warn("broker not reached", {{"broker", broker_name()}, {"upstream", target}, {"reason", last.message}});
  }
  co_return std::move(last).within("to broker");
}

void Session::drain() {
  draining_ = true;
  if (at_end()) return stop(drained());
  if (!owes_answer_) return;
  // Who has just come is answered once: cut off before, it would take the port for one that refuses. But it must ask
  // soon.
  silence_end_ = std::make_unique<net::Deadline>(worker_.loop, [this] {
    if (at_rest() && !ended_) stop(drained());
  });
  silence_end_->after(leave_time);
}

bool Session::at_rest() const {
  return in_flight_.empty() && !translating() && requests_.at_boundary() && !client_written_to_ && !broker_written_to_;
}

/// A byte of the client's, or for it, has moved. A login that we renew must not keep an idle client.
void Session::progressed() {
  if (in_flight_.empty() || !in_flight_.front().ours || translating()) deadline_.after(limits().idle_timeout);
}

bool Session::may_splice() const { return broker_ && !broker_->tls() && !client_.tls() && worker_.loop.has_pipe(); }

/// Bytes from one side to the other, within the kernel; 0: nothing was there.
net::Task<Result<std::size_t>> Session::splice(Way way, std::uint64_t most) {
  net::Stream& from = way == Way::ToBroker ? client_ : *broker_;
  net::Stream& to = way == Way::ToBroker ? *broker_ : client_;
  bool& written_to = way == Way::ToBroker ? broker_written_to_ : client_written_to_;
  std::unique_ptr<net::Pipe> pipe = worker_.loop.borrow_pipe();
  Result<std::size_t> got = from.try_splice_into(*pipe, static_cast<std::size_t>(most));
  Status sent = Done{};
  written_to = true;
  while (sent && pipe->held > 0) {
    Result<std::size_t> taken = to.try_splice_from(*pipe);
    if (taken && *taken == 0)
      sent = co_await to.wait_writable();
    else if (!taken)
      sent = std::move(taken).error();
    else
      progressed();  // a slow reader that takes some of it is none that is dead
  }
  written_to = false;
  worker_.loop.return_pipe(std::move(pipe));
  if (!sent) co_return std::move(sent).error().within(way == Way::ToBroker ? "to broker" : "to client");
  if (!got && way == Way::ToClient) co_return std::move(got).error().within("from broker");
  co_return got;
}

Error Session::drained() { return {Errc::Draining, "drained"}; }

void Session::cut() {
  const bool handshaking = !broker_ && in_flight_.empty();
  stop(Error{Errc::Timeout, handshaking ? "nothing useful came in time" : "no byte moved for too long"});
}

/// Both pumps end at their next wait. The client still gets what was written to it (linger).
void Session::stop(Error reason) {
  if (!ended_) ended_ = std::move(reason);
  client_.cancel();
  if (broker_) broker_->close();
  if (translation_) translation_->close();
  if (logins_) logins_->renewal.never();
  if (logins_) logins_->answer_due.never();
  changed_.notify();
}

std::string Session::broker_name() const { return broker_id_ < 0 ? "bootstrap" : std::to_string(broker_id_); }

void Session::log_end() const {
  const Error end = ended_.value_or(Error{Errc::Eof, "closed"});
  ++worker_.counters.connections_closed[std::string(name(end.code))];
  // Misbehaviour of a peer is worth a line; what ends in the ordinary way, or was told before, only when asked for.
  const bool told = end.message == "wrong protocol" || end.message.starts_with("TLS handshake");
  const bool odd = end.code == Errc::Malformed || end.code == Errc::Unsupported || end.code == Errc::Internal;
  const auto level = odd && !told && worker_.complaints.pass() ? log::Level::Warn : log::Level::Debug;
  if (log::enabled(level))
    log::write(level, "connection closed",
               {{"peer", peer()}, {"broker", broker_name()}, {"cause", name(end.code)}, {"reason", end.message}});
}

}  // namespace kp::proxy
