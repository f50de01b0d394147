#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <filesystem>

namespace kp::net {
namespace {

Error file_error(const std::string& file, std::string_view what) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return Error{Errc::Invalid, file + ": no such file"};
  return Error{Errc::Invalid, file + ": " + std::string(what) + " (" + tls_error_text() + ")"};
}

/// A hello without a server name ends with the alert unrecognized_name, so that the client's own log names the cause.
int demand_server_name(SSL* ssl, int* alert, void*) {
  const unsigned char* name = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &size) == 1) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  ERR_raise_data(ERR_LIB_USER, SSL_R_BAD_EXTENSION, "no server name (SNI) in the client's hello");
  return SSL_CLIENT_HELLO_ERROR;
}

int accept_any_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Status TlsContext::present(const std::string& cert, const std::string& key) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context_.get(), cert.c_str()) != 1)
    return file_error(cert, "not a PEM certificate chain");
  if (SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    return file_error(key, "not the PEM private key of " + cert);
  if (SSL_CTX_check_private_key(context_.get()) != 1) return file_error(key, "does not belong to " + cert);
  std::tm ends{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context_.get())), &ends) == 1)
    expiries_.push_back({cert, std::chrono::system_clock::from_time_t(timegm(&ends))});
  return Done{};
}

Status TlsContext::trust(const std::string& ca) {
  ERR_clear_error();
  if (ca.empty()) {
    if (SSL_CTX_set_default_verify_paths(context_.get()) != 1)
      return Error{Errc::Invalid, "the system's CA certificates can't be read: " + tls_error_text()};
    return Done{};
  }
  if (SSL_CTX_load_verify_file(context_.get(), ca.c_str()) != 1)
    return file_error(ca, "not a PEM bundle of certificates");
  return Done{};
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  auto made = std::make_shared<TlsContext>();
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made->context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Sessions are resumed by ticket only, and within one process: no cache grows here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char session_context[] = "kafkaproxy";
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
  SSL_CTX_set_tlsext_servername_callback(context, accept_any_name);
  if (options.require_name) SSL_CTX_set_client_hello_cb(context, demand_server_name, nullptr);
  if (Status ok = made->present(options.cert, options.key); !ok) return std::move(ok).error();
  if (options.require_client) {
    if (Status ok = made->trust(options.client_ca); !ok) return std::move(ok).error();
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.client_ca.c_str()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  auto made = std::make_shared<TlsContext>();
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = made->context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  made->verifies_ = !options.trust_all;
  if (made->verifies_) {
    if (Status ok = made->trust(options.ca); !ok) return std::move(ok).error();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (!options.cert.empty())
    if (Status ok = made->present(options.cert, options.key); !ok) return std::move(ok).error();
  return std::shared_ptr<const TlsContext>(std::move(made));
}

std::string tls_error_text() {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_peek_error_data(&data, &flags);  // the first is the cause, the rest say what it led to
  std::string text = "no detail";
  if (code != 0) {
    const char* const reason = ERR_reason_error_string(code);
    text = (flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0' ? data : reason != nullptr ? reason : text;
    if (ERR_SYSTEM_ERROR(code)) text = "system error";
    if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) text = "wrong version number: the peer does not speak TLS";
  }
  ERR_clear_error();
  return text;
}

std::string tls_failure_label(const std::string& text) {
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (has("no server name")) return "no_server_name";
  if (has("certificate") || has("unknown ca") || has("hostname")) return "certificate";
  if (has("version") || has("protocol") || has("cipher") || has("does not speak TLS")) return "protocol";
  if (has("closed") || has("eof")) return "closed";
  if (has("deadline")) return "timeout";
  return "other";
}

}  // namespace kp::net
