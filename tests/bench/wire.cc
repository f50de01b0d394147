#include "bench/wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace kp::bench {
namespace {

constexpr const char* suite = "TLS_AES_256_GCM_SHA384";

TlsContext context(const SSL_METHOD* method) {
  TlsContext made(SSL_CTX_new(method));
  if (!made || SSL_CTX_set_min_proto_version(made.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(made.get(), suite) != 1)
    give_up("TLS");
  SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return made;
}

int as_int(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

ssize_t moved(ssize_t n) {
  if (n > 0) return n;
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

ssize_t moved(SSL* tls, int n) {
  if (n > 0) return n;
  const int why = SSL_get_error(tls, n);
  ERR_clear_error();
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void FreeTls::operator()(ssl_st* connection) const { SSL_free(connection); }

TlsContext client_tls() { return context(TLS_client_method()); }

TlsContext server_tls(const std::string& certificate, const std::string& key) {
  TlsContext made = context(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(made.get(), certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(made.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    give_up(certificate + " or " + key + ": not usable");
  return made;
}

Wire::Wire(Fd socket) : fd_(std::move(socket)) { make_nonblocking(fd_); }

Wire Wire::client(Fd socket, ssl_ctx_st* tls) {
  Wire made(std::move(socket));
  if (tls == nullptr) return made;
  made.tls_.reset(SSL_new(tls));
  SSL_set_fd(made.tls_.get(), made.fd_.get());
  SSL_set_tlsext_host_name(made.tls_.get(), "broker.bench");
  SSL_set_connect_state(made.tls_.get());
  return made;
}

Wire Wire::server(Fd socket, ssl_ctx_st* tls) {
  Wire made(std::move(socket));
  if (tls == nullptr) return made;
  made.tls_.reset(SSL_new(tls));
  SSL_set_fd(made.tls_.get(), made.fd_.get());
  SSL_set_accept_state(made.tls_.get());
  return made;
}

ssize_t Wire::read(MutableBytes into) {
  if (tls_) return moved(tls_.get(), SSL_read(tls_.get(), into.data(), as_int(into.size())));
  return moved(::recv(fd_.get(), into.data(), into.size(), 0));
}

ssize_t Wire::write(BytesView bytes) {
  if (tls_) return moved(tls_.get(), SSL_write(tls_.get(), bytes.data(), as_int(bytes.size())));
  return moved(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

ssize_t Wire::write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return moved(::sendmsg(fd_.get(), &message, MSG_NOSIGNAL));
}

ssize_t Wire::discard(std::size_t most) {
  static std::array<std::uint8_t, 1 << 18> scratch;
  if (tls_) return read(MutableBytes(scratch).first(std::min(most, scratch.size())));
  return moved(::recv(fd_.get(), nullptr, most, MSG_TRUNC));
}

}  // namespace kp::bench
