#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <string_view>

#include "net/peer_certificate.h"
#include "net/pem.h"

namespace kp::net {
namespace {

using Trusted = std::vector<Certificate>;

/// Forward secrecy and AEAD, and nothing with CBC, SHA-1 MACs or RSA key exchange: what every Java since 8 and every
/// OpenSSL since 1.0.1 has, so any Kafka client that speaks TLS 1.2 finds one. AES-128 first: fastest with AES-NI. A
/// constant of ours, not OpenSSL's default: that one differs between versions and distributions.
constexpr const char* default_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

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

/// Calls `set` with each of the names in `list`, alone: OpenSSL passes over unknown ones as long as it knows another.
template <class Set>
Status check_each(std::string_view option, std::string_view list, std::string_view separators, Set set) {
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find_first_of(separators, begin), list.size());
    const std::string name(list.substr(begin, end - begin));
    begin = end + 1;
    if (name.empty() || std::string_view("!-+@").find(name.front()) != std::string_view::npos) continue;
    if (!set(name))
      return Error{Errc::Invalid,
                   std::string(option) + ": '" + std::string(list) + "': no such cipher here: '" + name + "'"};
  }
  return Done{};
}

bool has_version_13(const SSL_CTX* context) {
  const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i)
    if (std::string_view(SSL_CIPHER_get_version(sk_SSL_CIPHER_value(all, i))) == "TLSv1.3") return true;
  return false;
}

/// Versions and ciphers, and what holds on both sides.
template <class Options>
Status set_rules(SSL_CTX* context, const Options& options) {
  SSL_CTX_set_min_proto_version(context, options.min_version == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(context, 1);  // several records in one call of the kernel
  SSL_CTX_set_default_read_buffer_len(context, 2 * (SSL3_RT_MAX_PLAIN_LENGTH + SSL3_RT_MAX_ENCRYPTED_OVERHEAD));
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  ERR_clear_error();
  Status ok = check_each("ciphers", options.ciphers, ": ,",
                         [&](const std::string& name) { return SSL_CTX_set_cipher_list(context, name.c_str()) == 1; });
  if (!ok) return ok;
  ok = check_each("cipher_suites", options.cipher_suites, ":", [&](const std::string& name) {
    return SSL_CTX_set_ciphersuites(context, name.c_str()) == 1 && has_version_13(context);
  });
  if (!ok) return ok;
  const std::string list = options.ciphers.empty() ? default_ciphers : options.ciphers;
  if (SSL_CTX_set_cipher_list(context, list.c_str()) != 1)
    return Error{Errc::Invalid, "ciphers: '" + list + "': " + tls_error_text()};
  const std::string suites = options.cipher_suites.empty() ? TLS_DEFAULT_CIPHERSUITES : options.cipher_suites;
  if (SSL_CTX_set_ciphersuites(context, suites.c_str()) != 1)
    return Error{Errc::Invalid, "cipher_suites: '" + suites + "': " + tls_error_text()};
  ERR_clear_error();
  return Done{};
}

bool self_signed(const Certificate& certificate) {
  return (X509_get_extension_flags(certificate.get()) & EXFLAG_SS) != 0;
}

/// The chain that a lone leaf lacks, without its root: clients have that, or don't trust it.
void complete_chain(SSL_CTX* context, X509* leaf, const Trusted& pool) {
  constexpr int longest = 10;
  X509* last = leaf;
  for (int depth = 0; depth < longest; ++depth) {
    X509* issuer = nullptr;
    for (const Certificate& one : pool)
      if (!self_signed(one) && X509_check_issued(one.get(), last) == X509_V_OK) issuer = one.get();
    if (issuer == nullptr || issuer == last) return;
    SSL_CTX_add1_chain_cert(context, issuer);
    last = issuer;
  }
}

/// Where to look for intermediates: `bundle`, or the file of that name beside the certificate; empty: neither is there.
std::string bundle_for(const std::string& bundle, const std::string& cert) {
  std::error_code ignored;
  if (bundle.empty() || std::filesystem::exists(bundle, ignored)) return bundle;
  const std::string beside = (std::filesystem::path(cert).parent_path() / bundle).string();
  return std::filesystem::exists(beside, ignored) ? beside : std::string{};
}

/// A certificate in `ca` is trusted whatever signed it, as in a Java trust store: an intermediate or a broker's own
/// certificate is enough.
Result<Trusted> trust(SSL_CTX* context, const std::string& ca) {
  ERR_clear_error();
  if (ca.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return Error{Errc::Invalid, "the system's CA certificates can't be read: " + tls_error_text()};
    return Trusted{};
  }
  Result<Trusted> trusted = read_certificates(ca, "not a PEM bundle of certificates");
  if (!trusted) return trusted;
  for (const Certificate& one : *trusted)
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get()) != 1)
      return file_error(ca, "a certificate can't be used");
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return trusted;
}

Status look_at(SSL_CTX* context, const std::string& crl) {
  if (crl.empty()) return Done{};
  Result<std::vector<RevocationList>> lists = read_revocation_lists(crl);
  if (!lists) return std::move(lists).error();
  for (const RevocationList& list : *lists)
    if (X509_STORE_add_crl(SSL_CTX_get_cert_store(context), list.get()) != 1)
      return file_error(crl, "a CRL can't be used");
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return Done{};
}

/// Names that clients choose their certificate by.
void announce(SSL_CTX* context, const Trusted& authorities) {
  STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();
  for (const Certificate& one : authorities) {
    const X509_NAME* const name = X509_get_subject_name(one.get());
    bool known = false;
    for (int i = 0; i < sk_X509_NAME_num(names); ++i) known |= X509_NAME_cmp(sk_X509_NAME_value(names, i), name) == 0;
    if (!known) sk_X509_NAME_push(names, X509_NAME_dup(name));
  }
  SSL_CTX_set_client_CA_list(context, names);
}

