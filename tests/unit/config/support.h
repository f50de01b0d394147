#pragma once

#include <map>
#include <optional>
#include <string>

#include "config/parse.h"

namespace kp::config {

/// An environment of exactly these variables.
inline Environment environment_of(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

/// What the golden files are read with. "hunter2" is in every secret, so that a leak is easily seen.
inline Environment golden_environment() {
  return environment_of({{"APIK1", "key"},
                         {"APIS1", "hunter2"},
                         {"EMPTY", ""},
                         {"SECRET", "hunter2"},
                         {"TWO_LINES", "hunter2\nhunter2"},
                         {"WITH_HASH", "hunter2 #hunter2"}});
}

/// A configuration without errors or warnings that uses every key; `mapping` is the block under broker_mapping.
inline std::string full_yaml(const std::string& mapping) {
  return R"(# generation: 42
bind_address: "::"
upstream:
  bootstrap_servers: ["kafka-0:9093", "[2001:db8::1]:9093"]
  security_protocol: SASL_SSL
  sasl_mechanism: SCRAM-SHA-512
  tls: {ca_certs: ca.pem, trust_server_certs: false, cert: client.pem, key: client_key.pem, key_password: hunter2,
        min_version: TLSv1.3, cipher_suites: TLS_AES_256_GCM_SHA384}
downstream:
  security_protocol: SASL_SSL
  sasl_mechanisms: [SCRAM-SHA-512, PLAIN]
  sasl_session_lifetime: 1h
  tls: {cert: s.pem, key: s_key.pem, key_password: hunter2, mtls_enabled: true, ca_certs: clients.pem,
        client_auth: optional, crl: revoked.pem, principal_mapping_rules: "RULE:^CN=(.*?),.*$/$1/L, DEFAULT",
        ciphers: ECDHE-RSA-AES256-GCM-SHA384}
broker_mapping:
)" + mapping +
         R"(
auth_swap:
  enabled: true
  downstream_credentials: ["alice=a=b\"c\\d\x24{SECRET}", "bob=x"]
  upstream_credentials: ["svc=hunter2"]
  downstream_credentials_file: users.txt
  upstream_credentials_file: logins.txt
  mapping: ["alice=svc", "bob=svc", "$anonymous=svc"]
resolve:
  - {host: "*.internal", ipv4: 10.0.0.7, ipv6: "2001:db8::7"}
  - {host: kafka-0, ipv6: "::1"}
partition_mapping:
  virtual_partitions: 100
  physical_partitions: 10
  resume_at_log_start: false
  tail_cache_bytes: 1MiB
  topics:
    orders: {virtual_partitions: 200, physical_partitions: 20, filler: none, compacted: keyed}
    "iot\\..*": {}
http_produce:
  http:
    port: 4243
    metrics_port: 8088
    max_connections: 11
    max_body_bytes: 1MiB
    max_buffered_bytes: 2MiB
    request_timeout: 3s
    idle_timeout: 4s
    idempotency_window: 5s
    tls: {cert: h.pem, key: h_key.pem, key_password: hunter2, mtls_enabled: true, ca_certs: hc.pem, client_auth: optional,
          crl: hr.pem, principal_mapping_rules: DEFAULT, min_version: TLSv1.3, ciphers: X, cipher_suites: Y}
    authentication: [basic, bearer]
    bearer_tokens: ["carol=hunter2"]
    bearer_tokens_file: tokens.txt
    cors_origins: ["https://a.example"]
  kafka:
    brokers: ["127.0.0.1:9092", kafka-9]
    user: u
    password: hunter2
    security_protocol: SASL_SSL
    sasl_mechanism: PLAIN
    compression: lz4
    retries: 5
    request_required_acks: -1
    tls: {ca_certs: k.pem, trust_server_certs: false, cert: kc.pem, key: kk.pem, key_password: hunter2,
          min_version: TLSv1.3, ciphers: X, cipher_suites: Y}
  ratelimit: {enabled: true, rules: [{topic_name: orders, max_requests_per_minute: 60}]}
  wal: {directory: /var/lib/wal, fsync: each, fsync_interval: 2s, max_bytes: 64MiB, segment_bytes: 1MiB}
  output_file: /dev/stdout
admin: {address: "[::1]:9405"}
limits:
  max_connections: 10
  max_frame_bytes: 1MiB
  max_in_flight: 7
  handshake_timeout: 1s
  idle_timeout: 90s
  connect_timeout: 1500ms
  drain_timeout: 1h
logging: {level: debug, format: json}
)";
}

inline const char* const sni_yaml =
    R"(  mode: sni
  sni: {bind_port: 9092, advertised_port: 443, upstream: '^(.*)\.internal$', downstream: 'b<$id>-<$1>.example.com'})";
inline const char* const port_offset_yaml =
    R"(  mode: port_offset
  port_offset: {hostname: kafka.example.com, base: 9192, max_broker_id: 100})";
inline const char* const dynamic_yaml =
    R"(  mode: dynamic
  dynamic:
    bootstrap:
      - {upstream: "kafka-0:9092", listen: "[::1]:32400", advertised: "proxy:32400"}
      - {upstream: "kafka-1:9092", listen: "127.0.0.1:0"}
    external: [{upstream: "kafka-2:9092", advertised: "elsewhere:9092"}]
    listeners: true
    listener_ip: 127.0.0.1
    advertised_listener: "b{{.brokerId}}.example.com:443"
    min_port: 33000
    max_ports: 100
    deterministic: false)";

}  // namespace kp::config
