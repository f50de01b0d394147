#include "base/log.h"
#include "kafka/apis.h"
#include "proxy/session.h"
#include "rewrite/response.h"

/// client → broker. Requests pass in runs: as many as one read brought leave in one write.
namespace kp::proxy {
namespace {

constexpr std::size_t few_bytes = 256;
constexpr std::int16_t api_delegation_first = 38;  // CreateDelegationToken
constexpr std::int16_t api_delegation_last = 41;   // DescribeDelegationToken

}  // namespace
net::Task<Status> Session::pump_requests() {
  Bytes buffer;  // borrowed only while bytes are in it
  std::size_t filled = 0;
  unsigned rounds = 0;
  if (logins_) logins_->forwarding = true;
  for (;;) {
    if (ended_) co_return *ended_;
    if (draining_ && at_rest()) co_return Error{Errc::Draining, "drained"};
    if (draining_ && requests_.at_boundary()) {
      co_await changed_.wait();  // the answers under way end the session
      continue;
    }
    if (buffer.empty()) buffer = worker_.loop.borrow_buffer();
    Result<std::size_t> got = client_.try_read(MutableBytes(buffer).subspan(filled));
    if (!got) co_return std::move(got).error();
    if (*got == 0) {
      // A few bytes of a header must not hold a whole buffer while the client thinks.
      const bool few = filled <= few_bytes;
      const Bytes kept(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(few ? filled : 0));
      if (few) worker_.loop.return_buffer(std::exchange(buffer, {}));
      if (logins_) logins_->forwarding = !requests_.at_boundary();
      if (renewing()) changed_.notify();
      Status ready = co_await client_.wait_readable();
      if (!ready) co_return std::move(ready).error();
      if (logins_) co_await let_renewal_pass();
      if (few && filled > 0) {
        buffer = worker_.loop.borrow_buffer();
        std::copy(kept.begin(), kept.end(), buffer.begin());
      }
      rounds = 0;
      continue;
    }
    filled += *got;
    if (++rounds % rounds_in_a_row == 0) co_await net::let_others_run(worker_.loop.executor());
    if (broker_) progressed();
    Result<std::size_t> used = co_await relay_requests(BytesView(buffer).first(filled));
    if (!used) co_return std::move(used).error();
    if (*used == 0 && filled == buffer.size() && !draining_)
      co_return Error{Errc::Malformed, "a request header without end"};
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(*used), buffer.begin() + static_cast<std::ptrdiff_t>(filled),
              buffer.begin());
    filled -= *used;
  }
}

/// Forwards what can be, returns how much of `view` is done with.
net::Task<Result<std::size_t>> Session::relay_requests(BytesView view) {
  std::size_t sent = 0;
  std::size_t at = 0;
  while (at < view.size()) {
    if (draining_ && requests_.at_boundary()) break;
    if (renewing() && requests_.at_boundary()) {
      Status before = co_await forward(view.subspan(sent, at - sent));
      if (!before) co_return std::move(before).error();
      sent = at;
      co_await let_renewal_pass();
      if (ended_) co_return *ended_;
    }
    Result<RequestScan::Found> found = requests_.next(view.subspan(at));
    if (!found) co_return std::move(found).error();
    if (found->bytes == 0) break;
    if (found->kind != RequestScan::Kind::Body) {
      Result<InFlight> entry = admit(*found, view.subspan(at, found->bytes));
      if (!entry) co_return std::move(entry).error();
      const bool full = in_flight_.size() >= limits().max_in_flight;
      if (full || entry->answer) {
        Status done = co_await forward(view.subspan(sent, at - sent));
        if (!done) co_return std::move(done).error();
        sent = at;
      }
      while (in_flight_.size() >= limits().max_in_flight && !ended_) co_await changed_.wait();
      if (ended_) co_return *ended_;
      if (entry->answer) {
        at += found->bytes;
        sent = at;
        Status done = co_await answer(std::move(*entry));
        if (!done) co_return std::move(done).error();
        // A refusal takes its turn behind the answers under way, then the connection ends.
        if (logins_ && logins_->refused) draining_ = true;
        continue;
      }
      if (found->answered) in_flight_.push_back(std::move(*entry));
    }
    at += found->bytes;
  }
  Status done = co_await forward(view.subspan(sent, at - sent));
  if (!done) co_return std::move(done).error();
  co_return at;
}

net::Task<Status> Session::forward(BytesView run) {
  if (run.empty()) co_return Done{};
  if (!broker_) {
    Status opened = co_await open_broker();
    if (!opened && opened.error().code == Errc::Unauthorized && runtime_->swap->makes_logins()) {
      Status told = co_await refuse_first_request();
      (void)told;
    }
    if (!opened) co_return std::move(opened).error();
  }
  broker_written_to_ = true;
  Status sent = co_await broker_->write_all(run);
  broker_written_to_ = false;
  if (!sent) co_return std::move(sent).error().within("to broker");
  progressed();
  co_return Done{};
}

/// Our own answer waits its turn behind the responses that are under way.
net::Task<Status> Session::answer(InFlight entry) {
  if (!in_flight_.empty() || client_written_to_) {
    in_flight_.push_back(std::move(entry));
    co_return Done{};
  }
  co_return co_await to_client(*entry.answer);
}

/// What becomes of a request: forwarded, answered here, or refused.
Result<InFlight> Session::admit(const RequestScan::Found& found, BytesView frame) {
  InFlight entry{.correlation_id = found.head.correlation_id,
                 .api_key = found.head.api_key,
                 .api_version = found.head.api_version,
                 .sasl_token = found.kind == RequestScan::Kind::SaslToken,
                 .answer = std::nullopt,
                 .ours = false,
                 .since = std::chrono::steady_clock::now(),
                 .traffic = nullptr,
                 .latency = nullptr};
  if (entry.sasl_token) {
    entry.api_key = kafka::api::sasl_handshake;
    entry.api_version = 0;
  } else if (!rewrite::knows(entry.api_key, entry.api_version)) {
    if (entry.api_key != kafka::api::api_versions)
      return Error{Errc::Unsupported, std::string(kafka::api_name(entry.api_key)) + " version " +
                                          std::to_string(entry.api_version) +
                                          " is not known here, so its answer could not be rewritten"};
    entry.answer = rewrite::api_versions_unsupported(entry.correlation_id);
  }
  const bool login = entry.api_key == kafka::api::sasl_handshake || entry.api_key == kafka::api::sasl_authenticate;
  if (runtime_->swap->makes_logins() && entry.api_key >= api_delegation_first && entry.api_key <= api_delegation_last)
    return Error{Errc::Unsupported, std::string(kafka::api_name(entry.api_key)) +
                                        ": a token would be one of the proxy's own user, good without the proxy"};
  if (runtime_->swap->takes_logins()) {
    if (Status ok = login ? take_login_again(frame, entry) : may_still_ask(entry.api_key); !ok)
      return std::move(ok).error();
  } else if (runtime_->swap->makes_logins()) {
    if (login) refuse_needless_login(entry);
  } else if (entry.api_key == kafka::api::sasl_handshake && entry.api_version == 0 && !entry.sasl_token) {
    requests_.expect_sasl_tokens();
  }
  const bool known = kafka::find_api(entry.api_key) != nullptr;  // a client can't make us count without bound
  entry.traffic = &worker_.counters.traffic_of(entry.api_key, entry.api_version, broker_id_);
  entry.latency = &worker_.counters.latency[known ? entry.api_key : telemetry::unknown_label];
  entry.traffic->requests += 1;
  entry.traffic->request_bytes += found.frame;
  return entry;
}

}  // namespace kp::proxy
