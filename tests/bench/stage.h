#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/broker.h"
#include "bench/peers.h"
#include "bench/process.h"
#include "bench/proxy_process.h"
#include "bench/target.h"
#include "bench/wire.h"

namespace kp::bench {

/// By kafkaproxy's own command, into `folder`, which is emptied first.
Certificate make_certificate(const std::string& proxy_binary, const std::string& folder);

/// Everything that one kind of security needs: a broker and the ways to it. Peers that aren't installed are left out.
class Stage {
 public:
  Stage(const std::string& proxy_binary, const std::string& folder, Security security, const Certificate& certificate);

  Security security() const { return security_; }
  /// Direct, copying relay, splicing relay, nginx, haproxy, kafkaproxy: those there are for this security. Of Swap and
  /// Virtual: direct, copying relay, kafkaproxy without it, and with it.
  const std::vector<Target>& targets() const { return targets_; }
  ssl_ctx_st* tls() const { return client_tls_.get(); }  ///< of clients; null: plaintext
  void set_fetch_bytes(std::size_t bytes) { orders_.set_fetch_bytes(static_cast<std::uint32_t>(bytes)); }

 private:
  using Serve = void (*)(Listener, std::uint16_t);
  void add_relay(const char* name, Serve serve, std::uint16_t broker_port);
  void add_peer(const char* name, std::optional<Peer> peer);
  void add_proxy(const char* name, const std::string& binary, const std::string& folder, std::uint16_t broker_port,
                 const ProxySides& sides);

  const Security security_;
  const TlsContext client_tls_;
  Orders orders_;
  std::optional<Process> broker_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<ProxyProcess>> proxies_;
  std::vector<Target> targets_;
};

/// Stages, one at a time: the next kind ends the last.
class Stages {
 public:
  /// `folder` gets certificates, configurations and logs.
  Stages(std::string proxy_binary, const std::string& folder);

  Stage& of(Security security);
  Stage& fresh(Security security);  ///< whose processes nobody has used

 private:
  const std::string proxy_binary_;
  const std::string folder_;
  const Certificate certificate_;
  std::unique_ptr<Stage> stage_;
};

}  // namespace kp::bench
