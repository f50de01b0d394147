#include "support/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

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

template <class Read>
auto read_pem(const std::string& path, const Read& read) {
  std::FILE* const file = std::fopen(path.c_str(), "r");
  require(file != nullptr, path.c_str());
  auto* const found = read(file, nullptr, nullptr, nullptr);
  require(found != nullptr, path.c_str());
  std::fclose(file);
  return found;
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

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Certificates::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void Certificates::Free::operator()(x509_st* certificate) const { X509_free(certificate); }

Certificates::Certificates(const std::string& name) : key_(EVP_EC_gen("P-256")) {
  certificate_ = make(key_.get(), name, "", std::chrono::hours(24));
  write_pem(ca(), [&](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
  write_pem(own_key(), [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Certificates::Certificates(const std::string& name, Certificates& parent) : key_(EVP_EC_gen("P-256")) {
  certificate_ = parent.make(key_.get(), name, "", std::chrono::hours(24), true);
  write_pem(ca(), [&](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

Certificates::~Certificates() = default;

Certificates::Leaf Certificates::issue(const std::string& names, std::chrono::seconds lasts,
                                       const std::string& common_name) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make(key.get(), common_name, names, lasts);
  const std::string number = std::to_string(serial_);
  const Leaf leaf{directory_.file("leaf" + number + ".pem"), directory_.file("leaf" + number + "_key.pem")};
  write_pem(leaf.cert, [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
  write_pem(leaf.key, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return leaf;
}

std::string Certificates::crl(const std::vector<Leaf>& revoked, std::chrono::seconds lasts) {
  const std::string path = directory_.file("crl" + std::to_string(++serial_) + ".pem");
  X509_CRL* const list = X509_CRL_new();
  X509_CRL_set_version(list, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate_.get()));
  ASN1_TIME* const time = X509_gmtime_adj(nullptr, -3600);
  X509_CRL_set1_lastUpdate(list, time);
  X509_gmtime_adj(time, static_cast<long>(lasts.count()));
  X509_CRL_set1_nextUpdate(list, time);
  X509_gmtime_adj(time, -3600);
  for (const Leaf& leaf : revoked) {
    const Certificate certificate(read_pem(leaf.cert, PEM_read_X509));
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time);
    X509_CRL_add0_revoked(list, entry);
  }
  ASN1_TIME_free(time);
  require(X509_CRL_sign(list, key_.get(), EVP_sha256()) > 0, "X509_CRL_sign");
  write_pem(path, [&](std::FILE* file) { return PEM_write_X509_CRL(file, list); });
  X509_CRL_free(list);
  return path;
}

std::string Certificates::encrypted_key(const Leaf& leaf, const std::string& password) {
  const Key key(read_pem(leaf.key, PEM_read_PrivateKey));
  const std::string path = leaf.key + ".encrypted";
  write_pem(path, [&](std::FILE* file) {
    return PEM_write_PKCS8PrivateKey(file, key.get(), EVP_aes_256_cbc(), password.c_str(),
                                     static_cast<int>(password.size()), nullptr, nullptr);
  });
  return path;
}

/// Signed by this authority; the first one made is the authority itself.
Certificates::Certificate Certificates::make(evp_pkey_st* key, const std::string& name,
                                             const std::string& alternative_names, std::chrono::seconds lasts,
                                             bool authority) {
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
  add_extension(self, issuer, NID_basic_constraints, certificate_ && !authority ? "CA:FALSE" : "critical,CA:TRUE");
  add_extension(self, issuer, NID_subject_key_identifier, "hash");
  if (!alternative_names.empty()) add_extension(self, issuer, NID_subject_alt_name, alternative_names);
  require(X509_sign(self, key_.get(), EVP_sha256()) > 0, "X509_sign");
  return made;
}

}  // namespace kp::test
