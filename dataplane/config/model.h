#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/host_port.h"
#include "base/log.h"

/// The configuration as values: what the YAML file (or the flags, or the operator) says, defaults filled in, nothing
/// resolved or opened. Relative file names are relative to the working directory, as in the Rust seed.
namespace kp::config {

enum class SecurityProtocol : std::uint8_t { Plaintext, SaslPlaintext, Ssl, SaslSsl };
enum class SaslMechanism : std::uint8_t { Plain, ScramSha256, ScramSha512 };
enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
enum class ClientAuth : std::uint8_t { Required, Optional };

constexpr bool uses_tls(SecurityProtocol protocol) {
  return protocol == SecurityProtocol::Ssl || protocol == SecurityProtocol::SaslSsl;
}
constexpr bool uses_sasl(SecurityProtocol protocol) {
  return protocol == SecurityProtocol::SaslPlaintext || protocol == SecurityProtocol::SaslSsl;
}

/// What a handshake may agree on.
struct TlsRules {
  TlsVersion min_version = TlsVersion::Tls12;
  std::string ciphers;        ///< TLS 1.2, OpenSSL's list; empty: ours
  std::string cipher_suites;  ///< TLS 1.3; empty: OpenSSL's
  bool operator==(const TlsRules&) const = default;
};

struct UpstreamTls {
  std::string ca_certs;             ///< PEM bundle; empty: the system's roots
  bool trust_server_certs = false;  ///< accept any certificate
  std::string cert;                 ///< client certificate, PEM; empty: none
  std::string key;
  std::string key_password;  ///< a secret
  TlsRules rules;
  bool operator==(const UpstreamTls&) const = default;
};

struct Upstream {
  std::vector<HostPort> bootstrap_servers;  ///< 1…20
  SecurityProtocol security_protocol = SecurityProtocol::SaslSsl;
  std::optional<SaslMechanism> sasl_mechanism;
  UpstreamTls tls;
  bool operator==(const Upstream&) const = default;
};

struct DownstreamTls {
  std::string cert = "server.pem";
  std::string key = "server_key.pem";
  std::string key_password;  ///< a secret
  bool mtls_enabled = false;
  ClientAuth client_auth =
      ClientAuth::Required;             ///< under mTLS; optional: without a certificate a client is $anonymous
  std::string ca_certs;                 ///< who may sign client certificates; under mTLS default ca.pem
  std::string crl;                      ///< PEM; empty: none is looked at
  std::string principal_mapping_rules;  ///< as Kafka's ssl.principal.mapping.rules; empty: the CN
  TlsRules rules;
  bool operator==(const DownstreamTls&) const = default;
};

struct Downstream {
  SecurityProtocol security_protocol = SecurityProtocol::SaslSsl;
  std::vector<SaslMechanism> sasl_mechanisms;
  std::chrono::milliseconds sasl_session_lifetime{0};  ///< KIP-368: by then a client must log in again; 0: never
  DownstreamTls tls;
  bool operator==(const Downstream&) const = default;
};

/// One port; the client's TLS server name says which broker it wants.
struct SniMapping {
  std::uint16_t bind_port = 0;
  std::uint16_t advertised_port = 0;  ///< default bind_port
  std::string upstream;               ///< RE2, unanchored, on the upstream host
  std::string downstream;             ///< template: <$0>, <$1>…, <$id>
  bool operator==(const SniMapping&) const = default;
};

/// base…base+19: bootstrap servers; base+20+id: broker id.
struct PortOffsetMapping {
  static constexpr int bootstrap_slots = 20;
  std::string hostname;
  std::uint16_t base = 0;
  BrokerId max_broker_id = 400;  ///< alias max_brokers
  bool operator==(const PortOffsetMapping&) const = default;
};

/// A listener that stands for one upstream address (Go seed: --bootstrap-server-mapping).
struct BootstrapMapping {
  HostPort upstream;
  HostPort listen;      ///< port 0: any free one
  HostPort advertised;  ///< default: listen
  bool operator==(const BootstrapMapping&) const = default;
};

/// An address that is only advertised, without a listener of ours (Go seed: --external-server-mapping).
struct ExternalMapping {
  HostPort upstream;
  HostPort advertised;
  bool operator==(const ExternalMapping&) const = default;
};

/// A listener per discovered broker.
struct DynamicMapping {
  std::vector<BootstrapMapping> bootstrap;
  std::vector<ExternalMapping> external;
  bool listeners = true;  ///< false: brokers without a mapping stay unreachable
  std::string listener_ip = "0.0.0.0";
  std::string advertised_listener;  ///< host or host:port, {{.brokerId}} is the id; empty: listener_ip and its port
  std::uint16_t min_port = 0;       ///< 0: any free port
  std::uint16_t max_ports = 0;      ///< sequential: ports min_port…min_port+max_ports-1
  bool deterministic = false;       ///< port = min_port + broker id
  bool operator==(const DynamicMapping&) const = default;
};

using BrokerMapping = std::variant<SniMapping, PortOffsetMapping, DynamicMapping>;

/// A secret. Nothing prints it: there is no operator<<, and emit masks it.
struct Credential {
  std::string user;
  std::string secret;
  bool operator==(const Credential&) const = default;
};

/// Names that are no user's, in `mapping`.
inline constexpr std::string_view anonymous_identity = "$anonymous";  ///< who has neither login nor certificate
inline constexpr std::string_view any_identity = "*";                 ///< every client that has no entry of its own
inline constexpr std::string_view same_user = "$self";                ///< the upstream user of the client's own name

constexpr bool is_reserved_identity(std::string_view name) {
  return name == anonymous_identity || name == any_identity || name == same_user;
}

struct AuthSwap {
  bool enabled = false;
  std::vector<Credential> downstream_credentials;
  std::vector<Credential> upstream_credentials;
  std::string downstream_credentials_file;
  std::string upstream_credentials_file;
  std::vector<std::pair<std::string, std::string>> mapping;  ///< client identity → upstream user; later wins
  bool operator==(const AuthSwap&) const = default;
};

/// Overrides DNS for upstream names. Exact beats wildcard; more literal characters beat fewer; later beats earlier;
/// '*' stays within one label.
struct ResolveRule {
  std::string host;
  std::string ipv4;  ///< at least one of the two
  std::string ipv6;
  bool operator==(const ResolveRule&) const = default;
};

struct Limits {
  std::uint32_t max_connections = 20000;
  std::uint32_t max_frame_bytes = 104857600;
  std::uint32_t max_in_flight = 1000;  ///< requests per connection that wait for their response
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds idle_timeout{600'000};
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds drain_timeout{30'000};
  bool operator==(const Limits&) const = default;
};

struct Logging {
  log::Level level = log::Level::Info;
  log::Format format = log::Format::Text;
  bool operator==(const Logging&) const = default;
};

/// partition_mapping: read and checked here; acting on it is the virtualisation's business.
struct TopicPartitions {
  std::string topic;  ///< exact name, or an anchored pattern when it holds * ? or [
  std::optional<std::int32_t> virtual_partitions;
  std::optional<std::int32_t> physical_partitions;
  std::string filler = "control";  ///< control | none
  std::string compacted;           ///< empty | keyed

  bool is_pattern() const { return topic.find_first_of("*?[") != std::string::npos; }
  bool operator==(const TopicPartitions&) const = default;
};
struct PartitionMapping {
  std::int32_t virtual_partitions = 0;
  std::int32_t physical_partitions = 0;
  bool resume_at_log_start = true;
  std::uint32_t tail_cache_bytes = 0;  ///< what was just read, kept for others of a physical partition; 0: nothing is
  std::vector<TopicPartitions> topics;

  /// What counts for one of `topics`: its own number, else that for all.
  std::int32_t virtual_of(const TopicPartitions& topic) const {
    return topic.virtual_partitions.value_or(virtual_partitions);
  }
  std::int32_t physical_of(const TopicPartitions& topic) const {
    return topic.physical_partitions.value_or(physical_partitions);
  }
  bool operator==(const PartitionMapping&) const = default;
};

/// http_produce: records that come by HTTP; the HTTP seed's keys and more.
struct RateLimitRule {
  std::string topic_name;
  std::uint32_t max_requests_per_minute = 0;  ///< records; 0: unlimited
  bool operator==(const RateLimitRule&) const = default;
};

enum class HttpLogin : std::uint8_t { Basic, Bearer };

/// The clients' side.
struct HttpDoor {
  std::uint16_t port = 4242;
  std::uint16_t metrics_port = 0;  ///< 0: only the admin endpoint
  std::uint32_t max_connections = 10'000;
  std::uint32_t max_body_bytes = 8 << 20;       ///< of one request, after decompression
  std::uint32_t max_buffered_bytes = 64 << 20;  ///< of all requests that are under way
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds idempotency_window{300'000};
  std::optional<DownstreamTls> tls;  ///< absent: plain HTTP
  std::vector<HttpLogin> logins;     ///< empty: who has no certificate is anonymous
  std::vector<Credential> bearer_tokens;
  std::string bearer_tokens_file;
  std::vector<std::string> cors_origins;  ///< empty: no CORS
  bool operator==(const HttpDoor&) const = default;
};

/// How the producer talks to the brokers; what isn't said is as for `upstream`.
struct HttpKafka {
  std::vector<HostPort> brokers;  ///< empty: upstream.bootstrap_servers
  std::string user;
  std::string password;  ///< a secret
  std::optional<SecurityProtocol> security_protocol;
  std::optional<SaslMechanism> sasl_mechanism;
  std::optional<UpstreamTls> tls;
  std::string compression;                                     ///< none, gzip, snappy, lz4, zstd; empty: none
  std::vector<std::pair<std::string, std::int64_t>> settings;  ///< librdkafka's, in the seed's spelling
  bool operator==(const HttpKafka&) const = default;
};

enum class Fsync : std::uint8_t { Each, Interval };

/// The write-ahead log.
struct Wal {
  std::string directory;
  Fsync fsync = Fsync::Interval;
  std::chrono::milliseconds fsync_interval{100};
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
  std::uint64_t segment_bytes = 64 << 20;
  bool operator==(const Wal&) const = default;
};

struct HttpProduce {
  HttpDoor http;
  HttpKafka kafka;
  bool ratelimit_enabled = false;
  std::vector<RateLimitRule> ratelimit;
  std::optional<Wal> wal;
  std::string output_file;  ///< where the process's log goes; empty: standard error
  bool operator==(const HttpProduce&) const = default;
};

struct Config {
  std::string bind_address = "0.0.0.0";
  std::optional<Upstream>
      upstream;  ///< absent only where http_produce stands alone, or in dynamic mode (bootstrap says it)
  Downstream downstream;
  std::optional<BrokerMapping> broker_mapping;
  std::optional<AuthSwap> auth_swap;
  std::vector<ResolveRule> resolve;
  std::optional<PartitionMapping> partition_mapping;
  std::optional<HttpProduce> http_produce;
  std::optional<HostPort> admin_address = HostPort{"0.0.0.0", 9404};  ///< `admin: {address: none}`: off; port 0: any
  Limits limits;
  Logging logging;
  std::string generation;  ///< from the file's "# generation: N" comment; shown in /config
  bool operator==(const Config&) const = default;
};

}  // namespace kp::config
