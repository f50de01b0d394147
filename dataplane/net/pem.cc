#include "net/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>
#include <filesystem>

#include "net/tls.h"

namespace kp::net {
namespace {

struct Password {
  const std::string& text;
  bool asked = false;
};

/// OpenSSL's own callback would ask on the terminal.
int give_password(char* into, int size, int, void* from) {
  auto* const password = static_cast<Password*>(from);
  if (password == nullptr) return -1;
  password->asked = true;
  if (password->text.empty() || password->text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, password->text.data(), password->text.size());
  return static_cast<int>(password->text.size());
}

struct CloseBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using File = std::unique_ptr<BIO, CloseBio>;

/// The outcome of reading until nothing more was found: the end of the file, or something wrong in it.
bool at_end() {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

template <class Owner, class Read>
Result<std::vector<Owner>> read_all(const std::string& file, std::string_view what, Read read) {
  ERR_clear_error();
  const File in(BIO_new_file(file.c_str(), "r"));
  if (!in) return file_error(file, "can't be read");
  std::vector<Owner> found;
  while (Owner next{read(in.get(), nullptr, give_password, nullptr)}) found.push_back(std::move(next));
  if (found.empty() || !at_end()) return file_error(file, what);
  ERR_clear_error();
  return found;
}

}  // namespace

void FreeOpenSsl::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void FreeOpenSsl::operator()(x509_st* certificate) const { X509_free(certificate); }
void FreeOpenSsl::operator()(X509_crl_st* list) const { X509_CRL_free(list); }

Error file_error(const std::string& file, std::string_view what) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return Error{Errc::Invalid, file + ": no such file"};
  return Error{Errc::Invalid, file + ": " + std::string(what) + " (" + tls_error_text() + ")"};
}

Result<std::vector<Certificate>> read_certificates(const std::string& file, std::string_view what) {
  return read_all<Certificate>(file, what, PEM_read_bio_X509);
}

Result<std::vector<RevocationList>> read_revocation_lists(const std::string& file) {
  return read_all<RevocationList>(file, "not a PEM file of CRLs", PEM_read_bio_X509_CRL);
}

Result<PrivateKey> read_private_key(const std::string& file, const std::string& password, std::string_view what) {
  ERR_clear_error();
  const File in(BIO_new_file(file.c_str(), "r"));
  if (!in) return file_error(file, "can't be read");
  Password secret{password};
  PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, give_password, &secret));
  if (key) return key;
  if (!secret.asked) return file_error(file, what);
  ERR_clear_error();
  return Error{Errc::Invalid, file + (password.empty() ? ": the private key is encrypted: key_password is missing"
                                                       : ": key_password does not open this private key")};
}

}  // namespace kp::net
