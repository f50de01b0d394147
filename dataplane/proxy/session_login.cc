// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "base/log.h"
#include "broker/exchange.h"
#include "broker/login.h"
#include "kafka/apis.h"
#include "kafka/errors.h"
#include "kafka/header.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/36_sasl_authenticate.h"
#include "net/frame.h"
#include "proxy/session.h"
#include "rewrite/response.h"

/// The two logins under auth_swap: the client's to the proxy, the proxy's to the broker. Until both are done nothing of
/// the client's reaches the broker but ApiVersions, which brokers answer before a login too.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
constexpr std::string_view client_id = "kafkaproxy";
constexpr auto most_in_login = static_cast<std::uint32_t>(auth::max_login_frame_bytes - kafka::frame_size_bytes);

template <class Response>
Bytes illegal_state(const InFlight& request) {
  Response response;
  response.error_code = kafka::error::illegal_sasl_state;
  const kafka::Version version = std::clamp(request.api_version, Response::versions.min, Response::versions.max);
  return kafka::encode_response(response, version, request.correlation_id);
}

Error too_long_for_login(std::int32_t size) {
  return {Errc::Malformed,
          "before the login: a request of " + std::to_string(static_cast<std::uint32_t>(size)) + " bytes"};
}

bool asks_api_versions(BytesView frame) {
  return frame.size() >= kafka::request_head_bytes && kafka::peek_request(frame).api_key == api::api_versions;
}

}  // namespace

/// Who the client is by its certificate, where no login will say.
Status Session::identify() {
  const auto certificate = client_.peer_certificate();
  if (!certificate) return Done{};
  Result<std::string> named = runtime_->identity_of(*certificate);
  if (!named) {
    client_outcome("no_principal", certificate->subject + ": " + named.error().message);
    return std::move(named).error();
  }
  identity_ = std::move(*named);
  return Done{};
}

std::string_view Session::client_mechanism() const {
  if (logins_ && logins_->client) {
    const auto mechanism = logins_->client->mechanism();
    return mechanism ? auth::wire_name(*mechanism) : "unknown";
  }
  return identity_ == config::anonymous_identity ? "NONE" : "SSL";
}

/// Audit: every outcome is counted; every good one is a line, bad ones are lines as far as they don't flood the log.
void Session::client_outcome(std::string_view result, std::string_view why) {
  ++worker_.counters.logins[{"downstream", std::string(client_mechanism()), std::string(result)}];
  if (result == "ok") {
    const bool anonymous = identity_ == config::anonymous_identity;
    log::write(anonymous ? log::Level::Debug : log::Level::Info, "client logged in",
               {{"peer", peer()},
                {"mechanism", client_mechanism()},
                {"user", identity_},
                {"upstream_user", logins_ && logins_->broker ? logins_->broker->user() : "-"},
                {"broker", broker_name()}});
    return;
  }
  if (!worker_.complaints.pass()) return;
  const std::string& user = logins_ && logins_->client ? logins_->client->claimed_user() : identity_;
  log::warn("client login refused",
            {{"peer", peer()}, {"mechanism", client_mechanism()}, {"user", user}, {"cause", result}, {"reason", why}});
}

void Session::broker_outcome(const Status& outcome) {
  const std::string mechanism(auth::wire_name(logins_->broker->mechanism()));
  const bool refused = !outcome && outcome.error().code == Errc::Unauthorized;
  const std::string result = outcome ? "ok" : refused ? "refused" : std::string(name(outcome.error().code));
  ++worker_.counters.logins[{"upstream", mechanism, result}];
  if (outcome || !worker_.complaints.pass()) return;
  log::warn("login to broker failed", {{"peer", peer()},
                                       {"user", identity_},
                                       {"upstream_user", logins_->broker->user()},
                                       {"mechanism", mechanism},
                                       {"broker", broker_name()},
                                       {"reason", outcome.error().message}});
}

