#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/host_port.h"
#include "config/model.h"
#include "net/loop.h"
#include "net/stream.h"

namespace kp::broker {

/// Opens connections to brokers: `resolve` overrides or DNS, TCP, TLS. Immutable, shared by all threads.
class Dialer {
 public:
  /// `tls` null: plaintext. `limit` is for one dial as a whole: names, retries, TLS.
  Dialer(std::vector<config::ResolveRule> overrides, std::shared_ptr<const net::TlsContext> tls,
         std::chrono::milliseconds limit);

  /// A ready connection on `loop`. A refused or unreachable address is tried again, up to three times with jitter; a
  /// TLS failure is not. Errors say which step failed: "kafka-0:9093: connect: Connection refused".
  net::Task<Result<net::Stream>> dial(net::Loop& loop, HostPort target) const;

 private:
  using Endpoint = net::asio::ip::tcp::endpoint;
  struct Waiting;
  std::vector<Endpoint> known_addresses(const HostPort& target) const;
  // The rest is awaited by dial() alone, which holds what they borrow.
  static net::Task<Result<std::vector<Endpoint>>> ask_addresses(net::Loop& loop, const HostPort& target,
                                                                const net::Deadline& deadline, Waiting& waiting);
  net::Task<Result<net::Stream>> try_once(net::Loop& loop, const HostPort& target, const net::Deadline& deadline,
                                          Waiting& waiting) const;

  std::vector<config::ResolveRule> overrides_;
  std::shared_ptr<const net::TlsContext> tls_;
  std::chrono::milliseconds limit_;
};

}  // namespace kp::broker
