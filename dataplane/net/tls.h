#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/peer_certificate.h"

struct ssl_ctx_st;
struct ssl_st;

/// TLS by OpenSSL 3: versions 1.2 and 1.3.
namespace kp::net {

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

enum class ClientCertificates : std::uint8_t {
  None,      ///< not asked for
  Optional,  ///< a client may come without; one that sends a certificate which isn't accepted is refused
  Required
};

struct TlsServerOptions {
  std::string cert{};          ///< PEM chain, leaf first; intermediates of a lone leaf are looked for in client_ca too
  std::string key{};           ///< PEM
  std::string key_password{};  ///< of an encrypted key; a secret
  ClientCertificates client_certificates = ClientCertificates::None;
  std::string client_ca{};  ///< PEM bundle; who may sign client certificates; an intermediate is enough
  /// PEM file with one CRL or more; empty: none is looked at. Every authority of a client's chain needs one
  /// there, but for what stands in client_ca itself and signs no client; one that is due for renewal counts no more:
  /// its clients are refused until the file is renewed.
  std::string crl{};
  /// Of a client's certificate that is in order otherwise: may its owner come in? False ends the handshake with an
  /// alert. Any thread; empty: everybody.
  std::function<bool(const PeerCertificate&)> admits = {};
  TlsVersion min_version = TlsVersion::Tls12;
  std::string ciphers{};        ///< for 1.2, OpenSSL's syntax; empty: ECDHE with AEAD only
  std::string cipher_suites{};  ///< for 1.3; empty: OpenSSL's
  bool require_name = false;    ///< refuse a hello without server name (SNI routing can't work without)
};

struct TlsClientOptions {
  std::string ca{};            ///< PEM bundle; empty: the system's roots
  bool trust_all = false;      ///< accept any certificate and any name
  std::string cert{};          ///< client certificate; empty: none. Intermediates of a lone leaf come from `ca` too
  std::string key{};           ///< PEM
  std::string key_password{};  ///< of an encrypted key; a secret
  TlsVersion min_version = TlsVersion::Tls12;
  std::string ciphers{};        ///< as above
  std::string cipher_suites{};  ///< as above
};

/// When a certificate that we present ends.
struct CertificateExpiry {
  std::string file;
  std::chrono::system_clock::time_point at;
};

/// Certificates and rules for one side. Immutable once made, shared by all threads.
class TlsContext {
 public:
  /// Errors: Invalid, with the file's name and what is wrong with it (missing, not PEM, key doesn't match…), or with
  /// the option's name and value.
  static Result<std::shared_ptr<const TlsContext>> server(const TlsServerOptions& options);
  static Result<std::shared_ptr<const TlsContext>> client(const TlsClientOptions& options);

  /// Would a handshake of now accept the certificate that the client of `ssl` came with, or its lack of one? Whom
  /// `admits` lets in is another question. Unauthorized: no, and why.
  Status accepts_client_of(const ssl_st* ssl) const;

  ssl_ctx_st* native() const { return context_.get(); }
  bool verifies() const { return verifies_; }
  const std::vector<CertificateExpiry>& expiries() const { return expiries_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  template <class Options>
  Status present(const Options& options, const std::string& intermediates);

  std::function<bool(const PeerCertificate&)> admits_;  ///< context_ points to it
  std::unique_ptr<ssl_ctx_st, Free> context_;
  bool verifies_ = true;
  std::vector<CertificateExpiry> expiries_;
};

/// OpenSSL's error on this thread in one line, with a hint where the cause is a common mistake. Clears the queue.
std::string tls_error_text();

/// Why the handshake of `ssl` did not accept the peer's certificate, and whose it was; empty: that isn't why it failed.
std::string tls_refusal_text(const ssl_st* ssl);

/// One metric label per family of handshake failure. Of the peer's certificate: "expired", "revoked", "unknown_ca",
/// "no_client_certificate", "not_admitted", "crl" (ours can't tell), "certificate" (anything else, also a peer that
/// refuses ours); "no_server_name", "protocol", "closed", "timeout", "other".
std::string tls_failure_label(const std::string& error_text);

}  // namespace kp::net
