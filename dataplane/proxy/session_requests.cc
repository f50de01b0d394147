#include <algorithm>

#include "base/log.h"
#include "kafka/apis.h"
#include "proxy/session.h"
#include "rewrite/response.h"

/// client → broker. Requests pass in runs: as many as one read brought leave in one write.
namespace kp::proxy {
namespace {

constexpr std::size_t few_bytes = 256;

}  // namespace

net::Task<Status> Session::pump_requests() {
  Bytes& buffer = requests_read_;
  std::size_t filled = 0;
  unsigned rounds = 0;
  ReadSize size;
  if (logins_) logins_->forwarding = true;
  for (;;) {
    if (ended_) co_return *ended_;
    if (at_end()) co_return drained();
    if (reads_no_more() && requests_.at_boundary()) {
      co_await changed_.wait();  // the answers under way end the session
      continue;
    }
    const bool may = may_splice();
    const bool spliced = may && filled == 0 && requests_.body_left() >= spliced_from;
    const std::size_t greeting = std::exchange(greeting_, 0);
    Result<std::size_t> got{greeting};
    if (spliced) {
      if (!buffer.empty()) worker_.loop.return_buffer(std::exchange(buffer, {}));
      got = co_await splice(Way::ToBroker, requests_.body_left());
      if (got) requests_.passed(*got);
    } else if (greeting == 0) {
      if (buffer.empty()) buffer = worker_.loop.borrow_buffer();
      got = client_.try_read(size.of(MutableBytes(buffer).subspan(filled), may));
    }
    if (!got) co_return std::move(got).error();
    if (*got == 0) {
      // A few bytes of a header must not hold a whole buffer while the client thinks.
      const bool few = filled <= few_bytes && !buffer.empty();
      const Bytes kept(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(few ? filled : 0));
      if (few) worker_.loop.return_buffer(std::exchange(buffer, {}));
      if (logins_) logins_->forwarding = !requests_.at_boundary();
      if (renewing()) changed_.notify();
      if (client_.must_wait()) co_await client_.until_readable();
      if (ended_) co_return *ended_;
      if (logins_) co_await let_renewal_pass();
      if (few && filled > 0) {
        buffer = worker_.loop.borrow_buffer();
        std::copy(kept.begin(), kept.end(), buffer.begin());
      }
      rounds = 0;
      continue;
    }
    if (++rounds % rounds_in_a_row == 0) co_await net::let_others_run(worker_.loop.executor());
    if (broker_) progressed();
    if (spliced) continue;
    filled += *got;
    Cursor run{.view = BytesView(buffer).first(filled)};
    Result<bool> passed = pass_requests(run);
    if (!passed) co_return std::move(passed).error();
    if (!*passed) {
      Status relayed = co_await relay_requests(run);
      if (!relayed) co_return std::move(relayed).error();
    }
    size.learn(*got, requests_.frame());
    if (buffer.empty()) {
      filled = 0;
      continue;
    }
    if (run.at == 0 && filled == buffer.size() && !draining_)
      co_return Error{Errc::Malformed, "a request header without end"};
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(run.at),
              buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
    filled -= run.at;
  }
}

/// The requests at the front that are like the one before, as nearly all are: let through without a wait. False: what
/// is left is for relay_requests.
Result<bool> Session::pass_requests(Cursor& run) {
  if (!broker_) return false;
  const auto now = std::chrono::steady_clock::now();
  while (run.at < run.view.size()) {
    if (requests_.at_boundary()) {
      if (reads_no_more() || renewing() || in_flight_.size() >= limits().max_in_flight) return false;
      if (usual_.serial != runtime_->serial) return false;
      if (!requests_.next_is(usual_.api_key, usual_.api_version, run.rest())) return false;
    }
    Result<RequestScan::Found> found = requests_.next(run.rest());
    if (!found) return std::move(found).error();
    if (found->bytes == 0) break;
    if (found->kind != RequestScan::Kind::Body) {
      Result<InFlight> entry = admit(*found, run.view.subspan(run.at, found->bytes), now);
      if (!entry) return std::move(entry).error();
      if (found->answered) in_flight_.push_back(std::move(*entry));
    }
    run.at += found->bytes;
  }
  Result<bool> sent = send_now(*broker_, run, requests_.body_left());
  if (!sent) return std::move(sent).error().within("to broker");
  progressed();
  return sent;
}

/// Forwards what can be; `run.at`: how much is done with.
net::Task<Status> Session::relay_requests(Cursor& run) {
  const auto now = std::chrono::steady_clock::now();
  while (run.at < run.view.size()) {
    if (reads_no_more() && requests_.at_boundary()) break;
    if (renewing() && requests_.at_boundary()) {
      Status before = co_await forward(run);
      if (!before) co_return std::move(before).error();
      co_await let_renewal_pass();
      if (ended_) co_return *ended_;
    }
    Result<RequestScan::Found> found = requests_.next(run.rest());
    if (!found) co_return std::move(found).error();
    if (found->bytes == 0) break;
    if (found->kind != RequestScan::Kind::Body) {
      Result<InFlight> entry = admit(*found, run.view.subspan(run.at, found->bytes), now);
      if (!entry) co_return std::move(entry).error();
      const bool full = in_flight_.size() >= limits().max_in_flight;
      if (full || entry->answer) {
        Status done = co_await forward(run);
        if (!done) co_return std::move(done).error();
      }
      while (in_flight_.size() >= limits().max_in_flight && !ended_) co_await changed_.wait();
      if (ended_) co_return *ended_;
      if (entry->answer) {
        run.at += found->bytes;
        run.sent = run.at;
        Status done = co_await answer(std::move(*entry));
        if (!done) co_return std::move(done).error();
        // A refusal takes its turn behind the answers under way, then the connection ends.
        if (logins_ && logins_->refused) draining_ = true;
        continue;
      }
      if (!entry->sasl_token && Translation::concerns(*runtime_, entry->api_key)) {
        Status done = co_await forward(run);
        if (!done) co_return std::move(done).error();
        if (!translation_) translation_ = std::make_unique<Translation>(*this);
        done = co_await translation_->serve(std::move(*entry), *found, run);
        if (!done) co_return std::move(done).error();
        continue;
      }
      if (found->answered) in_flight_.push_back(std::move(*entry));
    }
    run.at += found->bytes;
  }
  co_return co_await forward(run);
}

/// All that is decided.
net::Task<Status> Session::forward(Cursor& decided) {
  const BytesView run = decided.view.subspan(decided.sent, decided.at - decided.sent);
  decided.sent = decided.at;
  if (run.empty()) co_return Done{};
  Status opened = co_await have_broker();
  if (!opened) co_return std::move(opened).error();
  broker_written_to_ = true;
  Status sent = co_await broker_->write_all(run);
  broker_written_to_ = false;
  if (!sent) co_return std::move(sent).error().within("to broker");
  progressed();
  co_return Done{};
}

net::Task<Status> Session::have_broker() {
  if (broker_) co_return Done{};
  Status opened = co_await open_broker();
  if (!opened && opened.error().code == Errc::Unauthorized && runtime_->swap->makes_logins()) {
    Status told = co_await refuse_first_request();
    (void)told;
  }
  if (!opened) co_return std::move(opened).error();
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
Result<InFlight> Session::admit(const RequestScan::Found& found, BytesView frame,
                                std::chrono::steady_clock::time_point now) {
  InFlight entry{.correlation_id = found.head.correlation_id,
                 .api_key = found.head.api_key,
                 .api_version = found.head.api_version,
                 .sasl_token = found.kind == RequestScan::Kind::SaslToken,
                 .since = now};
  const bool again = !entry.sasl_token && usual_.serial == runtime_->serial && usual_.api_key == entry.api_key &&
                     usual_.api_version == entry.api_version;
  if (again) {
    if (runtime_->swap->takes_logins())
      if (Status ok = may_still_ask(entry.api_key); !ok) return std::move(ok).error();
    entry.rewritten = usual_.rewritten;
    entry.traffic = usual_.traffic;
    entry.latency = usual_.latency;
  } else if (Status judged = judge(entry, frame); !judged) {
    return std::move(judged).error();
  }
  entry.traffic->requests += 1;
  entry.traffic->request_bytes += found.frame;
  return entry;
}

/// Of a kind of request that didn't come just before.
Status Session::judge(InFlight& entry, BytesView frame) {
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
  const auto withheld = runtime_->swap->withheld();
  if (std::ranges::find(withheld, entry.api_key) != withheld.end())
    return Error{Errc::Unsupported, std::string(kafka::api_name(entry.api_key)) + " can't be had under auth_swap"};
  const bool login = entry.api_key == kafka::api::sasl_handshake || entry.api_key == kafka::api::sasl_authenticate;
  if (runtime_->swap->takes_logins()) {
    if (Status ok = login ? take_login_again(frame, entry) : may_still_ask(entry.api_key); !ok)
      return std::move(ok).error();
  } else if (runtime_->swap->makes_logins()) {
    if (login) refuse_needless_login(entry);
  } else if (login) {
    passed_login_ = true;
    if (entry.api_key == kafka::api::sasl_handshake && entry.api_version == 0 && !entry.sasl_token)
      requests_.expect_sasl_tokens();
  }
  const bool known = kafka::find_api(entry.api_key) != nullptr;  // a client can't make us count without bound
  entry.traffic = &worker_.counters.traffic_of(entry.api_key, entry.api_version, broker_id_);
  entry.latency = &worker_.counters.latency[known ? entry.api_key : telemetry::unknown_label];
  entry.rewritten = !entry.sasl_token && rewrite::carries_addresses(entry.api_key, entry.api_version);
  if (!login && !entry.answer && !Translation::concerns(*runtime_, entry.api_key))
    usual_ = {runtime_->serial, entry.api_key, entry.api_version, entry.rewritten, entry.traffic, entry.latency};
  return Done{};
}

}  // namespace kp::proxy