net::Task<Status> Session::log_in_client() {
  if (!certificate_stands(*came_in_by_, *runtime_))
    co_return Error{Errc::Unauthorized, "certificate not valid any more"};
  came_in_by_ = runtime_;
  auth::ClientLogin& login =
      logins_->client.emplace(runtime_->swap->users(), runtime_->config->downstream.sasl_session_lifetime);
  while (!login.logged_in()) {
    Result<Bytes> frame = co_await net::read_frame(client_, 0, most_in_login, too_long_for_login);
    if (!frame) co_return std::move(frame).error();
    const bool versions = !login.expects_bare_token() && asks_api_versions(*frame);
    auth::LoginStep step;
    if (versions) {
      step = login.api_versions();
    } else if (runtime_->swap->users()->takes_long()) {
      auth::LoginStep taken = co_await take_apart(*frame);
      if (ended_) co_return *ended_;
      step = std::move(taken);
    } else {
      step = login.take(*frame);
    }
    if (versions && step.state == auth::LoginStep::State::Ongoing) {
      Status told = co_await relay_api_versions(std::move(*frame));
      if (!told) co_return std::move(told).error();
      continue;
    }
    if (step.state == auth::LoginStep::State::LoggedIn) {
      identity_ = login.user();
      Status admitted = Done{};
      if (runtime_->swap->makes_logins()) admitted = co_await log_in_to_broker();
      if (!admitted && admitted.error().code != Errc::Unauthorized) co_return std::move(admitted).error();
      if (!admitted) step = login.overrule(*frame, "The proxy has no access to the cluster for this user");
    }
    Status concluded = co_await conclude_login(std::move(step));
    if (!concluded) co_return std::move(concluded).error();
  }
  begin_client_session();
  if (broker_) start_responses();
  co_return Done{};
}

/// A login has been accepted: from now on its lifetime counts, if it has one.
void Session::begin_client_session() {
  const auto lifetime = logins_->client->session_lifetime();  // that it was told
  if (lifetime.count() > 0) logins_->client_until = std::chrono::steady_clock::now() + lifetime;
}

/// Checking a password against a verifier takes milliseconds on purpose: on a thread of its own, so that strangers
/// can't hold up the loop's other connections.
net::Task<auth::LoginStep> Session::take_apart(const Bytes& frame) {
  if (worker_.slow_checks >= Worker::max_slow_checks) {
    auth::LoginStep busy;
    busy.state = auth::LoginStep::State::Refused;
    busy.refusal = auth::LoginRefusal::Busy;
    busy.why = "more than " + std::to_string(Worker::max_slow_checks) + " logins wait for their check";
    co_return busy;
  }
  ++worker_.slow_checks;
  if (worker_.slow == nullptr) worker_.slow = std::make_unique<net::asio::thread_pool>(1);
  const auto take = [](auth::ClientLogin* login, const Bytes* bytes) -> net::asio::awaitable<auth::LoginStep> {
    co_return login->take(*bytes);
  };
  auth::LoginStep step =
      co_await net::asio::co_spawn(worker_.slow->get_executor(), take(&*logins_->client, &frame), net::AsTask());
  --worker_.slow_checks;
  co_return step;
}

net::Task<Status> Session::conclude_login(auth::LoginStep step) {
  if (step.state == auth::LoginStep::State::LoggedIn) client_outcome("ok", {});
  // An overruled login was counted where it failed.
  if (step.state == auth::LoginStep::State::Refused && step.refusal != auth::LoginRefusal::None)
    client_outcome(name(step.refusal), step.why);
  if (!step.reply.empty()) {
    client_written_to_ = true;
    Status sent = co_await client_.write_all(step.reply);
    client_written_to_ = false;
    if (!sent) co_return std::move(sent).error().within("to client");
  }
  if (step.state == auth::LoginStep::State::Refused) co_return Error{Errc::Unauthorized, "login refused: " + step.why};
  co_return Done{};
}

