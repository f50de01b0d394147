#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/mechanism.h"
#include "auth/verifier.h"
#include "base/result.h"
#include "config/model.h"

namespace kp::auth {

/// Who may log in, and by which mechanisms. Immutable once made; any thread. Without users nobody gets in.
///
/// A name that isn't known can't be told from one that is: a PLAIN check always does the same PBKDF2 work, and SCRAM
/// goes on with a made-up verifier until the proof. Made-up salts last as long as the process, so a user that is
/// stored as a verifier, whose salt lasts longer, can be told by who compares two processes.
class Users {
 public:
  /// A secret is a password, or a verifier as verifier.h writes it; a user may stand several times when all its secrets
  /// are verifiers of different mechanisms. Costs one PBKDF2 per password and enabled SCRAM mechanism.
  /// `before` (may be null) spares that for users whose password is the same there.
  /// Errors are Invalid and name the user, never a secret.
  static Result<std::shared_ptr<const Users>> make(std::span<const config::Credential> credentials,
                                                   std::vector<Mechanism> enabled, const Users* before = nullptr);

  /// Does the user exist here with what it could log in by there?
  bool has_as(const std::string& user, const Users& before) const;

  const std::vector<Mechanism>& mechanisms() const { return enabled_; }
  bool enabled(Mechanism mechanism) const;

  /// For a PLAIN login. Costs the same whether the user exists or not, and whatever its secret is.
  bool check_password(const std::string& user, std::string_view password) const;

  /// check_password does PBKDF2: some milliseconds that an event loop doesn't have.
  bool takes_long() const { return !plain_work_.empty(); }

  struct Found {
    ScramVerifier verifier;
    bool known = false;  ///< false: the verifier is made up and nobody may log in by it
  };
  Found find_verifier(const std::string& user, Mechanism scram) const;

 private:
  struct User {
    std::optional<Key> password;         ///< its HMAC under a key of this process
    std::optional<ScramVerifier> plain;  ///< what PLAIN is checked against when there is no password
    std::map<Mechanism, ScramVerifier> scram;
  };
  /// What a verifier shows to a client that only asks for it.
  struct Shape {
    int iterations = min_iterations;
    std::size_t salt_bytes = 16;
  };

  Status add(const config::Credential& credential, const Users* before);
  Status add_password(User& user, const config::Credential& credential, const Users* before);
  const User* find(const std::string& user) const;
  static bool same_password(const User& left, const User& right);
  Status add_verifier(User& user, const config::Credential& credential);
  void finish();
  Shape shape_like_others(Mechanism scram, BytesView seed) const;

  std::vector<Mechanism> enabled_;
  std::map<std::string, User, std::less<>> users_;
  std::map<Mechanism, std::vector<Shape>> shapes_;  ///< of all users
  std::map<Mechanism, int> plain_work_;             ///< PBKDF2 iterations that every PLAIN check does
};

}  // namespace kp::auth