/// After OpenSSL's own verdict on each certificate of a client's chain.
int judge_chain(int accepted, X509_STORE_CTX* verdict) {
  const int depth = X509_STORE_CTX_get_error_depth(verdict);
  // What stands in ca_certs is trusted as it is: nobody need say that it isn't revoked.
  const bool anchor = depth > 0 && depth == sk_X509_num(X509_STORE_CTX_get0_chain(verdict)) - 1;
  if (accepted == 1 || !anchor || X509_STORE_CTX_get_error(verdict) != X509_V_ERR_UNABLE_TO_GET_CRL) return accepted;
  X509_STORE_CTX_set_error(verdict, X509_V_OK);
  return 1;
}

/// And whether its owner may come in.
int judge_client(int accepted, X509_STORE_CTX* verdict) {
  accepted = judge_chain(accepted, verdict);
  if (accepted != 1 || X509_STORE_CTX_get_error_depth(verdict) != 0) return accepted;
  const auto* const ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verdict, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* const admits =
      static_cast<const std::function<bool(const PeerCertificate&)>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (!*admits || (*admits)(describe(X509_STORE_CTX_get_current_cert(verdict)))) return 1;
  X509_STORE_CTX_set_error(verdict, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

Status ask_clients(SSL_CTX* context, const TlsServerOptions& options) {
  if (options.client_certificates == ClientCertificates::None) return Done{};
  if (options.client_ca.empty())
    return Error{Errc::Invalid, "client certificates need to know their authority: ca_certs"};
  const Result<Trusted> authorities = trust(context, options.client_ca);
  if (!authorities) return authorities.error();
  announce(context, *authorities);
  if (Status ok = look_at(context, options.crl); !ok) return ok;
  // A resumed session would bring its certificate along without a look at the clock or the CRL.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  const bool required = options.client_certificates == ClientCertificates::Required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), judge_client);
  return Done{};
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

template <class Options>
Status TlsContext::present(const Options& options, const std::string& intermediates) {
  SSL_CTX* const context = context_.get();
  const Result<Trusted> chain = read_certificates(options.cert, "not a PEM certificate chain");
  if (!chain) return chain.error();
  X509* const leaf = chain->front().get();
  if (SSL_CTX_use_certificate(context, leaf) != 1) return file_error(options.cert, "can't be used");
  for (std::size_t i = 1; i < chain->size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) return file_error(options.cert, "can't be used");
  const Result<PrivateKey> key =
      read_private_key(options.key, options.key_password, "not the PEM private key of " + options.cert);
  if (!key) return key.error();
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1)
    return file_error(options.key, "not the private key of " + options.cert);
  if (SSL_CTX_check_private_key(context) != 1) return file_error(options.key, "does not belong to " + options.cert);
  if (const std::string bundle = bundle_for(intermediates, options.cert); chain->size() == 1 && !bundle.empty()) {
    const Result<Trusted> pool = read_certificates(bundle, "not a PEM bundle of certificates");
    if (!pool) return pool.error();
    complete_chain(context, leaf, *pool);
  }
  expiries_.push_back({options.cert, describe(leaf).not_after});
  return Done{};
}

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  auto made = std::make_shared<TlsContext>();
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made->context_.get();
  if (Status ok = set_rules(context, options); !ok) return std::move(ok).error();
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are resumed by ticket only, and within one process: no cache grows here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char session_context[] = "kafkaproxy";
  SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
  SSL_CTX_set_tlsext_servername_callback(context, accept_any_name);
  if (options.require_name) SSL_CTX_set_client_hello_cb(context, demand_server_name, nullptr);
  if (Status ok = made->present(options, options.client_ca); !ok) return std::move(ok).error();
  made->admits_ = options.admits;
  SSL_CTX_set_app_data(context, &made->admits_);
  if (Status ok = ask_clients(context, options); !ok) return std::move(ok).error();
  return std::shared_ptr<const TlsContext>(std::move(made));
}

Status TlsContext::accepts_client_of(const ssl_st* ssl) const {
  const int mode = SSL_CTX_get_verify_mode(native());
  if ((mode & SSL_VERIFY_PEER) == 0) return Done{};
  X509* const leaf = SSL_get0_peer_certificate(ssl);
  if (leaf == nullptr) {
    if ((mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0) return Done{};
    return Error{Errc::Unauthorized, "the client came without a certificate"};
  }
  const std::unique_ptr<X509_STORE_CTX, void (*)(X509_STORE_CTX*)> check(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE* const store = SSL_CTX_get_cert_store(native());
  if (check == nullptr || X509_STORE_CTX_init(check.get(), store, leaf, SSL_get_peer_cert_chain(ssl)) != 1 ||
      X509_STORE_CTX_set_default(check.get(), "ssl_client") != 1 ||
      X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check.get()), SSL_CTX_get0_param(native())) != 1)
    return Error{Errc::Internal, "the certificate can't be checked: " + tls_error_text()};
  X509_STORE_CTX_set_verify_cb(check.get(), judge_chain);
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  if (good) return Done{};
  return Error{Errc::Unauthorized, X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()))};
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  auto made = std::make_shared<TlsContext>();
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = made->context_.get();
  if (Status ok = set_rules(context, options); !ok) return std::move(ok).error();
  made->verifies_ = !options.trust_all;
  if (made->verifies_) {
    if (const Result<Trusted> trusted = trust(context, options.ca); !trusted) return trusted.error();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (!options.cert.empty())
    if (Status ok = made->present(options, options.ca); !ok) return std::move(ok).error();
  return std::shared_ptr<const TlsContext>(std::move(made));
}

}  // namespace kp::net
