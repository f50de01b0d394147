#include "config/emit.h"

#include "config/values.h"

namespace kp::config {
namespace {

/// A double-quoted YAML scalar. A '$' is written as \x24, so that a value is never taken for a variable.
std::string quote(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f || c == '$') {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 0xf];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Block-style YAML, two spaces a level.
class Writer {
 public:
  explicit Writer(Secrets secrets) : show_(secrets == Secrets::Show) {}
  std::string take() && { return std::move(out_); }

  void comment(std::string_view text) { out_ += "# " + std::string(text) + "\n"; }
  void open(std::string_view key) {
    line(std::string(key) + ":");
    ++depth_;
  }
  void close() { --depth_; }
  void open_item(std::string_view key, const std::string& text) {
    line("- " + std::string(key) + ": " + quote(text));
    ++depth_;
  }

  void text(std::string_view key, const std::string& value) { line(std::string(key) + ": " + quote(value)); }
  void word(std::string_view key, std::string_view value) { line(std::string(key) + ": " + std::string(value)); }
  void number(std::string_view key, std::int64_t value) { word(key, std::to_string(value)); }
  void flag(std::string_view key, bool value) { word(key, value ? "true" : "false"); }
  void item(const std::string& value) { line("- " + quote(value)); }
  void empty_list(std::string_view key) { line(std::string(key) + ": []"); }
  std::string secret(const std::string& value) const { return show_ ? value : "****"; }

  void addresses(std::string_view key, const std::vector<HostPort>& values) {
    if (values.empty()) return empty_list(key);
    open(key);
    for (const HostPort& value : values) item(to_string(value));
    close();
  }

 private:
  void line(const std::string& text) {
    out_.append(depth_ * 2, ' ');
    out_ += text + "\n";
  }

