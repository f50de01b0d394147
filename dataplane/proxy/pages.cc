#include "proxy/pages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/emit.h"

namespace kp::proxy {

std::string config_page(const config::Config& config, const ConfigState& state,
                        const std::vector<config::FileDigest>& files, const std::vector<virt::UnfitTopic>& unfit) {
  nlohmann::ordered_json named = nlohmann::ordered_json::array();
  for (const config::FileDigest& file : files)
    named.push_back({{"key", file.key}, {"path", file.path}, {"digest", file.digest}});
  nlohmann::ordered_json topics = nlohmann::ordered_json::array();
  for (const virt::UnfitTopic& topic : unfit)
    topics.push_back({{"topic", topic.name},
                      {"partitions", topic.has},
                      {"physical_partitions", topic.wanted},
                      {"compacted", topic.compacted}});
  nlohmann::ordered_json error;
  if (!state.refusal.errors.empty())
    error = {{"at", state.refused_at}, {"generation", state.refusal.generation}, {"errors", state.refusal.errors}};
  const nlohmann::ordered_json page{{"hash", state.hash},
                                    {"generation", config.generation},
                                    {"loaded_at", state.loaded_at},
                                    {"reloads", state.reloads},
                                    {"reload_failures", state.reload_failures},
                                    {"last_reload_error", error},
                                    {"unfit_topics", topics},
                                    {"files", named},
                                    {"config", config::emit(config, config::Secrets::Mask)}};
  return page.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string brokers_page(const std::vector<Endpoint>& brokers) {
  nlohmann::ordered_json page = nlohmann::ordered_json::array();
  for (const Endpoint& broker : brokers)
    page.push_back({{"id", broker.id},
                    {"upstream", to_string(broker.upstream)},
                    {"downstream", to_string(broker.downstream)},
                    {"reachable", broker.reachable()}});
  return page.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

namespace {

std::string_view name(config::SecurityProtocol protocol) {
  switch (protocol) {
    case config::SecurityProtocol::Plaintext:
      return "PLAINTEXT";
    case config::SecurityProtocol::SaslPlaintext:
      return "SASL_PLAINTEXT";
    case config::SecurityProtocol::Ssl:
      return "SSL";
    case config::SecurityProtocol::SaslSsl:
      return "SASL_SSL";
  }
  return "?";
}

std::string bootstrap_lines(const config::Config& config) {
  std::string out;
  if (const auto* sni = std::get_if<config::SniMapping>(&*config.broker_mapping)) {
    out += fmt::format("  any other name:{} → {}  (bootstrap)\n", sni->advertised_port,
                       to_string(config.upstream->bootstrap_servers.front()));
  } else if (const auto* ports = std::get_if<config::PortOffsetMapping>(&*config.broker_mapping)) {
    for (std::size_t slot = 0; slot < config.upstream->bootstrap_servers.size(); ++slot)
      out += fmt::format("  {}:{} → {}  (bootstrap)\n", ports->hostname, ports->base + slot,
                         to_string(config.upstream->bootstrap_servers[slot]));
  } else {
    for (const auto& mapping : std::get<config::DynamicMapping>(*config.broker_mapping).bootstrap)
      out += fmt::format("  {} → {}  (bootstrap)\n", to_string(mapping.advertised), to_string(mapping.upstream));
  }
  return out;
}

}  // namespace

std::string summary(const config::Config& config, const std::vector<Endpoint>& brokers) {
  if (!config.broker_mapping) return "kafkaproxy: HTTP only\n";
  const auto upstream = config.upstream ? config.upstream->security_protocol : config::SecurityProtocol::Plaintext;
  std::string out =
      fmt::format("kafkaproxy: clients {} → brokers {}\n", name(config.downstream.security_protocol), name(upstream));
  out += bootstrap_lines(config);
  for (const Endpoint& broker : brokers)
    out += fmt::format("  {} → {}  (broker {}{})\n", to_string(broker.downstream), to_string(broker.upstream),
                       broker.id, broker.reachable() ? "" : ", not reachable now");
  if (brokers.empty()) out += "  brokers: not learned yet\n";
  return out;
}

}  // namespace kp::proxy
