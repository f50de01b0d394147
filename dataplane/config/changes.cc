#include "config/changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <type_traits>

#include "config/credentials.h"
#include "config/emit.h"
#include "config/partition_changes.h"

namespace kp::config {
namespace {

constexpr std::array<ReachRow, 33> table{{
    {"bind_address", Reach::EndpointsDrain},
    {"upstream.bootstrap_servers", Reach::ClusterDrain},
    {"upstream.security_protocol", Reach::NextDials},
    {"upstream.sasl_mechanism", Reach::NextLogins},
    {"upstream.tls", Reach::NextDials},
    {"downstream.security_protocol", Reach::AllDrain},
    {"downstream.sasl_mechanisms", Reach::NextLogins},
    {"downstream.sasl_session_lifetime", Reach::NextLogins},
    {"downstream.tls.cert", Reach::NextHandshakes},
    {"downstream.tls.key", Reach::NextHandshakes},
    {"downstream.tls.key_password", Reach::NextHandshakes},
    {"downstream.tls.mtls_enabled", Reach::CertificatesEnd},
    {"downstream.tls.client_auth", Reach::CertificatesEnd},
    {"downstream.tls.ca_certs", Reach::CertificatesEnd},
    {"downstream.tls.crl", Reach::CertificatesEnd},
    {"downstream.tls.principal_mapping_rules", Reach::CertificatesEnd},
    {"downstream.tls.min_version", Reach::NextHandshakes},
    {"downstream.tls.ciphers", Reach::NextHandshakes},
    {"downstream.tls.cipher_suites", Reach::NextHandshakes},
    {"broker_mapping", Reach::EndpointsDrain},
    {"auth_swap.enabled", Reach::AllDrain},
    {"auth_swap.downstream_credentials", Reach::IdentitiesEnd},
    {"auth_swap.upstream_credentials", Reach::NextLogins},
    {"auth_swap.downstream_credentials_file", Reach::IdentitiesEnd},
    {"auth_swap.upstream_credentials_file", Reach::NextLogins},
    {"auth_swap.mapping", Reach::IdentitiesEnd},
    {"resolve", Reach::NextDials},
    {"partition_mapping", Reach::AtOnce},
    {"http_produce", Reach::AtOnce},
    {"admin.address", Reach::AtOnce},
    {"limits", Reach::AtOnce},
    {"logging", Reach::AtOnce},
    {"generation", Reach::None},
}};

/// Of the row whose key is `key` or the longest block around it; table.size() when there is none.
std::size_t row_of(std::string_view key) {
  std::size_t best = table.size();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string_view row = table[i].key;
    const bool fits =
        key.starts_with(row) && (key.size() == row.size() || key[row.size()] == '.' || key[row.size()] == '[');
    if (fits && (best == table.size() || row.size() > table[best].key.size())) best = i;
  }
  return best;
}

/// What one side says at a path. Names may repeat, and then so do paths.
struct Said {
  std::string meaning;
  std::string shown;

  void add(const std::string& value, const std::string& masked) {
    meaning += (meaning.empty() ? "" : "\n") + value;
    shown += (shown.empty() ? "" : ", ") + masked;
  }
};

struct Both {
  std::string path;
  std::size_t row = 0;
  Said before;
  Said after;
};

/// Each path that either side has, in the order of the table.
class Paths {
 public:
  void add(const Config& config, Said Both::* side) {
    const std::vector<Leaf> meant = leaves(config, Secrets::Show);
    const std::vector<Leaf> masked = leaves(config, Secrets::Mask);
    for (std::size_t i = 0; i < meant.size(); ++i) (at(meant[i].path).*side).add(meant[i].value, masked[i].value);
  }
  std::vector<Both> take() && {
    std::ranges::stable_sort(all_, {}, &Both::row);
    return std::move(all_);
  }

 private:
  Both& at(const std::string& path) {
    const auto [found, added] = index_.emplace(path, all_.size());
    if (added) all_.push_back({path, row_of(path), {}, {}});
    return all_[found->second];
  }

