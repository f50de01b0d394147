#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "auth/broker_login.h"
#include "auth/client_login.h"
#include "base/bytes.h"
#include "net/loop.h"

namespace kp::proxy {

/// The two logins of a session under auth_swap: the client's to us, ours to the broker. Other sessions have none.
struct Logins {
  Logins(net::Loop& loop, std::function<void()> renewal_due, std::function<void()> no_answer)
      : renewal(loop, std::move(renewal_due)), answer_due(loop, std::move(no_answer)) {}

  std::optional<auth::ClientLogin> client;
  /// By then the client must have logged in again (KIP-368).
  std::chrono::steady_clock::time_point client_until = std::chrono::steady_clock::time_point::max();

  bool refused = false;  ///< the client's further login: once that is told, the connection ends

  std::optional<auth::BrokerLogin> broker;
  net::Deadline renewal;        ///< when we log in to the broker again
  net::Deadline answer_due;     ///< by then the broker has answered our own request, once that is its turn
  bool renewing = false;        ///< no request may be forwarded: the broker takes nothing but the login
  bool forwarding = false;      ///< a request may be half forwarded; a renewal waits until it isn't
  std::optional<Bytes> answer;  ///< the broker's, to our own request
};

}  // namespace kp::proxy
