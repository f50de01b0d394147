#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>

#include "net/listen.h"

namespace kp::net {
namespace {

Error io_error(int number) {
  if (number == ECONNRESET || number == EPIPE) return Error{Errc::Eof, "the peer reset the connection"};
  return Error{Errc::Io, std::strerror(number)};
}

Error closed_here() { return Error{Errc::Timeout, "closed on this side"}; }

Error cancelled() { return Error{Errc::Timeout, "a deadline passed"}; }

Error peer_closed() { return Error{Errc::Eof, "the peer closed the connection"}; }

bool later(int number) { return number == EAGAIN || number == EWOULDBLOCK || number == EINTR; }

/// `which`: getsockname or getpeername.
std::optional<asio::ip::tcp::endpoint> end_of(const Descriptor& socket, int (*which)(int, sockaddr*, socklen_t*)) {
  asio::ip::tcp::endpoint end;
  auto size = static_cast<socklen_t>(end.capacity());
  if (which(socket.get(), end.data(), &size) != 0) return std::nullopt;
  end.resize(size);
  return end;
}

asio::io_context& context_of(asio::ip::tcp::socket& socket) {
  return static_cast<asio::io_context&>(asio::query(socket.get_executor(), asio::execution::context));
}

Descriptor prepared(asio::ip::tcp::socket& socket) {
  socket.native_non_blocking(true);
  set_connection_options(socket.native_handle());
  return Descriptor(socket.release());
}

}  // namespace

void Stream::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Stream::Stream(asio::io_context& context, Descriptor socket)
    : socket_(std::move(socket)),
      watch_(std::make_unique<Watch>(asio::use_service<Readiness>(context), socket_.get())) {}
Stream::Stream(asio::ip::tcp::socket socket) : Stream(context_of(socket), prepared(socket)) {}

Result<Stream> Stream::connecting(asio::io_context& context, const asio::ip::tcp::endpoint& peer) {
  Descriptor socket(::socket(peer.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return Error{Errc::Io, std::strerror(errno)};
  set_connection_options(socket.get());
  const auto size = static_cast<socklen_t>(peer.size());
  if (::connect(socket.get(), peer.data(), size) != 0 && errno != EINPROGRESS)
    return Error{Errc::Io, std::strerror(errno)};
  Stream stream(context, std::move(socket));  // watched from now on: an unconnected socket would be told as ended
  stream.watch_->filled();
  stream.watch_->drained();
  return stream;
}

Task<Status> Stream::connected() {
  Status ready = co_await wait(Want::Write);
  if (!ready) co_return std::move(ready).error();
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0) co_return Error{Errc::Io, std::strerror(failed)};
  if (end_of(socket_, ::getsockname) == end_of(socket_, ::getpeername))
    co_return Error{Errc::Io, "the connection led back to itself, nothing listens there"};
  co_return Done{};
}

Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Task<Status> Stream::wait(Want what) {
  if (cancelled_) co_return cancelled();
  if (what == Want::Write) {
    if (!watch_->writable()) co_await watch_->until_writable();
  } else if (!watch_->readable()) {
    co_await watch_->until_readable();
  }
  if (cancelled_) co_return cancelled();
  co_return Done{};
}

void Stream::start_tls(const TlsContext& context) {
  ssl_.reset(SSL_new(context.native()));
  bio_ = std::make_unique<SocketBio>(SocketBio{.watch = watch_.get()});
  BIO* const bio = new_socket_bio(*bio_);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Task<Status> Stream::accept_tls(const TlsContext& context) {
  start_tls(context);
  SSL_set_accept_state(ssl_.get());
  co_return co_await handshake();
}

Task<Status> Stream::connect_tls(const TlsContext& context, std::string name) {
  start_tls(context);
  SSL_set_connect_state(ssl_.get());
  boost::system::error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  const bool address = !not_an_address;
  if (!address) SSL_set_tlsext_host_name(ssl_.get(), name.c_str());  // RFC 6066: no addresses in SNI
  if (context.verifies()) {
    X509_VERIFY_PARAM* const rules = SSL_get0_param(ssl_.get());
    const int set =
        address ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) : SSL_set1_host(ssl_.get(), name.c_str());
    if (set != 1) co_return Error{Errc::Invalid, "'" + name + "' can't be verified as a TLS name"};
  }
  co_return co_await handshake();
}

Task<Status> Stream::handshake() {
  for (;;) {
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) {
      tls_holds_more_ = true;  // the first bytes may have come with the last of the handshake
      co_return Done{};
    }
    Want wants = Want::Nothing;
    if (!wants_more(outcome, wants)) co_return tls_failure(outcome);
    Status ready = co_await wait(wants);
    if (!ready) co_return std::move(ready).error();
  }
}

/// What SSL_get_error left behind, in words. Also ends the TLS state: nothing more is written on it.
Error Stream::tls_failure(int outcome) {
  const int number = errno;
  const int what = SSL_get_error(ssl_.get(), outcome);
  if (what == SSL_ERROR_ZERO_RETURN) return peer_closed();
  if (std::string refusal = tls_refusal_text(ssl_.get()); !refusal.empty()) {
    ERR_clear_error();
    return Error{Errc::Unauthorized, std::move(refusal)};
  }
  if (what == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) return number == 0 ? peer_closed() : io_error(number);
  const unsigned long code = ERR_peek_last_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    return peer_closed();
  }
  return Error{Errc::Malformed, "TLS: " + tls_error_text()};
}

