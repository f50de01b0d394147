#include "auth/swap.h"

#include <algorithm>

#include "config/credentials.h"

namespace kp::auth {
namespace {

/// The credentials of the configuration itself, then those of the file.
Result<std::vector<config::Credential>> all_credentials(const std::vector<config::Credential>& listed,
                                                        const std::string& file) {
  std::vector<config::Credential> all = listed;
  if (file.empty()) return all;
  Result<std::vector<config::Credential>> read = config::read_credentials_file(file);
  if (!read) return std::move(read).error();
  config::UserSet seen;
  for (const config::Credential& credential : listed) seen.add(credential);
  for (config::Credential& credential : *read) {
    if (!seen.add(credential))
      return Error{Errc::Invalid, file + ": the user " + credential.user + " stands in the configuration too"};
    all.push_back(std::move(credential));
  }
  return all;
}

}  // namespace

Result<std::shared_ptr<const Swap>> Swap::make(const config::Config& config, const Swap* before) {
  auto made = std::make_shared<Swap>();
  if (!config.auth_swap || !config.auth_swap->enabled) return std::shared_ptr<const Swap>(std::move(made));
  const config::AuthSwap& swap = *config.auth_swap;
  made->mapping_ = swap.mapping;
  if (config::uses_sasl(config.downstream.security_protocol)) {
    auto clients = all_credentials(swap.downstream_credentials, swap.downstream_credentials_file);
    if (!clients) return std::move(clients).error().within("auth_swap.downstream_credentials");
    for (const config::Credential& client : *clients)
      if (config::is_reserved_identity(client.user))
        return Error{Errc::Invalid, "auth_swap.downstream_credentials: " + client.user + " can't be a client's user"};
    auto users =
        Users::make(*clients, config.downstream.sasl_mechanisms, before == nullptr ? nullptr : before->users_.get());
    if (!users) return std::move(users).error().within("auth_swap.downstream_credentials");
    made->users_ = std::move(*users);
  }
  if (config.upstream && config::uses_sasl(config.upstream->security_protocol) && config.upstream->sasl_mechanism) {
    auto logins = all_credentials(swap.upstream_credentials, swap.upstream_credentials_file);
    if (!logins) return std::move(logins).error().within("auth_swap.upstream_credentials");
    if (logins->empty()) return Error{Errc::Invalid, "auth_swap.upstream_credentials: there is none"};
    made->upstream_ = std::move(*logins);
    made->mechanism_ = *config.upstream->sasl_mechanism;
    for (const auto& [client, user] : made->mapping_)
      if (user != config::same_user && made->find(user) == nullptr)
        return Error{Errc::Invalid, "auth_swap.mapping: " + user + " is no user of upstream_credentials"};
  }
  return std::shared_ptr<const Swap>(std::move(made));
}

const config::Credential* Swap::find(std::string_view user) const {
  const auto found = std::ranges::find(upstream_, user, &config::Credential::user);
  return found == upstream_.end() ? nullptr : &*found;
}

Result<const config::Credential*> Swap::upstream_of(const std::string& identity) const {
  const auto entry_of = [this](std::string_view client) {
    return std::find_if(mapping_.rbegin(), mapping_.rend(),  // later wins
                        [client](const auto& entry) { return entry.first == client; });
  };
  auto entry = entry_of(identity);
  // Nobody's name must not become somebody's by a rule for everybody: $anonymous is mapped by its own entry only.
  if (entry == mapping_.rend() && identity != config::anonymous_identity) entry = entry_of(config::any_identity);
  const config::Credential* found = nullptr;
  if (entry != mapping_.rend()) {
    found = find(entry->second == config::same_user ? std::string_view(identity) : entry->second);
  } else if (identity == config::anonymous_identity) {
    found = find(identity);
  }
  if (found == nullptr)
    return Error{Errc::Unauthorized, identity + " is mapped to no upstream credential (auth_swap.mapping)"};
  return found;
}

const config::Credential& Swap::own() const {
  const auto anonymous = upstream_of(std::string(config::anonymous_identity));
  return anonymous ? **anonymous : upstream_.front();
}

}  // namespace kp::auth