/// On the session's own connection to the broker, which has not logged in yet.
net::Task<Status> Session::relay_api_versions(Bytes request) {
  const kafka::RequestHead head = kafka::peek_request(request);
  Bytes reply;
  if (!rewrite::knows(head.api_key, head.api_version)) {
    reply = rewrite::api_versions_unsupported(head.correlation_id);
  } else {
    if (!broker_) {
      Status dialled = co_await dial_broker();
      if (!dialled) co_return std::move(dialled).error();
    }
    Result<Bytes> answer = co_await broker::exchange(*broker_, std::move(request), broker::max_login_answer_bytes);
    if (!answer) co_return std::move(answer).error().within("from broker");
    auto rewritten =
        rewrite::rewrite_response(head.api_key, head.api_version, *answer, *runtime_->endpoints, runtime_->withheld());
    if (!rewritten) co_return std::move(rewritten).error().within("from broker");
    reply = rewritten->frame.empty() ? std::move(*answer) : std::move(rewritten->frame);
  }
  auth::LoginStep step;
  step.reply = std::move(reply);
  co_return co_await conclude_login(std::move(step));
}

/// Dials first, unless ApiVersions did already. Unauthorized: nobody mapped the client, or the broker refuses.
net::Task<Status> Session::log_in_to_broker() {
  if (!broker_) {
    Status dialled = co_await dial_broker();
    if (!dialled) {
      Error failed = std::move(dialled).error();
      if (failed.code == Errc::Unauthorized) failed.code = Errc::Io;  // it is the broker whom we don't trust
      co_return std::move(failed);
    }
  }
  const auto by = runtime_;  // the credential is its
  Result<const config::Credential*> credential = by->swap->upstream_of(identity_);
  if (!credential) {
    client_outcome("unmapped", credential.error().message);
    co_return std::move(credential).error();
  }
  deadline_.after(limits().handshake_timeout);
  auth::BrokerLogin& login =
      logins_->broker.emplace(by->swap->upstream_mechanism(), **credential, std::string(client_id));
  Status outcome = co_await broker::log_in(*broker_, login);
  if (ended_) co_return *ended_;
  broker_outcome(outcome);
  if (!outcome && outcome.error().code == Errc::Unauthorized)
    client_outcome("upstream_refused", outcome.error().message);
  if (!outcome) co_return std::move(outcome).error().within("to broker");
  logged_in_to_broker();
  // adopt() knew no upstream user yet.
  if (runtime_ != by && !identity_stands(*by, *runtime_))
    co_return Error{Errc::Unauthorized, "no longer mapped to " + login.user()};
  if (!logins_->client) client_outcome("ok", {});  // one with SASL is told of when its login is complete
  co_return Done{};
}

void Session::logged_in_to_broker() {
  const auto lifetime = logins_->broker->session_lifetime();
  if (lifetime.count() > 0) logins_->renewal.after(broker::renewal_after(lifetime));
}

/// To a client without SASL there is no form to say "not you", but most ask ApiVersions first and show its error.
net::Task<Status> Session::refuse_first_request() {
  if (in_flight_.empty() || in_flight_.front().api_key != api::api_versions) co_return Done{};
  const InFlight& first = in_flight_.front();
  const Bytes refusal =
      rewrite::api_versions_refused(first.api_version, first.correlation_id, kafka::error::sasl_authentication_failed);
  co_return co_await client_.write_all(refusal);
}

/// KIP-368, towards the broker. The client notices nothing but that its next request waits for this.
net::Task<void> Session::renew_broker_login(std::shared_ptr<Session> self) {
  self->logins_->renewing = true;
  Status renewed = co_await self->log_in_to_broker_again();
  // A broker that refuses may close before we have looked at what it said.
  if (!self->ended_ || (!renewed && renewed.error().code == Errc::Unauthorized)) self->broker_outcome(renewed);
  if (!renewed && !self->ended_) self->stop(std::move(renewed).error().within("to broker: renewing the login"));
  self->logins_->renewing = false;
  self->changed_.notify();
}

