#include "bench/stage.h"

#include <cstdlib>
#include <filesystem>

#include "bench/relay.h"

namespace kp::bench {

Certificate make_certificate(const std::string& proxy_binary, const std::string& folder) {
  const std::string command =
      proxy_binary + " certs generate --sni-suffix bench.example --out " + folder + " >" + folder + "/certs.log 2>&1";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  if (std::system(command.c_str()) != 0) give_up("no certificates: see " + folder + "/certs.log");
  return {folder + "/server.pem", folder + "/server_key.pem"};
}

Stage::Stage(const std::string& proxy_binary, const std::string& folder, Security security,
             const Certificate& certificate)
    : security_(security), client_tls_(clients_use_tls(security) ? client_tls() : nullptr) {
  Listener listener = listen_on_loopback();
  const std::uint16_t broker_port = listener.port;
  broker_.emplace(Process::fork([&] {
    const TlsContext tls =
        security == Security::BothTls ? server_tls(certificate.certificate, certificate.key) : nullptr;
    serve_broker(std::move(listener), orders_, tls.get());
  }));
  if (security != Security::ClientTls) targets_.push_back({"direct", broker_port, nullptr});
  if (!clients_use_tls(security)) add_relay("relay, copying", serve_relay, broker_port);
  if (security == Security::Swap) {
    add_proxy("kafkaproxy", proxy_binary, folder + "/plain", broker_port, {Security::Plain, certificate});
    add_proxy("auth_swap", proxy_binary, folder, broker_port, {security, certificate});
    targets_.back().login = true;
    return;
  }
  if (security == Security::Virtual) {
    add_proxy("kafkaproxy", proxy_binary, folder + "/plain", broker_port, {Security::Plain, certificate});
    add_proxy("virtual", proxy_binary, folder, broker_port, {security, certificate});
    return;
  }
  if (security == Security::Plain) add_relay("relay, splicing", serve_splicing_relay, broker_port);
  add_peer("nginx", start_nginx(folder + "/nginx", broker_port, security, certificate));
  add_peer("haproxy", start_haproxy(folder + "/haproxy", broker_port, security, certificate));
  add_proxy("kafkaproxy", proxy_binary, folder, broker_port, {security, certificate});
}

void Stage::add_relay(const char* name, Serve serve, std::uint16_t broker_port) {
  Listener listener = listen_on_loopback();
  const std::uint16_t port = listener.port;
  processes_.push_back(std::make_unique<Process>(Process::fork([&] { serve(std::move(listener), broker_port); })));
  targets_.push_back({name, port, processes_.back().get()});
}

void Stage::add_peer(const char* name, std::optional<Peer> peer) {
  if (!peer) {
    say(std::string(name) + " is not installed and left out: scripts/install-deps.sh bench");
    return;
  }
  processes_.push_back(std::make_unique<Process>(std::move(peer->process)));
  targets_.push_back({name, peer->port, processes_.back().get()});
}

void Stage::add_proxy(const char* name, const std::string& binary, const std::string& folder, std::uint16_t broker_port,
                      const ProxySides& sides) {
  proxies_.push_back(std::make_unique<ProxyProcess>(binary, folder, broker_port, sides));
  targets_.push_back({name, proxies_.back()->port(), &proxies_.back()->process()});
}

Stages::Stages(std::string proxy_binary, const std::string& folder)
    : proxy_binary_(std::move(proxy_binary)),
      folder_(std::filesystem::absolute(folder).string()),
      certificate_(make_certificate(proxy_binary_, folder_ + "/certs")) {}

Stage& Stages::of(Security security) { return stage_ && stage_->security() == security ? *stage_ : fresh(security); }

Stage& Stages::fresh(Security security) {
  stage_.reset();
  const std::string where = folder_ + "/stage-" + std::to_string(static_cast<int>(security));
  stage_ = std::make_unique<Stage>(proxy_binary_, where, security, certificate_);
  return *stage_;
}

}  // namespace kp::bench
