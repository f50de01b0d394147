#pragma once

#include <memory>
#include <optional>

#include "net/listen.h"
#include "net/sniff.h"
#include "proxy/logins.h"
#include "proxy/response_progress.h"
#include "proxy/route.h"
#include "proxy/translation.h"
#include "proxy/worker.h"

namespace kp::proxy {

/// One client connection and its broker connection, from accept to close. Lives on one loop; kept alive by its own
/// coroutines. Two pumps share `in_flight_`: requests push, responses pop, so what the client gets is in request order.
/// The broker is dialled when the first request is to be forwarded, so that a port scan costs the cluster nothing.
///
///   greet (TLS, SNI) ─▶ log_in_client ─▶ pump_requests ──first request──▶ open_broker ─▶ pump_responses
///                         (auth_swap)         └─ client's end, drain, error ─▶ stop ─▶ pumps end ─▶ linger ─▶ gone
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Worker& worker, std::shared_ptr<const Runtime> runtime, Route route, net::Accepted client);
  ~Session();

  static net::Task<void> serve(std::shared_ptr<Session> self);

  // All of these: loop thread.
  void drain();  ///< answers what is in flight, reads no new request, then ends
  void cut();    ///< ends now
  /// Goes on by `next`, which has come into force; or drains, within its drain_timeout, where it has no place here.
  void adopt(const std::shared_ptr<const Runtime>& next);

 private:
  friend class Translation;
  // session.cc
  net::Task<Status> greet();
  net::Task<Result<net::Spoke>> listen_first();
  Status wrong_protocol(net::Spoke spoke);
  net::Task<Status> open_broker();
  net::Task<Status> dial_broker();
  void start_responses();
  std::vector<HostPort> targets() const;
  bool may_splice() const;
  net::Task<Result<std::size_t>> splice(Way way, std::uint64_t most);
  void stop(Error reason);
  void log_end() const;
  std::string broker_name() const;
  HostPort peer() const { return net::address_of(client_at_); }  ///< the client, for the log
  bool at_rest() const;
  /// While it drains: nothing more to be read, and nothing to be done.
  bool reads_no_more() const { return draining_ && (!owes_answer_ || !in_flight_.empty()); }
  bool at_end() const { return draining_ && !owes_answer_ && at_rest(); }
  static Error drained();
  void progressed();
  const config::Limits& limits() const { return runtime_->config->limits; }

  // session_reload.cc
  std::optional<std::string_view> reason_to_leave(const Runtime& before, const Runtime& next) const;
  bool endpoint_stands(const Runtime& before, const Runtime& next) const;
  bool certificate_stands(const Runtime& before, const Runtime& next) const;
  bool identity_stands(const Runtime& before, const Runtime& next) const;
  void leave(std::string_view reason, std::chrono::milliseconds limit);

  // session_login.cc
  Status identify();
  net::Task<Status> log_in_client();
  net::Task<Status> conclude_login(auth::LoginStep step);
  net::Task<Status> relay_api_versions(Bytes request);
  net::Task<Status> log_in_to_broker();
  net::Task<Status> refuse_first_request();
  void logged_in_to_broker();
  static net::Task<void> renew_broker_login(std::shared_ptr<Session> self);
  net::Task<Status> log_in_to_broker_again();
  void limit_own_wait();
  net::Task<auth::LoginStep> take_apart(const Bytes& frame);
  net::Task<Result<Bytes>> ask_in_turn(Bytes request);
  net::Task<void> let_renewal_pass();
  void begin_client_session();
  Status take_login_again(BytesView frame, InFlight& entry);
  void refuse_needless_login(InFlight& entry);
  Status may_still_ask(std::int16_t api_key) const;
  void client_outcome(std::string_view result, std::string_view why);
  void broker_outcome(const Status& outcome);
  std::string_view client_mechanism() const;
  bool translating() const { return translation_ != nullptr && translation_->busy(); }
  bool renewing() const { return logins_ != nullptr && logins_->renewing; }

  // session_requests.cc
  net::Task<Status> pump_requests();
  Result<bool> pass_requests(Cursor& run);
  net::Task<Status> relay_requests(Cursor& run);
  net::Task<Status> forward(Cursor& decided);
  net::Task<Status> have_broker();
  net::Task<Status> answer(InFlight entry);
  Result<InFlight> admit(const RequestScan::Found& found, BytesView frame, std::chrono::steady_clock::time_point now);
  Status judge(InFlight& entry, BytesView frame);

  // session_responses.cc
  static net::Task<void> pump_responses(std::shared_ptr<Session> self);
  net::Task<Status> forward_responses(Bytes& buffer);
  net::Task<Status> passed_unseen(std::size_t bytes);
  bool pass_responses(Cursor& run);
  net::Task<Status> relay_responses(Cursor& cursor);
  Result<bool> pass_along(Cursor& cursor);
  net::Task<Result<bool>> relay_piece(Cursor& cursor);
  net::Task<Result<bool>> begin_response(Cursor& cursor);
  net::Task<Result<bool>> take_own_response(Cursor& cursor, std::uint64_t frame);
  net::Task<Result<bool>> walk_response(Cursor& cursor);
  net::Task<Status> collect_response(Cursor& cursor);
  net::Task<Status> rewrite_whole(Cursor& cursor, BytesView frame);
  net::Task<Status> finish_collected();
  net::Task<Status> flush(Cursor& cursor);
  net::Task<Status> send_answers(Cursor& cursor);
  net::Task<Status> to_client(BytesView bytes);
  Status check_response(BytesView rest) const;
  void count_rewrite(std::int16_t api, int addresses, int leaked);
  void finish_response();

  Worker& worker_;
  std::size_t place_;                          ///< in worker_.sessions
  std::shared_ptr<const Runtime> runtime_;     ///< in force here; who holds a part of it across a wait keeps a copy
  std::shared_ptr<const Runtime> came_in_by_;  ///< what has judged the client so far; null once it is in
  Route route_;
  net::Stream client_;
  std::optional<net::Stream> broker_;
  std::unique_ptr<Logins> logins_;                    ///< null where auth_swap has nothing to do
  bool passed_login_ = false;                         ///< the client logs in to the broker itself
  std::unique_ptr<Translation> translation_;          ///< null where no topic is virtual
  std::string identity_{config::anonymous_identity};  ///< who the client is: SASL user, else certificate's name
  BrokerId broker_id_;                                ///< whom the connection stands for
  net::asio::ip::tcp::endpoint client_at_;
  net::Deadline deadline_;  ///< of whatever the session waits for; ends both streams
  net::Event changed_;      ///< in_flight_ or one of the flags below changed
  RequestScan requests_;
  Bytes requests_read_;       ///< borrowed only while bytes are in it that have to be looked at
  std::size_t greeting_ = 0;  ///< bytes in it that were read before the pump began
  InFlightQueue in_flight_;
  UsualRequest usual_;
  ResponseProgress response_;
  bool owes_answer_ = true;  ///< a first one, logins apart: who has just come is not cut off before
  bool draining_ = false, responses_open_ = false;
  std::unique_ptr<net::Deadline> silence_end_;                  ///< made when who owes a first answer drains
  std::unique_ptr<net::Deadline> drain_end_;                    ///< made when a reload leaves no place for us
  bool client_written_to_ = false, broker_written_to_ = false;  ///< a write is under way
  std::optional<Error> ended_;                                  ///< the first reason
};

}  // namespace kp::proxy
