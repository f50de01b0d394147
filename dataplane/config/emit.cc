#include "config/emit.h"

#include "config/emit_writer.h"
#include "config/values.h"

namespace kp::config {

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

namespace {

void write_rules(Writer& out, const TlsRules& rules) {
  if (rules.min_version != TlsVersion::Tls12) out.word("min_version", name_of(rules.min_version, tls_versions));
  if (!rules.ciphers.empty()) out.text("ciphers", rules.ciphers);
  if (!rules.cipher_suites.empty()) out.text("cipher_suites", rules.cipher_suites);
}

void write(Writer& out, const UpstreamTls& tls) {
  out.text("ca_certs", tls.ca_certs);
  out.flag("trust_server_certs", tls.trust_server_certs);
  out.text("cert", tls.cert);
  out.text("key", tls.key);
  if (!tls.key_password.empty()) out.text("key_password", out.secret(tls.key_password));
  write_rules(out, tls.rules);
}

void write(Writer& out, const Upstream& upstream) {
  out.open("upstream");
  if (!upstream.bootstrap_servers.empty()) out.addresses("bootstrap_servers", upstream.bootstrap_servers);
  out.word("security_protocol", name_of(upstream.security_protocol, security_protocols));
  if (upstream.sasl_mechanism) out.word("sasl_mechanism", name_of(*upstream.sasl_mechanism, sasl_mechanisms));
  if (out.all_blocks() || upstream.tls != UpstreamTls{}) {
    out.open("tls");
    write(out, upstream.tls);
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
  if (!downstream.sasl_mechanisms.empty()) out.mechanisms("sasl_mechanisms", downstream.sasl_mechanisms);
  if (downstream.sasl_session_lifetime.count() > 0)
    out.word("sasl_session_lifetime", format_duration(downstream.sasl_session_lifetime));
  if (out.all_blocks() || uses_tls(downstream.security_protocol) || downstream.tls != DownstreamTls{}) {
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

void write_credentials(Writer& out, const std::string& key, const std::vector<Credential>& credentials) {
  if (credentials.empty()) return;
  out.open(key);
  for (const Credential& credential : credentials) out.named_item(credential.user, out.secret(credential.secret));
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
    for (const auto& [client, user] : swap.mapping) out.named_item(client, user);
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
  if (mapping.tail_cache_bytes > 0) out.number("tail_cache_bytes", mapping.tail_cache_bytes);
  if (!mapping.topics.empty()) {
    out.open("topics");
    for (const TopicPartitions& topic : mapping.topics) {
      out.open(topic.topic, quote(topic.topic));
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

void write(Writer& out, const HttpDoor& http) {
  out.open("http");
  out.number("port", http.port);
  out.number("metrics_port", http.metrics_port);
  out.number("max_connections", http.max_connections);
  out.number("max_body_bytes", http.max_body_bytes);
  out.number("max_buffered_bytes", http.max_buffered_bytes);
  out.word("request_timeout", format_duration(http.request_timeout));
  out.word("idle_timeout", format_duration(http.idle_timeout));
  out.word("idempotency_window", format_duration(http.idempotency_window));
  if (http.tls) {
    out.open("tls");
    write(out, *http.tls);
    out.close();
  }
  if (!http.logins.empty()) out.choices("authentication", http.logins, http_logins);
  write_credentials(out, "bearer_tokens", http.bearer_tokens);
  if (!http.bearer_tokens_file.empty()) out.text("bearer_tokens_file", http.bearer_tokens_file);
  if (!http.cors_origins.empty()) {
    out.open("cors_origins");
    for (const std::string& origin : http.cors_origins) out.item(origin);
    out.close();
  }
  out.close();
}

void write(Writer& out, const HttpKafka& kafka) {
  out.open("kafka");
  out.addresses("brokers", kafka.brokers);
  if (!kafka.user.empty()) out.text("user", kafka.user);
  if (!kafka.password.empty()) out.text("password", out.secret(kafka.password));
  if (kafka.security_protocol) out.word("security_protocol", name_of(*kafka.security_protocol, security_protocols));
  if (kafka.sasl_mechanism) out.word("sasl_mechanism", name_of(*kafka.sasl_mechanism, sasl_mechanisms));
  if (!kafka.compression.empty()) out.text("compression", kafka.compression);
  for (const auto& [key, value] : kafka.settings) out.number(key, value);
  if (kafka.tls) {
    out.open("tls");
    write(out, *kafka.tls);
    out.close();
  }
  out.close();
}

void write(Writer& out, const Wal& wal) {
  out.open("wal");
  out.text("directory", wal.directory);
  out.word("fsync", name_of(wal.fsync, fsyncs));
  out.word("fsync_interval", format_duration(wal.fsync_interval));
  out.number("max_bytes", static_cast<std::int64_t>(wal.max_bytes));
  out.number("segment_bytes", static_cast<std::int64_t>(wal.segment_bytes));
  out.close();
}

void write(Writer& out, const HttpProduce& gateway) {
  out.open("http_produce");
  write(out, gateway.http);
  write(out, gateway.kafka);
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
  if (gateway.wal) write(out, *gateway.wal);
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

void write(Writer& out, const Config& config) {
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
}

}  // namespace

std::string emit(const Config& config, Secrets secrets) {
  Writer out(secrets);
  write(out, config);
  return std::move(out).take();
}

std::vector<Leaf> leaves(const Config& config, Secrets secrets) {
  Writer out(secrets, Blocks::All);
  write(out, config);
  std::vector<Leaf> all = std::move(out).take_leaves();
  if (!config.generation.empty()) all.push_back({"generation", config.generation});
  return all;
}

}  // namespace kp::config
