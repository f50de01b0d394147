#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/files.h"
#include "config/model.h"

/// What differs between the configuration in force and the next one, and which connections that concerns. Pure.
namespace kp::config {

/// From nobody to everybody.
enum class Reach : std::uint8_t {
  None,             ///< shown only
  AtOnce,           ///< acts at once, nobody is cut
  NextDials,        ///< nobody is cut
  NextHandshakes,   ///< nobody is cut
  NextLogins,       ///< clients' and ours, re-authentication too; nobody is cut
  CertificatesEnd,  ///< connections whose certificate is no longer valid, or names somebody else
  IdentitiesEnd,    ///< sessions of identities that are gone, changed, or mapped to another upstream user
  EndpointsDrain,   ///< connections through endpoints that are gone or changed
  ClusterDrain,     ///< all, if the cluster id is another; else nobody
  AllDrain,
  Refused  ///< what was in force stays
};

/// Who is concerned, in words: "next handshakes, nobody is cut".
std::string_view describe(Reach reach);

/// A key, or the block that it stands in.
struct ReachRow {
  std::string_view key;
  Reach reach;
};

/// THE table, in the order of the model; the longest key that fits counts. docs/reload.md shows it, and where a change
/// has another reach than its row: see changes().
std::span<const ReachRow> reach_table();

/// By the table alone; `key` may have indexes. AllDrain when no row fits: who forgets a row must not forget a
/// connection.
Reach reach_of(std::string_view key);

struct Change {
  std::string key;     ///< "limits.idle_timeout"; an index where order counts ([0]), a name where that does ([alice])
  std::string before;  ///< as in the YAML; empty: not there. Secrets are masked, so both may read the same
  std::string after;
  Reach reach = Reach::None;
  bool content = false;  ///< not the key's value but the file that it names: first digits of the digests
  bool operator==(const Change&) const = default;
};

/// In the order of the table; empty when the two are equal. The reach is the table's, but:
/// - None for what is not in use on either side: tls without TLS, auth_swap while disabled, an order without meaning;
/// - AllDrain for upstream.security_protocol when logins of the proxy at the brokers appear or vanish by it;
/// - Refused for what partition_refusals() names;
/// - NextLogins for a new client credential, IdentitiesEnd for an upstream credential that is gone.
std::vector<Change> changes(const Config& before, const Config& after);

/// Files of one key and one path whose content differs; another path is a change of the configuration. A credentials
/// file that only changes upstream passwords, or adds users, is NextLogins.
std::vector<Change> changes(const std::vector<FileContent>& before, const std::vector<FileContent>& after);

/// The same where only digests are known: a user may be gone from any credentials file.
std::vector<Change> changes(const std::vector<FileDigest>& before, const std::vector<FileDigest>& after);

}  // namespace kp::config
