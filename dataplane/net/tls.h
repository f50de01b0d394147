#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;

/// TLS by OpenSSL 3: versions 1.2 and 1.3, its default ciphers.
namespace kp::net {

struct TlsServerOptions {
  std::string cert;  ///< PEM chain, leaf first
  std::string key;
  std::string client_ca;        ///< PEM bundle; who may sign client certificates
  bool require_client = false;  ///< mTLS: no session without a certificate that client_ca signed
  bool require_name = false;    ///< refuse a hello without server name (SNI routing can't work without)
};

struct TlsClientOptions {
  std::string ca;          ///< PEM bundle; empty: the system's roots
  bool trust_all = false;  ///< accept any certificate and any name
  std::string cert;        ///< client certificate; empty: none
  std::string key;
};

/// When a certificate that we present ends.
struct CertificateExpiry {
  std::string file;
  std::chrono::system_clock::time_point at;
};

/// Certificates and rules for one side. Immutable once made, shared by all threads.
class TlsContext {
 public:
  /// Errors: Invalid, with the file's name and what is wrong with it (missing, not PEM, key doesn't match…).
  static Result<std::shared_ptr<const TlsContext>> server(const TlsServerOptions& options);
  static Result<std::shared_ptr<const TlsContext>> client(const TlsClientOptions& options);

  ssl_ctx_st* native() const { return context_.get(); }
  bool verifies() const { return verifies_; }
  const std::vector<CertificateExpiry>& expiries() const { return expiries_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  Status present(const std::string& cert, const std::string& key);
  Status trust(const std::string& ca);

  std::unique_ptr<ssl_ctx_st, Free> context_;
  bool verifies_ = true;
  std::vector<CertificateExpiry> expiries_;
};

/// OpenSSL's error on this thread in one line, with a hint where the cause is a common mistake. Clears the queue.
std::string tls_error_text();

/// One metric label per family of handshake failure: "no_server_name", "certificate", "protocol", "closed", "other".
std::string tls_failure_label(const std::string& error_text);

}  // namespace kp::net
