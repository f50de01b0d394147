#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "auth/swap.h"
#include "broker/dial.h"
#include "config/files.h"
#include "config/model.h"
#include "config/principal_rules.h"
#include "net/tls.h"
#include "proxy/doors.h"
#include "proxy/endpoints.h"
#include "proxy/unfit_topics.h"
#include "rewrite/response.h"
#include "virtual/mapping.h"

namespace kp::proxy {

/// What one configuration became: built whole before it serves, never changed after. A connection keeps the one that it
/// began with until a reload gives it the next, or ends it.
struct Runtime {
  std::shared_ptr<const config::Config> config;
  std::vector<config::FileContent> files;                 ///< that it names, as they were
  std::shared_ptr<const net::TlsContext> downstream_tls;  ///< null: plaintext
  std::shared_ptr<const net::TlsContext> upstream_tls;
  std::shared_ptr<const config::PrincipalRules> principal_rules;  ///< never null: from certificate to identity
  std::shared_ptr<const auth::Swap> swap;                         ///< never null
  std::shared_ptr<const broker::Dialer> dialer;
  std::shared_ptr<Endpoints> endpoints;

  std::shared_ptr<const virt::Mapping> mapping;  ///< null: no topic is virtual
  std::shared_ptr<UnfitTopics> unfit;            ///< never null: what was seen of the cluster's topics

  /// Upstream addresses in the order of the bootstrap slots.
  std::vector<HostPort> bootstrap;

  std::uint64_t serial = 0;   ///< grows with each reload
  std::uint64_t cluster = 0;  ///< grows when a reload leads to another Kafka cluster
  std::vector<Door> doors;    ///< by which connections come in, but for those of brokers

  /// What the parts were made of, file contents with it, digested: a reload keeps a part that is made of the same.
  struct Digests {
    std::string downstream_tls;
    std::string client_trust;  ///< the part of downstream_tls that says which client certificates are good
    std::string upstream_tls;
    std::string swap;
  };
  Digests digests;

  /// The client's identity by its certificate. Unauthorized: no rule names it, or not so.
  Result<std::string> identity_of(const net::PeerCertificate& certificate) const;
  /// Brokers want a login that only clients have: the cluster can't be asked.
  bool passive() const;
  /// Are clients asked for certificates?
  bool looks_at_certificates() const;

  /// What clients can't have: for the sake of the logins, or of virtual partitions.
  rewrite::Withheld withheld() const;

  /// Loads the certificates and credentials. Endpoints and doors are the caller's to add: they bind ports. Of `before`
  /// (may be null) it keeps what is made of the same.
  static Result<std::shared_ptr<Runtime>> build(std::shared_ptr<const config::Config> config,
                                                std::vector<config::FileContent> files = {},
                                                const Runtime* before = nullptr);
};

}  // namespace kp::proxy
