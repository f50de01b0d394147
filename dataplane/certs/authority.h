#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "certs/generate.h"
#include "net/pem.h"

namespace kp::certs {

enum class Use : std::uint8_t { Server, Client };

struct Request {
  std::string common_name;        ///< at most 64 bytes: X.509's limit
  std::string alternative_names;  ///< "DNS:*.example.com,DNS:example.com"; empty: none
  Use use = Use::Client;
  int days = 0;
  std::optional<std::chrono::sys_seconds> at{};  ///< when it is made; default now
};

/// A certificate and its key, as PEM.
struct Pair {
  std::string certificate;
  std::string key;  ///< PKCS#8, not encrypted
};

/// Signs with a key of its own. Every certificate is valid since an hour ago, for clocks that are late, and has a
/// random serial of 127 bits. Errors are Internal, with OpenSSL's reason.
class Authority {
 public:
  /// `at`: as in Request.
  static Result<Authority> make(KeyAlgorithm algorithm, int days, std::optional<std::chrono::sys_seconds> at = {});
  /// One that was made before, as pair() gave it. Invalid: not PEM, or certificate and key don't belong together.
  static Result<Authority> open(const Pair& pair);

  Result<Pair> pair() const;                         ///< the authority itself
  Result<Pair> issue(const Request& request) const;  ///< ends no later than the authority
  const std::string& name() const { return name_; }  ///< its CN

 private:
  Authority() = default;

  KeyAlgorithm algorithm_ = KeyAlgorithm::Ec;
  std::string name_;
  net::PrivateKey key_;
  net::Certificate certificate_;
};

}  // namespace kp::certs
