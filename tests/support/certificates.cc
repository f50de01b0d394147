#include "support/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace kp::test {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::abort();
}

void add_extension(X509* to, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  require(extension != nullptr, "certificate extension");
  X509_add_ext(to, extension, -1);
  X509_EXTENSION_free(extension);
}

template <class Write>
void write_pem(const std::string& path, const Write& write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  require(file != nullptr && write(file) == 1, path.c_str());
  std::fclose(file);
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "kafkaproxy-test-XXXXXX").string();
  require(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(file(name)) << text;
  return file(name);
}

void Certificates::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void Certificates::Free::operator()(x509_st* certificate) const { X509_free(certificate); }

Certificates::Certificates(const std::string& name) : key_(EVP_EC_gen("P-256")) {
  certificate_ = make(key_.get(), name, "", std::chrono::hours(24));
  write_pem(ca(), [&](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

Certificates::~Certificates() = default;

Certificates::Leaf Certificates::issue(const std::string& names, std::chrono::seconds lasts) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make(key.get(), "leaf", names, lasts);
  const std::string number = std::to_string(serial_);
  const Leaf leaf{directory_.file("leaf" + number + ".pem"), directory_.file("leaf" + number + "_key.pem")};
  write_pem(leaf.cert, [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
  write_pem(leaf.key, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return leaf;
}

/// Signed by this authority; the first one made is the authority itself.
Certificates::Certificate Certificates::make(evp_pkey_st* key, const std::string& name,
                                             const std::string& alternative_names, std::chrono::seconds lasts) {
  Certificate made(X509_new());
  X509* const self = made.get();
  X509* const issuer = certificate_ ? certificate_.get() : self;
  X509_set_version(self, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(self), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(self), -3600);
  X509_gmtime_adj(X509_getm_notAfter(self), static_cast<long>(lasts.count()));
  X509_set_pubkey(self, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(self), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(self, X509_get_subject_name(issuer));
  add_extension(self, issuer, NID_basic_constraints, certificate_ ? "CA:FALSE" : "critical,CA:TRUE");
  add_extension(self, issuer, NID_subject_key_identifier, "hash");
  if (!alternative_names.empty()) add_extension(self, issuer, NID_subject_alt_name, alternative_names);
  require(X509_sign(self, key_.get(), EVP_sha256()) > 0, "X509_sign");
  return made;
}

}  // namespace kp::test
