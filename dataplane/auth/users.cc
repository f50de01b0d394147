#include "auth/users.h"

#include <algorithm>
#include <utility>

#include "auth/crypto.h"

namespace kp::auth {
namespace {

constexpr std::size_t salt_bytes = 16;
constexpr Mechanism scrams[] = {Mechanism::ScramSha512, Mechanism::ScramSha256};

/// Known to nobody, the same as long as the process lives, so that what is derived from it is too.
const Bytes& process_key() {
  static const Bytes key = random_bytes(32);
  return key;
}

/// 64 bytes that belong to `parts` for as long as the process lives.
Key derived(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part).push_back('\0');
  Key out = hmac(Mechanism::ScramSha512, process_key(), as_bytes(text));
  wipe(text);
  return out;
}

Bytes first_bytes(const Key& key, std::size_t count) {
  const BytesView bytes = key.view().first(std::min(count, key.view().size()));
  return {bytes.begin(), bytes.end()};
}

Bytes made_up_salt(std::string_view user, Mechanism scram, std::size_t size) {
  Bytes salt;
  for (char block = '0'; salt.size() < size; ++block) {
    const Bytes more = first_bytes(derived({"salt", wire_name(scram), user, {&block, 1}}), size - salt.size());
    salt.insert(salt.end(), more.begin(), more.end());
  }
  return salt;
}

Error about(const std::string& user, std::string_view what) {
  return {Errc::Invalid, "the user " + user + " " + std::string(what)};
}

}  // namespace

Result<std::shared_ptr<const Users>> Users::make(std::span<const config::Credential> credentials,
                                                 std::vector<Mechanism> enabled, const Users* before) {
  auto users = std::make_shared<Users>();
  users->enabled_ = std::move(enabled);
  for (const config::Credential& credential : credentials)
    if (Status added = users->add(credential, before); !added) return std::move(added).error();
  users->finish();
  return std::shared_ptr<const Users>(std::move(users));
}

bool Users::enabled(Mechanism mechanism) const { return std::ranges::find(enabled_, mechanism) != enabled_.end(); }

Status Users::add(const config::Credential& credential, const Users* before) {
  if (credential.user.empty()) return Error{Errc::Invalid, "a user without a name"};
  if (credential.secret.empty()) return about(credential.user, "has no secret");
  User& user = users_[credential.user];
  return looks_like_verifier(credential.secret) ? add_verifier(user, credential)
                                                : add_password(user, credential, before);
}

Status Users::add_password(User& user, const config::Credential& credential, const Users* before) {
  if (user.password || !user.scram.empty())
    return about(credential.user, "stands twice: only SCRAM verifiers of different mechanisms may stand side by side");
  user.password = derived({"password", credential.secret});
  const User* known = before == nullptr ? nullptr : before->find(credential.user);
  if (known != nullptr && !same_password(*known, user)) known = nullptr;
  for (const Mechanism scram : scrams) {
    if (!enabled(scram)) continue;
    if (known != nullptr && known->scram.contains(scram))
      user.scram.emplace(scram, known->scram.at(scram));
    else
      user.scram.emplace(scram, make_verifier(scram, credential.secret, min_iterations,
                                              made_up_salt(credential.user, scram, salt_bytes)));
  }
  return Done{};
}

const Users::User* Users::find(const std::string& user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second;
}

bool Users::same_password(const User& left, const User& right) {
  return left.password && right.password && same_secret(left.password->view(), right.password->view());
}

bool Users::has_as(const std::string& user, const Users& before) const {
  const User* const now = find(user);
  const User* const then = before.find(user);
  if (now == nullptr || then == nullptr) return false;
  if (then->password) return same_password(*now, *then);
  return !now->password && now->scram == then->scram;
}

Status Users::add_verifier(User& user, const config::Credential& credential) {
  Result<ScramVerifier> verifier = parse_verifier(credential.secret);
  if (!verifier) return std::move(verifier).error().within("the user " + credential.user);
  const Mechanism scram = verifier->mechanism;
  if (user.password || !user.scram.emplace(scram, std::move(*verifier)).second)
    return about(credential.user, "stands twice: only SCRAM verifiers of different mechanisms may stand side by side");
  return Done{};
}

/// Chooses what PLAIN is checked against, and learns what users have in common.
void Users::finish() {
  for (auto& [name, user] : users_) {
    for (const Mechanism scram : scrams) {
      const auto found = user.scram.find(scram);
      if (found == user.scram.end()) continue;
      const ScramVerifier& verifier = found->second;
      shapes_[scram].push_back({verifier.iterations, verifier.salt.size()});
      if (user.password || user.plain || !enabled(Mechanism::Plain)) continue;
      user.plain = verifier;
      plain_work_[scram] = std::max(plain_work_[scram], verifier.iterations);
    }
  }
}

bool Users::check_password(const std::string& user, std::string_view password) const {
  static const User nobody;
  const auto at = users_.find(user);
  const User& known = at == users_.end() ? nobody : at->second;
  const Key given = derived({"password", password});
  bool matches = known.password && same_secret(given.view(), known.password->view());
  if (known.plain) matches = password_matches(*known.plain, password);
  for (const auto& [scram, iterations] : plain_work_) {
    const int done = known.plain && known.plain->mechanism == scram ? known.plain->iterations : 0;
    if (iterations > done) pbkdf2(scram, password, process_key(), iterations - done);
  }
  return matches && enabled(Mechanism::Plain);
}

/// The shape of some user, always the same one for the same seed: nobody stands out, also where users differ.
Users::Shape Users::shape_like_others(Mechanism scram, BytesView seed) const {
  const auto shapes = shapes_.find(scram);
  if (shapes == shapes_.end()) return {};
  const auto number = static_cast<std::uint32_t>(big_endian_i32(seed));
  return shapes->second[number % shapes->second.size()];
}

Users::Found Users::find_verifier(const std::string& user, Mechanism scram) const {
  const Key seed = derived({"made up", wire_name(scram), user});
  const Shape shape = shape_like_others(scram, seed.view());
  const std::size_t size = hash_size(scram);
  Found found{.verifier = {.mechanism = scram,
                           .salt = made_up_salt(user, scram, shape.salt_bytes),
                           .iterations = shape.iterations,
                           .stored_key = first_bytes(derived({"stored key", wire_name(scram), user}), size),
                           .server_key = first_bytes(derived({"server key", wire_name(scram), user}), size)},
              .known = false};
  const auto at = users_.find(user);
  if (at == users_.end()) return found;
  const auto verifier = at->second.scram.find(scram);
  if (verifier == at->second.scram.end()) return found;
  return {.verifier = verifier->second, .known = enabled(scram)};
}

}  // namespace kp::auth
