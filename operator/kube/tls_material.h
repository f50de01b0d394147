#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;

namespace kp::kube {

/// Certificates and key of an Access, parsed once: every new connection takes them.
class TlsMaterial {
 public:
  /// Errors: Invalid, with what is wrong.
  static Result<std::shared_ptr<const TlsMaterial>> parse(const std::string& ca, const std::string& client_cert,
                                                          const std::string& client_key);

  /// Makes `context` trust our authorities and nobody else, and present our certificate. Any thread.
  Status install(ssl_ctx_st* context) const;

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
    void operator()(evp_pkey_st* key) const;
  };
  using Chain = std::vector<std::unique_ptr<x509_st, Free>>;
  static Result<Chain> read_chain(const std::string& pem, const char* what);

  Chain authorities_;  ///< empty: the system's
  Chain client_;       ///< leaf first; empty: none
  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace kp::kube
