#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "net/peer_certificate.h"
#include "net/tls.h"

namespace kp::net {
namespace {

constexpr std::string_view refused = "certificate not accepted: ";

constexpr const char* not_admitted = "nobody here goes by its name";

std::string_view remedy(long verdict) {
  switch (verdict) {
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return ", put its authority's newer one into the CRL file";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return ", the CRL file has none of its authority";
    default:
      return "";
  }
}

}  // namespace

std::string tls_error_text() {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_peek_error_data(&data, &flags);  // the first is the cause, the rest say what it led to
  std::string text = "no detail";
  if (code != 0) {
    const char* const reason = ERR_reason_error_string(code);
    text = (flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0' ? data : reason != nullptr ? reason : text;
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET && reason != nullptr)
      text = std::string("the peer refused: ") + reason;  // the detail is but the alert's number
    if (ERR_SYSTEM_ERROR(code)) text = "system error";
    if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) text = "wrong version number: the peer does not speak TLS";
  }
  ERR_clear_error();
  return text;
}

std::string tls_refusal_text(const ssl_st* ssl) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_OK || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE || SSL_is_init_finished(ssl) != 0) return {};
  const char* const what =
      verdict == X509_V_ERR_APPLICATION_VERIFICATION ? not_admitted : X509_verify_cert_error_string(verdict);
  std::string text = std::string(refused) + what + std::string(remedy(verdict));
  const STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);  // kept also when it did not verify
  if (chain != nullptr && sk_X509_num(chain) > 0)
    text += " (" + printable(describe(sk_X509_value(chain, 0)).subject) + ")";
  return text;
}

std::string tls_failure_label(const std::string& error_text) {
  // The subject behind the verdict is the peer's own choice of words.
  std::string_view text = error_text;
  if (const std::size_t at = text.find(refused); at != text.npos) text = text.substr(0, text.find(" (", at));
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (has("no server name")) return "no_server_name";
  if (has("did not return a certificate") || has("certificate required")) return "no_client_certificate";
  if (has(refused)) {
    if (has(not_admitted)) return "not_admitted";
    if (has("revoked")) return "revoked";
    if (has("CRL")) return "crl";
    if (has("certificate has expired")) return "expired";
    if (has("issuer certificate") || has("self-signed") || has("verify the first certificate")) return "unknown_ca";
  }
  if (has("certificate") || has("unknown ca") || has("hostname")) return "certificate";
  if (has("version") || has("protocol") || has("cipher") || has("does not speak TLS")) return "protocol";
  if (has("closed") || has("eof")) return "closed";
  if (has("deadline")) return "timeout";
  return "other";
}

}  // namespace kp::net
