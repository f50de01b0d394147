#pragma once

#include <string>

#include "base/result.h"
#include "config/model.h"

namespace kp::cli {

/// `credentials hash`: what makes a line for downstream_credentials.
struct HashCredential {
  std::string user;
  config::SaslMechanism mechanism = config::SaslMechanism::ScramSha512;  ///< one of SCRAM's
  int iterations = 4096;
};

/// Reads a password of 1…4096 bytes from `in`: from a terminal twice and without echo, prompted for on `out`; else the
/// first line. Errors never hold what was read.
Result<std::string> read_password(const std::string& user, int in, int out);

/// "user=SCRAM-SHA-512$…". Wipes the password.
Result<std::string> hash_credential(const HashCredential& command, std::string password);

}  // namespace kp::cli