/// Did OpenSSL stop because the socket has nothing, or no room? Which, goes to `wants`.
bool Stream::wants_more(int outcome, Want& wants) {
  const int what = SSL_get_error(ssl_.get(), outcome);
  if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) return false;
  wants = what == SSL_ERROR_WANT_READ ? Want::Read : Want::Write;
  return true;
}

Result<std::size_t> Stream::try_read(MutableBytes into) {
  if (!socket_) return closed_here();
  return ssl_ == nullptr ? try_read_plain(into) : try_read_tls(into);
}

Result<std::size_t> Stream::try_read_plain(MutableBytes into) {
  const ssize_t n = watch_->receive(into.data(), into.size());
  if (n == 0) {
    read_to_end_ = true;
    return peer_closed();
  }
  if (n < 0 && !later(errno)) return io_error(errno);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

Result<std::size_t> Stream::try_read_tls(MutableBytes into) {
  std::size_t total = 0;
  tls_holds_more_ = false;
  bio_->more = false;
  while (total < into.size()) {  // a record at a time, until there is no more
    ERR_clear_error();
    std::size_t n = 0;
    const int outcome = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &n);
    if (outcome == 1) {
      total += n;
      continue;
    }
    if (wants_more(outcome, read_wants_)) return total;
    if (total > 0) return total;  // what came before the end counts; the next call meets the end again
    return tls_failure(outcome);
  }
  tls_holds_more_ = true;
  return total;
}

bool Stream::must_wait() const {
  if (tls_holds_more_ || !watch_) return false;
  return read_wants_ == Want::Write ? !watch_->writable() : !watch_->readable();
}

Watch::Wait Stream::until_readable() {
  return read_wants_ == Want::Write ? watch_->until_writable() : watch_->until_readable();
}

Task<Status> Stream::wait_readable() {
  if (!cancelled_ && must_wait()) co_await until_readable();
  if (cancelled_) co_return cancelled();
  co_return Done{};
}

Task<Result<std::size_t>> Stream::read_some(MutableBytes into) {
  for (;;) {
    Result<std::size_t> got = try_read(into);
    if (!got || *got > 0) co_return got;
    Status ready = co_await wait_readable();
    if (!ready) co_return std::move(ready).error();
  }
}

