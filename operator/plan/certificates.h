#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/times.h"
#include "base/result.h"
#include "net/pem.h"

namespace kp::plan {

/// A certificate with what a preflight wants to know of it. Immutable.
class Leaf {
 public:
  /// The first certificate of a PEM text. Invalid: there is none, or one behind it can't be read.
  static Result<Leaf> read(std::string_view pem);

  api::Time not_before() const;
  api::Time not_after() const;
  std::vector<std::string> names() const;      ///< DNS names and addresses that it is for
  bool covers(const std::string& host) const;  ///< as clients check it: the subject doesn't count
  bool signed_by(const Leaf& authority) const;
  /// Invalid: `key_pem` is no private key, an encrypted one, or another certificate's.
  Status fits(std::string_view key_pem) const;

 private:
  explicit Leaf(net::Certificate certificate) : certificate_(std::move(certificate)) {}

  net::Certificate certificate_;
};

/// Invalid: `pem` holds no revocation list.
Status is_revocation_list(std::string_view pem);

}  // namespace kp::plan
