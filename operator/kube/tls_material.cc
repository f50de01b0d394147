#include "kube/tls_material.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace kp::kube {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

std::unique_ptr<BIO, FreeBio> memory(const std::string& text) {
  return std::unique_ptr<BIO, FreeBio>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Error failed(const std::string& what) {
  char text[256] = "";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return {Errc::Invalid, what + ": " + text};
}

}  // namespace

void TlsMaterial::Free::operator()(x509_st* certificate) const { X509_free(certificate); }
void TlsMaterial::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<TlsMaterial::Chain> TlsMaterial::read_chain(const std::string& pem, const char* what) {
  Chain chain;
  const auto bio = memory(pem);
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    chain.emplace_back(certificate);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (chain.empty() || !at_end) return failed(what);
  ERR_clear_error();
  return chain;
}

Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::parse(const std::string& ca, const std::string& client_cert,
                                                              const std::string& client_key) {
  const auto material = std::make_shared<TlsMaterial>();
  if (!ca.empty()) {
    Result<Chain> authorities = read_chain(ca, "certificate authority");
    if (!authorities) return std::move(authorities).error();
    material->authorities_ = *std::move(authorities);
  }
  if (client_cert.empty()) return std::shared_ptr<const TlsMaterial>(material);
  Result<Chain> client = read_chain(client_cert, "client certificate");
  if (!client) return std::move(client).error();
  material->client_ = *std::move(client);
  const auto no_password = [](char*, int, int, void*) { return 0; };
  material->key_.reset(PEM_read_bio_PrivateKey(memory(client_key).get(), nullptr, no_password, nullptr));
  if (!material->key_) return failed("client key");
  if (X509_check_private_key(material->client_.front().get(), material->key_.get()) != 1)
    return failed("client key and certificate");
  return std::shared_ptr<const TlsMaterial>(material);
}

Status TlsMaterial::install(ssl_ctx_st* context) const {
  X509_STORE* const store = X509_STORE_new();
  SSL_CTX_set_cert_store(context, store);  // takes it over, and frees the one that was there
  if (authorities_.empty()) X509_STORE_load_path(store, X509_get_default_cert_dir());
  for (const auto& authority : authorities_) X509_STORE_add_cert(store, authority.get());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (client_.empty()) return Done{};
  bool ok = SSL_CTX_use_certificate(context, client_.front().get()) == 1;
  for (std::size_t i = 1; ok && i < client_.size(); ++i) ok = SSL_CTX_add1_chain_cert(context, client_[i].get()) == 1;
  ok = ok && SSL_CTX_use_PrivateKey(context, key_.get()) == 1;
  return ok ? Status(Done{}) : Status(failed("client certificate"));
}

}  // namespace kp::kube