  std::vector<Both> all_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

bool swaps(const Config& config) { return config.auth_swap && config.auth_swap->enabled; }

/// The proxy itself logs in to the brokers.
bool makes_logins(const Config& config) {
  return swaps(config) && config.upstream && uses_sasl(config.upstream->security_protocol);
}

bool upstream_tls(const Config& config) { return config.upstream && uses_tls(config.upstream->security_protocol); }
bool downstream_tls(const Config& config) { return uses_tls(config.downstream.security_protocol); }

/// Also who has no entry of its own.
bool maps_everybody(const AuthSwap& swap) {
  return std::ranges::any_of(swap.mapping, [](const auto& entry) { return entry.first == any_identity; });
}

/// Is `key` what is refused, or in it, or around it?
bool refused(const std::string& key, const std::vector<PartitionRefusal>& refusals) {
  return std::ranges::any_of(refusals, [&](const PartitionRefusal& refusal) {
    return key.starts_with(refusal.path) || refusal.path.starts_with(key);
  });
}

Reach reach_between(const Change& change, const Config& before, const Config& after) {
  const std::string& key = change.key;
  if (key.starts_with("partition_mapping.") &&
      refused(key, partition_refusals(before.partition_mapping, after.partition_mapping)))
    return Reach::Refused;
  if (key.starts_with("auth_swap.") && !swaps(before) && !swaps(after)) return Reach::None;
  if (key.starts_with("upstream.tls.") && !upstream_tls(before) && !upstream_tls(after)) return Reach::None;
  if (key.starts_with("downstream.tls.") && !downstream_tls(before) && !downstream_tls(after)) return Reach::None;
  if (key == "upstream.security_protocol" && makes_logins(before) != makes_logins(after)) return Reach::AllDrain;
  if (key.starts_with("auth_swap.downstream_credentials[") && change.before.empty()) return Reach::NextLogins;
  if (key.starts_with("auth_swap.mapping[") && change.before.empty() && swaps(before) &&
      key != "auth_swap.mapping[$anonymous]" && !maps_everybody(*before.auth_swap))
    return Reach::NextLogins;  // nobody got in by that name
  if (key.starts_with("auth_swap.upstream_credentials[") && change.after.empty()) return Reach::IdentitiesEnd;
  return reach_of(key);
}

std::vector<std::string> names(const std::vector<Credential>& credentials) {
  std::vector<std::string> all;
  for (const Credential& each : credentials) all.push_back(each.user);
  return all;
}

std::vector<std::string> names(const std::vector<std::pair<std::string, std::string>>& mapping) {
  std::vector<std::string> all;
  for (const auto& [client, user] : mapping) all.push_back(client);
  return all;
}

/// The same names in another order: the proxy's own questions may be asked as the first upstream user; nothing else
/// looks at it.
template <class List>
void add_order(std::vector<Change>& found, std::string key, const List& before, const List& after, Reach reach) {
  std::vector<std::string> was = names(before);
  std::vector<std::string> is = names(after);
  if (was == is || !std::ranges::is_permutation(was, is)) return;
  const auto joined = [](const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& name : list) out += (out.empty() ? "[" : ", ") + name;
    return out + "]";
  };
  found.push_back({std::move(key), joined(was), joined(is), reach, false});
}

void add_orders(std::vector<Change>& found, const Config& before, const Config& after) {
  if (!before.auth_swap || !after.auth_swap) return;
  const AuthSwap& was = *before.auth_swap;
  const AuthSwap& is = *after.auth_swap;
  const std::string block = "auth_swap.";
  add_order(found, block + "downstream_credentials", was.downstream_credentials, is.downstream_credentials,
            Reach::None);
  add_order(found, block + "upstream_credentials", was.upstream_credentials, is.upstream_credentials,
            makes_logins(before) || makes_logins(after) ? Reach::NextLogins : Reach::None);
  add_order(found, block + "mapping", was.mapping, is.mapping, Reach::None);
}

template <class File>
const File* find(const std::vector<File>& files, std::string_view key) {
  const auto key_of = [](const File& file) -> const std::string& {
    if constexpr (std::is_same_v<File, FileDigest>)
      return file.key;
    else
      return file.file.key;
  };
  const auto found = std::ranges::find(files, key, key_of);
  return found == files.end() ? nullptr : &*found;
}

/// First digits of a digest, or the word that stands for one.
std::string brief(const std::string& digest) { return digest.substr(0, 12); }

bool is_credentials(std::string_view key) { return key.starts_with("auth_swap."); }

/// A file whose content differs and of which no more is known.
Change differing(const FileDigest& before, const FileDigest& after) {
  const Reach reach = is_credentials(before.key) ? Reach::IdentitiesEnd : reach_of(before.key);
  return {before.key, brief(before.digest), brief(after.digest), reach, true};
}

/// user → secrets, of a file whose lines are right.
using Users = std::multimap<std::string, std::string>;

Users users_of(const FileContent& file) {
  Users users;
  if (auto read = read_credentials(file.content, file.file.path))
    for (Credential& each : *read) users.emplace(std::move(each.user), std::move(each.secret));
  return users;
}

Reach reach_of_credentials(const FileContent& before, const FileContent& after) {
  const Users is = users_of(after);
  const bool secrets_count = before.file.key == "auth_swap.downstream_credentials_file";
  for (const auto& [user, secret] : users_of(before)) {
    const auto [first, last] = is.equal_range(user);
    const auto same = [&](const auto& entry) { return !secrets_count || entry.second == secret; };
    if (std::none_of(first, last, same)) return Reach::IdentitiesEnd;
  }
  return Reach::NextLogins;
}

}  // namespace

