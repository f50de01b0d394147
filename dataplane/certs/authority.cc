#include "certs/authority.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "net/peer_certificate.h"
#include "net/tls.h"

namespace kp::certs {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};

Error failure(std::string_view what) { return Error{Errc::Internal, std::string(what) + ": " + net::tls_error_text()}; }

net::PrivateKey new_key(KeyAlgorithm algorithm) {
  constexpr std::size_t rsa_bits = 3072;
  return net::PrivateKey(algorithm == KeyAlgorithm::Ec ? EVP_EC_gen("P-256") : EVP_RSA_gen(rsa_bits));
}

bool set_random_serial(X509* certificate) {
  const std::unique_ptr<BIGNUM, Free> number(BN_new());
  return BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

struct Extension {
  int kind;
  const char* value;
};

bool add_extension(X509* to, X509* issuer, const Extension& wanted) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, wanted.kind, wanted.value);
  const bool added = extension != nullptr && X509_add_ext(to, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

/// Everything but extensions and signature.
net::Certificate blank(const std::string& common_name, EVP_PKEY* key, int days,
                       std::optional<std::chrono::sys_seconds> at) {
  constexpr long hour = 3600;
  std::time_t now = at ? at->time_since_epoch().count() : std::time(nullptr);
  net::Certificate made(X509_new());
  X509* const self = made.get();
  const auto* const name = reinterpret_cast<const unsigned char*>(common_name.data());
  const bool ok = X509_set_version(self, X509_VERSION_3) == 1 && set_random_serial(self) &&
                  X509_time_adj_ex(X509_getm_notBefore(self), 0, -hour, &now) != nullptr &&
                  X509_time_adj_ex(X509_getm_notAfter(self), days, 0, &now) != nullptr &&
                  X509_set_pubkey(self, key) == 1 &&
                  X509_NAME_add_entry_by_NID(X509_get_subject_name(self), NID_commonName, MBSTRING_UTF8, name,
                                             static_cast<int>(common_name.size()), -1, 0) == 1;
  return ok ? std::move(made) : nullptr;
}

template <class Write>
std::string pem(const Write& write) {
  const std::unique_ptr<BIO, Free> memory(BIO_new(BIO_s_mem()));
  if (!memory || write(memory.get()) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Result<Pair> pair_of(X509* certificate, EVP_PKEY* key) {
  Pair made{pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); }), pem([&](BIO* out) {
              return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
            })};
  if (made.certificate.empty() || made.key.empty()) return failure("PEM");
  return made;
}

}  // namespace

Result<Authority> Authority::make(KeyAlgorithm algorithm, int days, std::optional<std::chrono::sys_seconds> at) {
  ERR_clear_error();
  // A part of the name is random: two authorities of the same name confuse whoever has both in one bundle.
  std::array<unsigned char, 4> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return failure("random numbers");
  Authority made;
  made.algorithm_ = algorithm;
  made.name_ = "kafkaproxy CA ";
  for (const unsigned char byte : random) {
    made.name_ += "0123456789abcdef"[byte >> 4];
    made.name_ += "0123456789abcdef"[byte & 15];
  }
  made.key_ = new_key(algorithm);
  if (!made.key_) return failure("key of the authority");
  made.certificate_ = blank(made.name_, made.key_.get(), days, at);
  X509* const self = made.certificate_.get();
  if (self == nullptr || X509_set_issuer_name(self, X509_get_subject_name(self)) != 1)
    return failure("certificate of the authority");
  for (const Extension& extension :
       {Extension{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        Extension{NID_key_usage, "critical,keyCertSign,cRLSign"}, Extension{NID_subject_key_identifier, "hash"}})
    if (!add_extension(self, self, extension)) return failure("certificate of the authority");
  if (X509_sign(self, made.key_.get(), EVP_sha256()) == 0) return failure("certificate of the authority");
  return made;
}

Result<Authority> Authority::open(const Pair& pair) {
  ERR_clear_error();
  const auto memory = [](const std::string& text) {
    return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  };
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Authority made;
  made.certificate_.reset(PEM_read_bio_X509(memory(pair.certificate).get(), nullptr, no_password, nullptr));
  made.key_.reset(PEM_read_bio_PrivateKey(memory(pair.key).get(), nullptr, no_password, nullptr));
  if (!made.certificate_ || !made.key_ || X509_check_private_key(made.certificate_.get(), made.key_.get()) != 1)
    return Error{Errc::Invalid, "the authority can't be read: " + net::tls_error_text()};
  made.algorithm_ = EVP_PKEY_is_a(made.key_.get(), "RSA") == 1 ? KeyAlgorithm::Rsa : KeyAlgorithm::Ec;
  made.name_ = net::describe(made.certificate_.get()).common_name;
  return made;
}

Result<Pair> Authority::pair() const { return pair_of(certificate_.get(), key_.get()); }

Result<Pair> Authority::issue(const Request& request) const {
  ERR_clear_error();
  const std::string context = "certificate of " + request.common_name;
  const net::PrivateKey key = new_key(algorithm_);
  if (!key) return failure(context);
  const net::Certificate made = blank(request.common_name, key.get(), request.days, request.at);
  X509* const self = made.get();
  if (self == nullptr || X509_set_issuer_name(self, X509_get_subject_name(certificate_.get())) != 1)
    return failure(context);
  const ASN1_TIME* const end = X509_get0_notAfter(certificate_.get());
  if (ASN1_TIME_compare(X509_get0_notAfter(self), end) > 0 && X509_set1_notAfter(self, end) != 1)
    return failure(context);
  // TLS 1.2 with RSA key exchange would need keyEncipherment; nobody should speak it.
  std::vector<Extension> extensions{
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, request.use == Use::Server ? "serverAuth" : "clientAuth"},
      {NID_subject_key_identifier, "hash"},
      {NID_authority_key_identifier, "keyid:always"},
  };
  if (!request.alternative_names.empty())
    extensions.push_back({NID_subject_alt_name, request.alternative_names.c_str()});
  for (const Extension& extension : extensions)
    if (!add_extension(self, certificate_.get(), extension)) return failure(context);
  if (X509_sign(self, key_.get(), EVP_sha256()) == 0) return failure(context);
  return pair_of(self, key.get());
}

}  // namespace kp::certs