  bool show_;
  std::string out_;
  std::size_t depth_ = 0;
};

void write_rules(Writer& out, const TlsRules& rules) {
  if (rules.min_version != TlsVersion::Tls12) out.word("min_version", name_of(rules.min_version, tls_versions));
  if (!rules.ciphers.empty()) out.text("ciphers", rules.ciphers);
  if (!rules.cipher_suites.empty()) out.text("cipher_suites", rules.cipher_suites);
}

void write(Writer& out, const Upstream& upstream) {
  out.open("upstream");
  if (!upstream.bootstrap_servers.empty()) out.addresses("bootstrap_servers", upstream.bootstrap_servers);
  out.word("security_protocol", name_of(upstream.security_protocol, security_protocols));
  if (upstream.sasl_mechanism) out.word("sasl_mechanism", name_of(*upstream.sasl_mechanism, sasl_mechanisms));
  if (upstream.tls != UpstreamTls{}) {
    out.open("tls");
    out.text("ca_certs", upstream.tls.ca_certs);
    out.flag("trust_server_certs", upstream.tls.trust_server_certs);
    out.text("cert", upstream.tls.cert);
    out.text("key", upstream.tls.key);
    if (!upstream.tls.key_password.empty()) out.text("key_password", out.secret(upstream.tls.key_password));
    write_rules(out, upstream.tls.rules);
    out.close();
  }
  out.close();
}

void write(Writer& out, const DownstreamTls& tls) {
  out.text("cert", tls.cert);
  out.text("key", tls.key);
  if (!tls.key_password.empty()) out.text("key_password", out.secret(tls.key_password));
  out.flag("mtls_enabled", tls.mtls_enabled);
  if (tls.client_auth != ClientAuth::Required) out.word("client_auth", name_of(tls.client_auth, client_auths));
  out.text("ca_certs", tls.ca_certs);
  if (!tls.crl.empty()) out.text("crl", tls.crl);
  if (!tls.principal_mapping_rules.empty()) out.text("principal_mapping_rules", tls.principal_mapping_rules);
  write_rules(out, tls.rules);
}

void write(Writer& out, const Downstream& downstream) {
  out.open("downstream");
  out.word("security_protocol", name_of(downstream.security_protocol, security_protocols));
  if (!downstream.sasl_mechanisms.empty()) {
    out.open("sasl_mechanisms");
    for (const SaslMechanism mechanism : downstream.sasl_mechanisms)
      out.item(std::string(name_of(mechanism, sasl_mechanisms)));
    out.close();
  }
  if (downstream.sasl_session_lifetime.count() > 0)
    out.word("sasl_session_lifetime", format_duration(downstream.sasl_session_lifetime));
  if (uses_tls(downstream.security_protocol) || downstream.tls != DownstreamTls{}) {
    out.open("tls");
    write(out, downstream.tls);
    out.close();
  }
  out.close();
}

void write(Writer& out, const SniMapping& sni) {
  out.word("mode", "sni");
  out.open("sni");
  out.number("bind_port", sni.bind_port);
  out.number("advertised_port", sni.advertised_port);
  out.text("upstream", sni.upstream);
  out.text("downstream", sni.downstream);
  out.close();
}

void write(Writer& out, const PortOffsetMapping& mapping) {
  out.word("mode", "port_offset");
  out.open("port_offset");
  out.text("hostname", mapping.hostname);
  out.number("base", mapping.base);
  out.number("max_broker_id", mapping.max_broker_id);
  out.close();
}

void write(Writer& out, const DynamicMapping& mapping) {
  out.word("mode", "dynamic");
  out.open("dynamic");
  out.open("bootstrap");
  for (const BootstrapMapping& entry : mapping.bootstrap) {
    out.open_item("upstream", to_string(entry.upstream));
    out.text("listen", to_string(entry.listen));
    if (entry.advertised != entry.listen) out.text("advertised", to_string(entry.advertised));
    out.close();
  }
  out.close();
  if (!mapping.external.empty()) {
    out.open("external");
    for (const ExternalMapping& entry : mapping.external) {
      out.open_item("upstream", to_string(entry.upstream));
      out.text("advertised", to_string(entry.advertised));
      out.close();
    }
    out.close();
  }
  out.flag("listeners", mapping.listeners);
  out.text("listener_ip", mapping.listener_ip);
  out.text("advertised_listener", mapping.advertised_listener);
  out.number("min_port", mapping.min_port);
  out.number("max_ports", mapping.max_ports);
  out.flag("deterministic", mapping.deterministic);
  out.close();
}

void write_credentials(Writer& out, std::string_view key, const std::vector<Credential>& credentials) {
  if (credentials.empty()) return;
  out.open(key);
  for (const Credential& credential : credentials) out.item(credential.user + "=" + out.secret(credential.secret));
  out.close();
}

void write(Writer& out, const AuthSwap& swap) {
  out.open("auth_swap");
  out.flag("enabled", swap.enabled);
  write_credentials(out, "downstream_credentials", swap.downstream_credentials);
  write_credentials(out, "upstream_credentials", swap.upstream_credentials);
  if (!swap.downstream_credentials_file.empty())
    out.text("downstream_credentials_file", swap.downstream_credentials_file);
  if (!swap.upstream_credentials_file.empty()) out.text("upstream_credentials_file", swap.upstream_credentials_file);
  if (!swap.mapping.empty()) {
    out.open("mapping");
    for (const auto& [client, user] : swap.mapping) out.item(client + "=" + user);
    out.close();
  }
  out.close();
}

void write(Writer& out, const std::vector<ResolveRule>& rules) {
  if (rules.empty()) return;
  out.open("resolve");
  for (const ResolveRule& rule : rules) {
    out.open_item("host", rule.host);
    if (!rule.ipv4.empty()) out.text("ipv4", rule.ipv4);
    if (!rule.ipv6.empty()) out.text("ipv6", rule.ipv6);
    out.close();
  }
  out.close();
}

void write(Writer& out, const PartitionMapping& mapping) {
  out.open("partition_mapping");
  out.number("virtual_partitions", mapping.virtual_partitions);
  out.number("physical_partitions", mapping.physical_partitions);
  out.flag("resume_at_log_start", mapping.resume_at_log_start);
  if (!mapping.topics.empty()) {
    out.open("topics");
    for (const TopicPartitions& topic : mapping.topics) {
      out.open(quote(topic.topic));
      if (topic.virtual_partitions) out.number("virtual_partitions", *topic.virtual_partitions);
      if (topic.physical_partitions) out.number("physical_partitions", *topic.physical_partitions);
      out.text("filler", topic.filler);
      if (!topic.compacted.empty()) out.text("compacted", topic.compacted);
      out.close();
    }
    out.close();
  }
  out.close();
}

void write(Writer& out, const HttpProduce& gateway) {
  out.open("http_produce");
  out.open("http");
  out.number("port", gateway.port);
  out.number("metrics_port", gateway.metrics_port);
  out.close();
  out.open("kafka");
  out.addresses("brokers", gateway.brokers);
  for (const auto& [key, value] : gateway.kafka) out.text(key, key == "password" ? out.secret(value) : value);
  out.close();
  out.open("ratelimit");
  out.flag("enabled", gateway.ratelimit_enabled);
  if (!gateway.ratelimit.empty()) {
    out.open("rules");
    for (const RateLimitRule& rule : gateway.ratelimit) {
      out.open_item("topic_name", rule.topic_name);
      out.number("max_requests_per_minute", rule.max_requests_per_minute);
      out.close();
    }
    out.close();
  }
  out.close();
  if (!gateway.wal_directory.empty()) {
    out.open("wal");
    out.text("directory", gateway.wal_directory);
    out.close();
  }
  if (!gateway.output_file.empty()) out.text("output_file", gateway.output_file);
  out.close();
}

void write(Writer& out, const Limits& limits) {
  out.open("limits");
  out.number("max_connections", limits.max_connections);
  out.number("max_frame_bytes", limits.max_frame_bytes);
  out.number("max_in_flight", limits.max_in_flight);
  out.word("handshake_timeout", format_duration(limits.handshake_timeout));
  out.word("idle_timeout", format_duration(limits.idle_timeout));
  out.word("connect_timeout", format_duration(limits.connect_timeout));
  out.word("drain_timeout", format_duration(limits.drain_timeout));
  out.close();
}

}  // namespace

std::string emit(const Config& config, Secrets secrets) {
  Writer out(secrets);
  if (!config.generation.empty()) out.comment("generation: " + config.generation);
  out.text("bind_address", config.bind_address);
  if (config.upstream) write(out, *config.upstream);
  write(out, config.downstream);
  if (config.broker_mapping) {
    out.open("broker_mapping");
    std::visit([&](const auto& mapping) { write(out, mapping); }, *config.broker_mapping);
    out.close();
  }
  if (config.auth_swap) write(out, *config.auth_swap);
  write(out, config.resolve);
  if (config.partition_mapping) write(out, *config.partition_mapping);
  if (config.http_produce) write(out, *config.http_produce);
  out.open("admin");
  out.text("address", config.admin_address ? to_string(*config.admin_address) : "none");
  out.close();
  write(out, config.limits);
  out.open("logging");
  out.word("level", name_of(config.logging.level, log_levels));
  out.word("format", name_of(config.logging.format, log_formats));
  out.close();
  return std::move(out).take();
}

}  // namespace kp::config
