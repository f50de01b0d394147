#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct evp_pkey_st;
struct x509_st;
struct X509_crl_st;

/// PEM files. Nothing here ever asks on the terminal for a password.
namespace kp::net {

struct FreeOpenSsl {
  void operator()(evp_pkey_st* key) const;
  void operator()(x509_st* certificate) const;
  void operator()(X509_crl_st* list) const;
};
using PrivateKey = std::unique_ptr<evp_pkey_st, FreeOpenSsl>;
using Certificate = std::unique_ptr<x509_st, FreeOpenSsl>;
using RevocationList = std::unique_ptr<X509_crl_st, FreeOpenSsl>;

/// Every certificate of `file`, at least one; other blocks are passed over. Errors are Invalid and begin with the
/// file's name; `what` is how they call a file without any: "not a PEM certificate chain".
Result<std::vector<Certificate>> read_certificates(const std::string& file, std::string_view what);

/// Every CRL of `file`, at least one.
Result<std::vector<RevocationList>> read_revocation_lists(const std::string& file);

/// `password` may be empty: then an encrypted key is an error that says so. `what` as above.
Result<PrivateKey> read_private_key(const std::string& file, const std::string& password, std::string_view what);

/// Invalid: `file`, what is wrong with it, and OpenSSL's error on this thread.
Error file_error(const std::string& file, std::string_view what);

}  // namespace kp::net
