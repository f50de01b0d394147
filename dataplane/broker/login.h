#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "auth/broker_login.h"
#include "base/bytes.h"
#include "base/result.h"
#include "net/stream.h"

namespace kp::broker {

/// The longest answer that a login takes.
inline constexpr std::uint32_t max_login_answer_bytes = 64 * 1024;

/// When to log in again, for a session that the broker ends after `lifetime` (KIP-368): a while before, not at the same
/// moment as everybody else. Zero: never.
std::chrono::milliseconds renewal_after(std::chrono::milliseconds lifetime);

/// Sends a request of the login and gives the broker's answer to it.
using Ask = std::function<net::Task<Result<Bytes>>(Bytes request)>;

/// Logs in, or again (KIP-368), by `ask`. Both outlive the call. Its deadline is the caller's. Errors: Unauthorized
/// when the broker refuses, or doesn't prove who it is; else those of `ask`.
net::Task<Status> log_in(auth::BrokerLogin& login, const Ask& ask);

/// Logs in on a connection where nothing else is in flight.
net::Task<Status> log_in(net::Stream& stream, auth::BrokerLogin& login);

}  // namespace kp::broker
