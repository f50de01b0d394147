#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "base/host_port.h"
#include "base/result.h"
#include "net/peer_certificate.h"
#include "net/pipe.h"
#include "net/readiness.h"
#include "net/socket_bio.h"
#include "net/task.h"
#include "net/tls.h"

namespace kp::net {

/// A connection, plain or TLS. Reads and writes go straight between the socket and the caller's bytes. One coroutine
/// may read while another writes, both on the loop that the socket belongs to. Waits have no deadline of their own: the
/// owner holds a Deadline that calls cancel().
class Stream {
 public:
  /// `socket` doesn't block and has the options of connections (`net/listen.h`), as an accepted one.
  Stream(asio::io_context& context, Descriptor socket);
  explicit Stream(asio::ip::tcp::socket socket);  ///< leaves Asio's hands, and gets all that
  /// On its way to `peer`: connected() tells when it has arrived. Io: the system gives no socket, or knows no way.
  static Result<Stream> connecting(asio::io_context& context, const asio::ip::tcp::endpoint& peer);
  /// Io with the system's reason, or that it led back to itself: Linux connects a socket to itself when its own port
  /// happens to be the one that is asked for. Timeout after cancel().
  Task<Status> connected();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  /// TLS from here on. Errors are Unauthorized or Malformed with OpenSSL's reason, Eof, Io; Timeout after cancel().
  Task<Status> accept_tls(const TlsContext& context);
  /// `name` goes into the hello and is verified against the certificate, unless the context trusts all.
  Task<Status> connect_tls(const TlsContext& context, std::string name);

  /// What is there now: 0 when nothing is. Eof at the peer's end.
  Result<std::size_t> try_read(MutableBytes into);
  /// `if (stream.must_wait()) co_await stream.until_readable();`: then try_read may give something, or the end, or
  /// there was a cancel() or close(), which only who called it knows.
  bool must_wait() const;
  Watch::Wait until_readable();
  /// The same for who isn't told of a cancel() by its own: then it is Timeout.
  Task<Status> wait_readable();
  /// Waits for at least one byte.
  Task<Result<std::size_t>> read_some(MutableBytes into);
  /// What there is room for now: 0 when there is none. `More`: what follows at once makes better packets with it.
  enum class Follows : bool { Nothing, More };
  Result<std::size_t> try_write(BytesView bytes, Follows follows = Follows::Nothing);
  Task<Status> wait_writable();
  /// All of it, or an error after which the stream is of no use.
  Task<Status> write_all(BytesView bytes);
  /// Between this stream's socket and a pipe, never more than `most`; 0: nothing is there, or no room. Plain streams
  /// only.
  Result<std::size_t> try_splice_into(Pipe& pipe, std::size_t most);
  Result<std::size_t> try_splice_from(Pipe& pipe);
  /// The first raw bytes, left in the socket: before TLS only. 0 bytes: the peer closed.
  Task<Result<std::size_t>> peek(MutableBytes into);

  void shutdown_write();                   ///< says "no more from us": TLS close_notify, then FIN
  void cancel();                           ///< every wait, now and later, ends with Timeout
  void uncancel() { cancelled_ = false; }  ///< waits work again: to take leave after a cancel
  void close();
  /// shutdown_write, then reads and drops what the peer still sends until its end, `cancel()` or 1 MiB; then close. A
  /// socket closed with unread bytes resets, and a reset may eat our last response before the client has read it. Of a
  /// plain stream whose end has been read, no more than a close.
  Task<void> linger();

  std::string server_name() const;  ///< the SNI of an accepted TLS client, lower case; empty: none
  /// The certificate that the peer sent and we accepted; none: plain, or a client without. Known after the handshake.
  std::optional<PeerCertificate> peer_certificate() const;
  /// TlsContext::accepts_client_of this stream's client; of a plain stream: yes.
  Status still_accepted_by(const TlsContext& context) const;
  HostPort peer() const;  ///< empty host when not connected any more
  bool tls() const { return ssl_ != nullptr; }

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  enum class Want : std::uint8_t { Nothing, Read, Write };

  void start_tls(const TlsContext& context);
  Task<Status> handshake();
  Task<Status> wait(Want what);
  Result<std::size_t> try_read_plain(MutableBytes into);
  Result<std::size_t> try_read_tls(MutableBytes into);
  bool wants_more(int outcome, Want& wants);
  Error tls_failure(int outcome);

  Descriptor socket_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<SocketBio> bio_;  ///< of ssl_
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  bool tls_holds_more_ = false;   ///< the last read was filled: OpenSSL may have more of what came
  bool read_to_end_ = false;      ///< of a plain one
  Want read_wants_ = Want::Read;  ///< a TLS read may have to write first, and the other way round
  Want write_wants_ = Want::Write;
  bool cancelled_ = false;
};

}  // namespace kp::net