std::string_view describe(Reach reach) {
  switch (reach) {
    case Reach::None:
      return "only what /config shows";
    case Reach::AtOnce:
      return "at once, nobody is cut";
    case Reach::NextDials:
      return "next dials to brokers, nobody is cut";
    case Reach::NextHandshakes:
      return "next handshakes, nobody is cut";
    case Reach::NextLogins:
      return "next logins and re-authentications, nobody is cut";
    case Reach::CertificatesEnd:
      return "connections whose certificate is no longer valid or names somebody else end, others stay";
    case Reach::IdentitiesEnd:
      return "sessions of identities that are gone, changed or mapped otherwise end, others stay";
    case Reach::EndpointsDrain:
      return "connections through endpoints that are gone or changed drain, others stay";
    case Reach::ClusterDrain:
      return "all connections drain if this is another cluster, else nobody is cut";
    case Reach::AllDrain:
      return "all connections drain";
    case Reach::Refused:
      return "the reload is refused";
  }
  return "";
}

std::span<const ReachRow> reach_table() { return table; }

Reach reach_of(std::string_view key) {
  const std::size_t row = row_of(key);
  return row < table.size() ? table[row].reach : Reach::AllDrain;
}

std::vector<Change> changes(const Config& before, const Config& after) {
  Paths paths;
  paths.add(before, &Both::before);
  paths.add(after, &Both::after);
  std::vector<Change> found;
  for (Both& each : std::move(paths).take()) {
    if (each.before.meaning == each.after.meaning) continue;
    Change& change = found.emplace_back(
        Change{std::move(each.path), std::move(each.before.shown), std::move(each.after.shown), Reach::None, false});
    change.reach = reach_between(change, before, after);
  }
  add_orders(found, before, after);
  std::ranges::stable_sort(found, {}, [](const Change& change) { return row_of(change.key); });
  return found;
}

std::vector<Change> changes(const std::vector<FileContent>& before, const std::vector<FileContent>& after) {
  std::vector<Change> found;
  for (const FileContent& is : after) {
    const FileContent* const was = find(before, is.file.key);
    if (was == nullptr || was->file.path != is.file.path) continue;
    if (was->content == is.content && was->error.has_value() == is.error.has_value()) continue;
    Change change = differing({was->file.key, was->file.path, digest(*was)}, {is.file.key, is.file.path, digest(is)});
    if (is_credentials(is.file.key)) change.reach = reach_of_credentials(*was, is);
    found.push_back(std::move(change));
  }
  return found;
}

std::vector<Change> changes(const std::vector<FileDigest>& before, const std::vector<FileDigest>& after) {
  std::vector<Change> found;
  for (const FileDigest& is : after)
    if (const FileDigest* const was = find(before, is.key); was != nullptr && was->path == is.path && *was != is)
      found.push_back(differing(*was, is));
  return found;
}

}  // namespace kp::config
