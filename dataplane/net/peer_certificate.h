#pragma once

#include <chrono>
#include <string>

struct x509_st;
struct X509_name_st;

namespace kp::net {

/// Who a peer is, by the certificate that it sent.
struct PeerCertificate {
  std::string subject;      ///< RFC 2253, as Java's X500Principal.getName() writes it: "CN=client1,OU=Test,C=DE"
  std::string common_name;  ///< the most specific CN; empty: none
  std::chrono::system_clock::time_point not_after;
  std::string serial;       ///< hexadecimal, lower case
  std::string fingerprint;  ///< SHA-256 of the certificate, "AB:CD:…"

  bool operator==(const PeerCertificate&) const = default;
};

PeerCertificate describe(const x509_st* certificate);

/// As in PeerCertificate::subject; for issuers too.
std::string rfc2253(const X509_name_st* name);

/// For a log line or a terminal: from a certificate that nobody has vouched for, so anything may stand in it. Without
/// control characters, and cut at 200 bytes.
std::string printable(std::string name);

}  // namespace kp::net
