#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>

namespace kp::net {
namespace {

Error io_error(int number) {
  if (number == ECONNRESET || number == EPIPE) return Error{Errc::Eof, "the peer reset the connection"};
  return Error{Errc::Io, std::strerror(number)};
}

Error closed_here() { return Error{Errc::Timeout, "closed on this side"}; }

Error peer_closed() { return Error{Errc::Eof, "the peer closed the connection"}; }

}  // namespace

void Stream::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Stream::Stream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Task<Status> Stream::wait(asio::ip::tcp::socket::wait_type what) {
  if (cancelled_) co_return Error{Errc::Timeout, "a deadline passed"};
  boost::system::error_code failed;
  co_await socket_.async_wait(what, capture(failed));
  if (cancelled_) co_return Error{Errc::Timeout, "a deadline passed"};
  if (failed) co_return io_error(failed.value());
  co_return Done{};
}

Task<Status> Stream::accept_tls(const TlsContext& context) {
  ssl_.reset(SSL_new(context.native()));
  SSL_set_fd(ssl_.get(), socket_.native_handle());
  SSL_set_accept_state(ssl_.get());
  co_return co_await handshake();
}

Task<Status> Stream::connect_tls(const TlsContext& context, std::string name) {
  ssl_.reset(SSL_new(context.native()));
  SSL_set_fd(ssl_.get(), socket_.native_handle());
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
    if (outcome == 1) co_return Done{};
    const int what = SSL_get_error(ssl_.get(), outcome);
    if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) co_return tls_failure(outcome);
    Status ready = co_await wait(what == SSL_ERROR_WANT_READ ? socket_.wait_read : socket_.wait_write);
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

// A closed descriptor's number may be somebody else's by now, and OpenSSL would still use it: nothing after close().
Result<std::size_t> Stream::try_read(MutableBytes into) {
  if (!socket_.is_open()) return closed_here();
  if (ssl_ == nullptr) {
    const ssize_t n = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n == 0) return peer_closed();
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
    return io_error(errno);
  }
  std::size_t total = 0;
  while (total < into.size()) {  // a record at a time, until there is no more
    ERR_clear_error();
    std::size_t n = 0;
    const int outcome = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &n);
    if (outcome == 1) {
      total += n;
      continue;
    }
    const int what = SSL_get_error(ssl_.get(), outcome);
    if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
      read_wants_ = what == SSL_ERROR_WANT_READ ? Want::Read : Want::Write;
      return total;
    }
    if (total > 0) return total;  // what came before the end counts; the next call meets the end again
    return tls_failure(outcome);
  }
  return total;
}

Task<Status> Stream::wait_readable() {
  if (ssl_ != nullptr && SSL_pending(ssl_.get()) > 0) co_return Done{};
  co_return co_await wait(ssl_ != nullptr && read_wants_ == Want::Write ? socket_.wait_write : socket_.wait_read);
}

Task<Result<std::size_t>> Stream::read_some(MutableBytes into) {
  for (;;) {
    Result<std::size_t> got = try_read(into);
    if (!got || *got > 0) co_return got;
    Status ready = co_await wait_readable();
    if (!ready) co_return std::move(ready).error();
  }
}

Result<std::size_t> Stream::try_write(BytesView bytes) {
  if (!socket_.is_open()) return closed_here();
  if (ssl_ == nullptr) {
    const ssize_t n = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
    return io_error(errno);
  }
  ERR_clear_error();
  std::size_t n = 0;
  const int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
  if (outcome == 1) return n;
  const int what = SSL_get_error(ssl_.get(), outcome);
  if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) return tls_failure(outcome);
  write_wants_ = what == SSL_ERROR_WANT_READ ? Want::Read : Want::Write;
  return std::size_t{0};
}

Task<Status> Stream::write_all(BytesView bytes) {
  while (!bytes.empty()) {
    Result<std::size_t> sent = try_write(bytes);
    if (!sent) co_return std::move(sent).error();
    bytes = bytes.subspan(*sent);
    if (*sent > 0) continue;
    Status ready =
        co_await wait(ssl_ != nullptr && write_wants_ == Want::Read ? socket_.wait_read : socket_.wait_write);
    if (!ready) co_return std::move(ready).error();
  }
  co_return Done{};
}

Task<Result<std::size_t>> Stream::peek(MutableBytes into) {
  for (;;) {
    const ssize_t n = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_PEEK);
    if (n >= 0) co_return static_cast<std::size_t>(n);
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) co_return io_error(errno);
    Status ready = co_await wait(socket_.wait_read);
    if (!ready) co_return std::move(ready).error();
  }
}

void Stream::shutdown_write() {
  if (!socket_.is_open()) return;
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void Stream::cancel() {
  cancelled_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  cancelled_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Task<void> Stream::linger() {
  shutdown_write();
  std::array<std::uint8_t, 4096> dropped;
  std::size_t left = 1 << 20;
  while (left > 0 && !cancelled_ && socket_.is_open()) {
    const ssize_t n = ::recv(socket_.native_handle(), dropped.data(), dropped.size(), 0);
    if (n == 0) break;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) break;
    if (n > 0) left -= std::min(left, static_cast<std::size_t>(n));
    if (n > 0) continue;
    const Status ready = co_await wait(socket_.wait_read);
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

std::optional<PeerCertificate> Stream::peer_certificate() const {
  const X509* const sent = ssl_ == nullptr ? nullptr : SSL_get0_peer_certificate(ssl_.get());
  if (sent == nullptr) return std::nullopt;
  return describe(sent);
}

HostPort Stream::peer() const {
  boost::system::error_code failed;
  const auto end = socket_.remote_endpoint(failed);
  return failed ? HostPort{} : HostPort{end.address().to_string(), end.port()};
}

bool Stream::connected_to_itself() const {
  boost::system::error_code failed;
  const auto local = socket_.local_endpoint(failed);
  if (failed) return false;
  const auto remote = socket_.remote_endpoint(failed);
  return !failed && local == remote;
}

}  // namespace kp::net
