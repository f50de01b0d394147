#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/host_port.h"
#include "base/result.h"
#include "net/peer_certificate.h"
#include "net/task.h"
#include "net/tls.h"

namespace kp::net {

/// A connection, plain or TLS. Reads and writes go straight between the socket and the caller's bytes. One coroutine
/// may read while another writes, both on the loop that the socket belongs to. Waits have no deadline of their own: the
/// owner holds a Deadline that calls cancel().
class Stream {
 public:
  explicit Stream(asio::ip::tcp::socket socket);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  /// TLS from here on. Errors are Unauthorized or Malformed with OpenSSL's reason, Eof, Io; Timeout after cancel().
  Task<Status> accept_tls(const TlsContext& context);
  /// `name` goes into the hello and is verified against the certificate, unless the context trusts all.
  Task<Status> connect_tls(const TlsContext& context, std::string name);

  /// What is there now: 0 when nothing is. Eof at the peer's end.
  Result<std::size_t> try_read(MutableBytes into);
  /// Waits until try_read may give something (or the end).
  Task<Status> wait_readable();
  /// Waits for at least one byte.
  Task<Result<std::size_t>> read_some(MutableBytes into);
  /// All of it, or an error after which the stream is of no use.
  Task<Status> write_all(BytesView bytes);
  /// The first raw bytes, left in the socket: before TLS only. 0 bytes: the peer closed.
  Task<Result<std::size_t>> peek(MutableBytes into);

  void shutdown_write();                   ///< says "no more from us": TLS close_notify, then FIN
  void cancel();                           ///< every wait, now and later, ends with Timeout
  void uncancel() { cancelled_ = false; }  ///< waits work again: to take leave after a cancel
  void close();
  /// shutdown_write, then reads and drops what the peer still sends until its end, `cancel()` or 1 MiB; then close. A
  /// socket closed with unread bytes resets, and a reset may eat our last response before the client has read it.
  Task<void> linger();

  std::string server_name() const;  ///< the SNI of an accepted TLS client, lower case; empty: none
  /// The certificate that the peer sent and we accepted; none: plain, or a client without. Known after the handshake.
  std::optional<PeerCertificate> peer_certificate() const;
  HostPort peer() const;  ///< empty host when not connected any more
  bool connected_to_itself() const;
  bool tls() const { return ssl_ != nullptr; }
  asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  enum class Want : std::uint8_t { Nothing, Read, Write };

  Task<Status> handshake();
  Task<Status> wait(asio::ip::tcp::socket::wait_type what);
  Result<std::size_t> try_write(BytesView bytes);
  Error tls_failure(int outcome);

  asio::ip::tcp::socket socket_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  Want read_wants_ = Want::Read;  ///< a TLS read may have to write first, and the other way round
  Want write_wants_ = Want::Write;
  bool cancelled_ = false;
};

}  // namespace kp::net