net::Task<Status> Session::log_in_to_broker_again() {
  while (logins_->forwarding && !ended_) co_await changed_.wait();
  if (ended_) co_return Error{Errc::Draining, "the connection ends"};
  // The password may be another by now; the mechanism must be the one that the connection began with.
  if (const auto credential = runtime_->swap->upstream_of(identity_)) {
    const auth::Mechanism mechanism = logins_->broker->mechanism();
    logins_->broker.emplace(mechanism, **credential, std::string(client_id));
  }
  const broker::Ask ask = [this](Bytes request) { return ask_in_turn(std::move(request)); };
  Status renewed = co_await broker::log_in(*logins_->broker, ask);
  if (!renewed) co_return renewed;
  logged_in_to_broker();
  co_return Done{};
}

/// A broker that doesn't answer us must not hold the client's requests for long.
void Session::limit_own_wait() {
  if (!in_flight_.empty() && in_flight_.front().ours) logins_->answer_due.after(limits().handshake_timeout);
}

/// A request of ours among the client's: its answer comes after those that are due before it.
net::Task<Result<Bytes>> Session::ask_in_turn(Bytes request) {
  InFlight entry;
  entry.correlation_id = kafka::peek_request(request).correlation_id;
  entry.ours = true;
  entry.since = std::chrono::steady_clock::now();
  in_flight_.push_back(std::move(entry));
  limit_own_wait();
  logins_->answer.reset();
  broker_written_to_ = true;
  Status sent = co_await broker_->write_all(request);
  broker_written_to_ = false;
  if (!sent) co_return std::move(sent).error();
  while (!logins_->answer && !ended_) co_await changed_.wait();
  if (!logins_->answer) co_return Error{Errc::Draining, "the connection ends"};
  logins_->answer_due.never();
  co_return std::move(*logins_->answer);
}

/// Where the request pump stands still while the login is renewed. Only at a request's boundary.
net::Task<void> Session::let_renewal_pass() {
  const auto since = std::chrono::steady_clock::now();
  while (logins_->renewing && requests_.at_boundary() && !ended_) {
    logins_->forwarding = false;
    changed_.notify();
    co_await changed_.wait();
  }
  logins_->forwarding = true;
  // The client's own lifetime doesn't run while it waits for us.
  if (logins_->client_until != std::chrono::steady_clock::time_point::max())
    logins_->client_until += std::chrono::steady_clock::now() - since;
}

/// KIP-368, from the client: its login, again, on a connection that works.
Status Session::take_login_again(BytesView frame, InFlight& entry) {
  if (entry.api_key == api::sasl_handshake && entry.api_version == 0)
    return Error{Errc::Unsupported, "SaslHandshake 0 can't renew a login"};
  auth::ClientLogin& login = *logins_->client;
  if (!login.under_way()) login.go_on_by(runtime_->swap->users(), runtime_->config->downstream.sasl_session_lifetime);
  auth::LoginStep step = login.take(frame);
  if (step.state == auth::LoginStep::State::LoggedIn) {
    begin_client_session();
    client_outcome("ok", {});
  }
  if (step.state == auth::LoginStep::State::Refused) {
    client_outcome(name(step.refusal), step.why);
    if (step.reply.empty()) return Error{Errc::Unauthorized, "login refused: " + step.why};
    logins_->refused = true;
  }
  entry.answer = std::move(step.reply);
  return Done{};
}

/// Of a client whom this listener knows without: it hears what a broker's listener without SASL says. It must not reach
/// the broker, where the proxy has logged in.
void Session::refuse_needless_login(InFlight& entry) {
  client_outcome(name(auth::LoginRefusal::BadState), "a login on a listener without SASL");
  entry.answer = entry.api_key == api::sasl_handshake ? illegal_state<kafka::SaslHandshakeResponse>(entry)
                                                      : illegal_state<kafka::SaslAuthenticateResponse>(entry);
}

/// While a login is under way again, or is overdue, the client may do nothing else.
Status Session::may_still_ask(std::int16_t api_key) const {
  if (logins_->client->under_way())
    return Error{Errc::Unauthorized, std::string(kafka::api_name(api_key)) + " in the middle of a login"};
  if (api_key != api::api_versions && std::chrono::steady_clock::now() > logins_->client_until)
    return Error{Errc::Unauthorized, "the session's lifetime is over and the client has not logged in again"};
  return Done{};
}

}  // namespace kp::proxy
