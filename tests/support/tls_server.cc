#include "support/tls_server.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace kp::test {

void TlsServer::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsServer::TlsServer(const Options& options) : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_max_proto_version(context, options.max_version);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_use_certificate_chain_file(context, options.chain.c_str());
  SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_tlsext_servername_callback(context, +[](SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; });
  if (options.wants_client) SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  thread_ = std::thread([this] { serve(); });
}

TlsServer::~TlsServer() {
  ::shutdown(listening_.descriptor(), SHUT_RDWR);  // ends the wait for the next client
  thread_.join();
}

std::string TlsServer::server_name() { return name_.get_future().get(); }

void TlsServer::serve() {
  for (bool first = true;; first = false) {
    const Socket client = listening_.accept();
    if (!client.open()) break;
    const timeval limit{patience.count() / 1000, 0};
    ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL* const ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, client.descriptor());
    SSL_accept(ssl);
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (first) name_.set_value(name == nullptr ? "" : name);
    char ignored = 0;
    while (SSL_read(ssl, &ignored, 1) > 0) {
    }
    SSL_free(ssl);
  }
}

}  // namespace kp::test
