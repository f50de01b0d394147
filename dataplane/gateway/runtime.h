#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/files.h"
#include "config/model.h"
#include "gateway/idempotency.h"
#include "gateway/logins.h"
#include "gateway/producers.h"
#include "gateway/rate_limits.h"
#include "gateway/wal.h"
#include "net/tls.h"

namespace kp::gateway {

/// What one configuration became: built whole before it serves, never changed after. A request keeps the one that it
/// began with.
struct Runtime {
  std::shared_ptr<const config::Config> config;  ///< http_produce is there
  std::shared_ptr<const net::TlsContext> tls;    ///< null: plain HTTP
  std::shared_ptr<const Logins> logins;
  std::shared_ptr<Producers> producers;
  std::shared_ptr<RateLimits> limits;
  std::shared_ptr<Idempotency> answered;
  std::shared_ptr<Wal> wal;           ///< null: none
  std::shared_ptr<Producers> logged;  ///< the log's
  std::string files;                  ///< digest of the files that producers and TLS were made of

  const config::HttpDoor& http() const { return config->http_produce->http; }
  /// The most records that one request may hold.
  std::size_t most_records() const;

  /// Of `before` (may be null) it keeps what is made of the same. Errors: Invalid; Conflict: the log is another
  /// process's.
  static Result<std::shared_ptr<const Runtime>> build(const config::Config& config,
                                                      const std::vector<config::FileContent>& files,
                                                      const Runtime* before);
};

}  // namespace kp::gateway
