#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>

#include "net/loop.h"
#include "net/sniff.h"
#include "net/stream.h"
#include "proxy/in_flight.h"
#include "proxy/logins.h"
#include "proxy/request_scan.h"
#include "proxy/route.h"
#include "proxy/runtime.h"
#include "proxy/worker.h"
#include "rewrite/fetch_walk.h"

namespace kp::proxy {

/// One client connection and its broker connection, from accept to close. Lives on one loop; kept alive by its own
/// coroutines. Two pumps share `in_flight_`: requests push, responses pop, so what the client gets is in request order.
/// The broker is dialled when the first request is to be forwarded, so that a port scan costs the cluster nothing.
///
///   greet (TLS, SNI) ─▶ log_in_client ─▶ pump_requests ──first request──▶ open_broker ─▶ pump_responses
///                         (auth_swap)         └─ client's end, drain, error ─▶ stop ─▶ both pumps end ─▶ linger ─▶
///                         gone
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Worker& worker, std::shared_ptr<const Runtime> runtime, Route route, net::asio::ip::tcp::socket socket);
  ~Session();

  static net::Task<void> serve(std::shared_ptr<Session> self);

  /// Answers what is in flight, reads no new request, then ends. Loop thread.
  void drain();
  /// Ends now. Loop thread.
  void cut();

 private:
  /// Reads that a pump may do without a wait before it lets the loop's other connections run: 1 MiB.
  static constexpr unsigned rounds_in_a_row = 16;

  // session.cc
  net::Task<Status> greet();
  Status wrong_protocol(net::Spoke spoke);
  net::Task<Status> open_broker();
  net::Task<Status> dial_broker();
  void start_responses();
  std::vector<HostPort> targets() const;
  void stop(Error reason);
  void log_end() const;
  std::string broker_name() const;
  bool at_rest() const {
    return in_flight_.empty() && requests_.at_boundary() && !client_written_to_ && !broker_written_to_;
  }
  /// A byte of the client's, or for it, has moved. A login that we renew must not keep an idle client.
  void progressed() {
    if (in_flight_.empty() || !in_flight_.front().ours) deadline_.after(limits().idle_timeout);
  }
  const config::Limits& limits() const { return runtime_->config->limits; }

  // session_login.cc
  Status identify();
  net::Task<Status> log_in_client();
  net::Task<Status> conclude_login(auth::LoginStep step);
  net::Task<Result<Bytes>> read_login_frame();
  net::Task<Status> relay_api_versions(Bytes request);
  net::Task<Status> log_in_to_broker();
  Result<const config::Credential*> upstream_credential();
  net::Task<Status> refuse_first_request();
  void logged_in_to_broker();
  static net::Task<void> renew_broker_login(std::shared_ptr<Session> self);
  net::Task<Status> log_in_to_broker_again();
  void limit_own_wait();
  net::Task<auth::LoginStep> take_apart(const Bytes& frame);
  net::Task<Result<Bytes>> ask_in_turn(Bytes request, std::int32_t correlation_id);
  net::Task<void> let_renewal_pass();
  Status take_login_again(BytesView frame, InFlight& entry);
  void refuse_needless_login(InFlight& entry);
  Status may_still_ask(std::int16_t api_key) const;
  void client_outcome(std::string_view result, std::string_view why);
  void broker_outcome(const Status& outcome);
  std::string_view client_mechanism() const;
  bool renewing() const { return logins_ != nullptr && logins_->renewing; }

  // session_requests.cc
  net::Task<Status> pump_requests();
  net::Task<Result<std::size_t>> relay_requests(BytesView view);
  net::Task<Status> forward(BytesView run);
  net::Task<Status> answer(InFlight entry);
  Result<InFlight> admit(const RequestScan::Found& found, BytesView frame);

  // session_responses.cc
  static net::Task<void> pump_responses(std::shared_ptr<Session> self);
  net::Task<Status> forward_responses();
  net::Task<Result<std::size_t>> relay_responses(BytesView view);
  /// Where relay_responses stands in the bytes that it was given: [sent, at) is decided and not written yet.
  struct Cursor {
    BytesView view;
    std::size_t sent = 0;
    std::size_t at = 0;
    BytesView rest() const { return view.subspan(at); }
  };
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
  const std::shared_ptr<const Runtime> runtime_;
  const Route route_;
  net::Stream client_;
  std::optional<net::Stream> broker_;
  std::unique_ptr<Logins> logins_;                    ///< null where auth_swap has nothing to do
  std::string identity_{config::anonymous_identity};  ///< who the client is: SASL user, else certificate's name
  BrokerId broker_id_ = telemetry::bootstrap_broker;  ///< whom the connection stands for
  HostPort peer_;
  net::Deadline deadline_;  ///< of whatever the session waits for; ends both streams
  net::Event changed_;      ///< in_flight_ or one of the flags below changed

  RequestScan requests_;
  InFlightQueue in_flight_;

  std::uint64_t pass_left_ = 0;   ///< of the current response: bytes that pass as they are
  std::uint64_t frame_left_ = 0;  ///< of the response being walked or collected: bytes still to come
  std::optional<rewrite::FetchWalk> walk_;
  Bytes collected_;  ///< a response (or its tail, under walk_) that is gathered to be rewritten whole

  bool draining_ = false;
  bool responses_open_ = false;
  bool client_written_to_ = false;  ///< a write to the client is under way
  bool broker_written_to_ = false;  ///< a write to the broker is under way
  std::optional<Error> ended_;      ///< the first reason
};

}  // namespace kp::proxy
