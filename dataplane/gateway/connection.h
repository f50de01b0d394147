#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/handler.h"
#include "gateway/line_stream.h"
#include "gateway/request_reader.h"
#include "net/stream.h"

namespace kp::gateway {

/// One client, from its first byte to its last. On its lane's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Lane& lane, net::Stream stream);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  static net::Task<void> serve(std::shared_ptr<Connection> self);
  /// No further request: it ends at once if none is under way.
  void drain();

 private:
  net::Task<Status> greet();
  net::Task<Status> serve_requests();
  Status still_welcome();
  net::Task<Status> serve_one();
  bool is_preflight(const RequestHead& head, const Way& way) const;
  net::Task<std::optional<Answer>> refuse(const RequestHead& head, const Way& way);
  net::Task<std::optional<Answer>> take_body(const RequestHead& head, const Way& way, std::optional<Answer> refusal);
  net::Task<Status> meet_expectation(const RequestHead& head);
  net::Task<std::optional<Answer>> know_client(const RequestHead& head);
  net::Task<std::optional<std::string>> check(Logins::Claim claim);
  std::optional<Answer> know_by_certificate();
  std::optional<Answer> unpack(const RequestHead& head);
  net::Task<Status> serve_lines(const RequestHead& head, const Way& way);
  net::Task<bool> feed(const RequestHead& head, LineStream& lines);
  net::Task<void> send_batch(const RequestHead& head, LineStream& lines);
  net::Task<void> drop_rest(const RequestHead& head);
  void count(std::string_view label, unsigned status, std::chrono::steady_clock::time_point since);
  void put(const RequestHead& head, Answer answer);
  net::Task<Status> flush();

  Lane& lane_;
  net::Stream stream_;
  net::Deadline deadline_;
  RequestReader reader_;
  std::shared_ptr<const Runtime> runtime_;      ///< of the request under way
  std::shared_ptr<const net::TlsContext> tls_;  ///< by which the client was let in; null: plain
  std::string unpacked_;                        ///< its body, when it came compressed
  std::string_view body_;                       ///< its body, padded
  std::string out_;                             ///< answers that are not sent yet
  std::optional<std::string> certificate_;      ///< subject of the client's
  std::string known_header_;                    ///< the Authorization that was good last
  std::shared_ptr<const Logins> known_by_;
  std::string identity_;
  config::Credential upstream_;
  bool idle_ = true;        ///< between requests
  bool streaming_ = false;  ///< a body that may go on for ever
  bool draining_ = false;
  std::chrono::steady_clock::time_point drain_by_{};  ///< when a stream is cut off then
  bool keep_alive_ = true;
};

}  // namespace kp::gateway
