#include "support/tls_client.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <csignal>

namespace kp::test {

void TlsClient::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void TlsClient::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsClient::TlsClient(Socket socket, const Options& options)
    : socket_(std::move(socket)), context_(SSL_CTX_new(TLS_client_method())) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  SSL_CTX_set_cipher_list(context_.get(),
                          (options.ciphers.empty() ? "DEFAULT@SECLEVEL=0" : options.ciphers + ":@SECLEVEL=0")
                              .c_str());  // else no TLS below 1.2 leaves here
  SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  if (!options.cert.empty()) {
    SSL_CTX_use_certificate_chain_file(context_.get(), options.cert.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), options.key.c_str(), SSL_FILETYPE_PEM);
  }
  const timeval limit{patience.count() / 1000, 0};
  ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), socket_.descriptor());
  if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_info_callback(ssl_.get(), [](const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
      static_cast<TlsClient*>(SSL_get_app_data(ssl))->alert_ = value & 0xff;
  });
}

TlsClient::~TlsClient() = default;

bool TlsClient::handshake() { return SSL_connect(ssl_.get()) == 1; }

bool TlsClient::send(BytesView bytes) {
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

Bytes TlsClient::receive(std::size_t count) {
  Bytes got(count);
  std::size_t filled = 0;
  while (filled < count) {
    std::size_t n = 0;
    if (SSL_read_ex(ssl_.get(), got.data() + filled, count - filled, &n) != 1) break;
    filled += n;
  }
  got.resize(filled);
  return got;
}

Bytes TlsClient::receive_frame() {
  Bytes frame = receive(4);
  if (frame.size() < 4) return frame;
  const Bytes rest = receive(static_cast<std::size_t>(big_endian_i32(frame)));
  frame.insert(frame.end(), rest.begin(), rest.end());
  return frame;
}

std::string TlsClient::version() const { return SSL_get_version(ssl_.get()); }

std::string TlsClient::cipher() const { return SSL_get_cipher_name(ssl_.get()); }

bool TlsClient::can_resume() const { return SSL_SESSION_is_resumable(SSL_get0_session(ssl_.get())) == 1; }

std::vector<std::string> TlsClient::presented() const {
  std::vector<std::string> names;
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl_.get());
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(sk_X509_value(chain, i)), NID_commonName, name.data(), name.size());
    names.emplace_back(name.data());
  }
  return names;
}

}  // namespace kp::test