Result<std::size_t> Stream::try_write(BytesView bytes, Follows follows) {
  if (!socket_) return closed_here();
  if (ssl_ == nullptr) {
    const int flags = MSG_NOSIGNAL | (follows == Follows::More ? MSG_MORE : 0);
    const ssize_t n = watch_->send(bytes.data(), bytes.size(), flags);
    if (n < 0 && !later(errno)) return io_error(errno);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  ERR_clear_error();
  bio_->more = follows == Follows::More || bytes.size() > SSL3_RT_MAX_PLAIN_LENGTH;  // a call writes one record
  std::size_t n = 0;
  const int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
  if (outcome == 1) return n;
  if (!wants_more(outcome, write_wants_)) return tls_failure(outcome);
  return std::size_t{0};
}

Task<Status> Stream::write_all(BytesView bytes) {
  while (!bytes.empty()) {
    Result<std::size_t> sent = try_write(bytes);
    if (!sent) co_return std::move(sent).error();
    bytes = bytes.subspan(*sent);
    if (*sent > 0) continue;
    Status ready = co_await wait_writable();
    if (!ready) co_return std::move(ready).error();
  }
  co_return Done{};
}

Task<Status> Stream::wait_writable() { return wait(write_wants_); }

Result<std::size_t> Stream::try_splice_into(Pipe& pipe, std::size_t most) {
  if (!socket_) return closed_here();
  if (!watch_->readable()) return std::size_t{0};
  const ssize_t n = ::splice(socket_.get(), nullptr, pipe.in.get(), nullptr, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (n == 0) return peer_closed();
  if (n < 0 && !later(errno)) return io_error(errno);
  if (n < 0 && errno != EINTR) watch_->drained();  // the pipe was empty, so it is the socket that has nothing
  if (n > 0) pipe.held += static_cast<std::size_t>(n);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

Result<std::size_t> Stream::try_splice_from(Pipe& pipe) {
  if (!socket_) return closed_here();
  if (!watch_->writable()) return std::size_t{0};
  const ssize_t n =
      ::splice(pipe.out.get(), nullptr, socket_.get(), nullptr, pipe.held, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (n < 0 && !later(errno)) return io_error(errno);
  if (n < 0 && errno != EINTR) watch_->filled();
  if (n > 0) pipe.held -= static_cast<std::size_t>(n);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

Task<Result<std::size_t>> Stream::peek(MutableBytes into) {
  for (;;) {
    const ssize_t n = ::recv(socket_.get(), into.data(), into.size(), MSG_PEEK);
    if (n >= 0) co_return static_cast<std::size_t>(n);
    if (!later(errno)) co_return io_error(errno);
    watch_->drained();
    Status ready = co_await wait(Want::Read);
    if (!ready) co_return std::move(ready).error();
  }
}

void Stream::shutdown_write() {
  if (!socket_) return;
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    bio_->more = false;
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(socket_.get(), SHUT_WR);
}

void Stream::cancel() {
  cancelled_ = true;
  if (watch_) watch_->wake();
}

void Stream::close() {
  cancel();
  if (bio_) *bio_ = {};
  watch_.reset();
  socket_ = Descriptor();
}

Task<void> Stream::linger() {
  if (read_to_end_) {
    close();
    co_return;
  }
  shutdown_write();
  std::array<std::uint8_t, 4096> dropped;
  std::size_t left = 1 << 20;
  while (left > 0 && !cancelled_ && socket_) {
    const ssize_t n = watch_->receive(dropped.data(), dropped.size());
    if (n == 0 || (n < 0 && !later(errno))) break;
    if (n > 0) left -= std::min(left, static_cast<std::size_t>(n));
    if (n > 0) continue;
    const Status ready = co_await wait(Want::Read);
    if (!ready) break;
  }
  close();
}

std::string Stream::server_name() const {
  const char* const name = ssl_ == nullptr ? nullptr : SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  std::string lower = name == nullptr ? "" : name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

Status Stream::still_accepted_by(const TlsContext& context) const {
  if (ssl_ == nullptr) return Done{};
  return context.accepts_client_of(ssl_.get());
}

std::optional<PeerCertificate> Stream::peer_certificate() const {
  const X509* const sent = ssl_ == nullptr ? nullptr : SSL_get0_peer_certificate(ssl_.get());
  if (sent == nullptr) return std::nullopt;
  return describe(sent);
}

HostPort Stream::peer() const {
  const auto end = end_of(socket_, ::getpeername);
  return end ? address_of(*end) : HostPort{};
}

}  // namespace kp::net
