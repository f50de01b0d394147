#include "config/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "config/emit.h"
#include "config/parse.h"
#include "support.h"

namespace kp::config {

void PrintTo(const Change& change, std::ostream* out) {
  *out << change.key << ": " << change.before << " -> " << change.after << (change.content ? " (content)" : "") << ": "
       << describe(change.reach);
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

enum class Mode : std::uint8_t { Sni, PortOffset, Dynamic };

Config base(Mode mode) {
  const char* const mapping = mode == Mode::Sni ? sni_yaml : mode == Mode::PortOffset ? port_offset_yaml : dynamic_yaml;
  const Parsed out = parse(full_yaml(mapping), golden_environment());
  EXPECT_TRUE(out.errors.empty()) << describe(out, "config.yaml");
  return out.config;
}

template <class Mapping>
Mapping& mapping(Config& config) {
  return std::get<Mapping>(*config.broker_mapping);
}
SniMapping& sni(Config& config) { return mapping<SniMapping>(config); }
PortOffsetMapping& offset(Config& config) { return mapping<PortOffsetMapping>(config); }
DynamicMapping& dynamic(Config& config) { return mapping<DynamicMapping>(config); }
std::chrono::milliseconds ms(int count) { return std::chrono::milliseconds(count); }

/// One key, changed alone.
struct Edit {
  std::string key;
  Reach reach;
  Mode mode;
  std::function<void(Config&)> apply;
};

void PrintTo(const Edit& edit, std::ostream* out) { *out << edit.key; }

#define EDIT(key, reach, mode, ...)                               \
  Edit {                                                          \
    key, Reach::reach, Mode::mode, [](Config& c) { __VA_ARGS__; } \
  }

std::vector<Edit> edits() {
  return {
      EDIT("bind_address", EndpointsDrain, Sni, c.bind_address = "127.0.0.1"),
      EDIT("upstream.bootstrap_servers[1]", ClusterDrain, Sni, c.upstream->bootstrap_servers[1].host = "other"),
      EDIT("upstream.security_protocol", NextDials, Sni,
           c.upstream->security_protocol = SecurityProtocol::SaslPlaintext),
      EDIT("upstream.sasl_mechanism", NextLogins, Sni, c.upstream->sasl_mechanism = SaslMechanism::Plain),
      EDIT("upstream.tls.ca_certs", NextDials, Sni, c.upstream->tls.ca_certs = "x"),
      EDIT("upstream.tls.trust_server_certs", NextDials, Sni, c.upstream->tls.trust_server_certs = true),
      EDIT("upstream.tls.cert", NextDials, Sni, c.upstream->tls.cert = "x"),
      EDIT("upstream.tls.key", NextDials, Sni, c.upstream->tls.key = "x"),
      EDIT("upstream.tls.key_password", NextDials, Sni, c.upstream->tls.key_password = "x"),
      EDIT("upstream.tls.min_version", NextDials, Sni, c.upstream->tls.rules.min_version = TlsVersion::Tls12),
      EDIT("upstream.tls.ciphers", NextDials, Sni, c.upstream->tls.rules.ciphers = "x"),
      EDIT("upstream.tls.cipher_suites", NextDials, Sni, c.upstream->tls.rules.cipher_suites = "x"),
      EDIT("downstream.security_protocol", AllDrain, Sni, c.downstream.security_protocol = SecurityProtocol::Ssl),
      EDIT("downstream.sasl_mechanisms", NextLogins, Sni, c.downstream.sasl_mechanisms.pop_back()),
      EDIT("downstream.sasl_session_lifetime", NextLogins, Sni, c.downstream.sasl_session_lifetime = ms(1)),
      EDIT("downstream.tls.cert", NextHandshakes, Sni, c.downstream.tls.cert = "x"),
      EDIT("downstream.tls.key", NextHandshakes, Sni, c.downstream.tls.key = "x"),
      EDIT("downstream.tls.key_password", NextHandshakes, Sni, c.downstream.tls.key_password = "x"),
      EDIT("downstream.tls.mtls_enabled", CertificatesEnd, Sni, c.downstream.tls.mtls_enabled = false),
      EDIT("downstream.tls.client_auth", CertificatesEnd, Sni, c.downstream.tls.client_auth = ClientAuth::Required),
      EDIT("downstream.tls.ca_certs", CertificatesEnd, Sni, c.downstream.tls.ca_certs = "x"),
      EDIT("downstream.tls.crl", CertificatesEnd, Sni, c.downstream.tls.crl.clear()),
      EDIT("downstream.tls.principal_mapping_rules", CertificatesEnd, Sni,
           c.downstream.tls.principal_mapping_rules = "DEFAULT"),
      EDIT("downstream.tls.min_version", NextHandshakes, Sni, c.downstream.tls.rules.min_version = TlsVersion::Tls13),
      EDIT("downstream.tls.ciphers", NextHandshakes, Sni, c.downstream.tls.rules.ciphers = "x"),
      EDIT("downstream.tls.cipher_suites", NextHandshakes, Sni, c.downstream.tls.rules.cipher_suites = "x"),
      EDIT("broker_mapping.sni.bind_port", EndpointsDrain, Sni, sni(c).bind_port = 1),
      EDIT("broker_mapping.sni.advertised_port", EndpointsDrain, Sni, sni(c).advertised_port = 1),
      EDIT("broker_mapping.sni.upstream", EndpointsDrain, Sni, sni(c).upstream = "(.*)"),
      EDIT("broker_mapping.sni.downstream", EndpointsDrain, Sni, sni(c).downstream = "b<$id>"),
      EDIT("broker_mapping.port_offset.hostname", EndpointsDrain, PortOffset, offset(c).hostname = "x"),
      EDIT("broker_mapping.port_offset.base", EndpointsDrain, PortOffset, offset(c).base = 1),
      EDIT("broker_mapping.port_offset.max_broker_id", EndpointsDrain, PortOffset, offset(c).max_broker_id = 1),
      EDIT("broker_mapping.dynamic.bootstrap[0].upstream", EndpointsDrain, Dynamic,
           dynamic(c).bootstrap[0].upstream.port = 1),
      EDIT("broker_mapping.dynamic.bootstrap[0].listen", EndpointsDrain, Dynamic,
           dynamic(c).bootstrap[0].listen.port = 1),
      EDIT("broker_mapping.dynamic.bootstrap[0].advertised", EndpointsDrain, Dynamic,
           dynamic(c).bootstrap[0].advertised.port = 1),
      EDIT("broker_mapping.dynamic.external[0].upstream", EndpointsDrain, Dynamic,
           dynamic(c).external[0].upstream.port = 1),
      EDIT("broker_mapping.dynamic.external[0].advertised", EndpointsDrain, Dynamic,
           dynamic(c).external[0].advertised.port = 1),
      EDIT("broker_mapping.dynamic.listeners", EndpointsDrain, Dynamic, dynamic(c).listeners = false),
      EDIT("broker_mapping.dynamic.listener_ip", EndpointsDrain, Dynamic, dynamic(c).listener_ip = "::"),
      EDIT("broker_mapping.dynamic.advertised_listener", EndpointsDrain, Dynamic, dynamic(c).advertised_listener = "x"),
      EDIT("broker_mapping.dynamic.min_port", EndpointsDrain, Dynamic, dynamic(c).min_port = 1),
      EDIT("broker_mapping.dynamic.max_ports", EndpointsDrain, Dynamic, dynamic(c).max_ports = 1),
      EDIT("broker_mapping.dynamic.deterministic", EndpointsDrain, Dynamic, dynamic(c).deterministic = true),
      EDIT("auth_swap.enabled", AllDrain, Sni, c.auth_swap->enabled = false),
      EDIT("auth_swap.downstream_credentials[bob]", IdentitiesEnd, Sni,
           c.auth_swap->downstream_credentials[1].secret = "y"),
      EDIT("auth_swap.upstream_credentials[svc]", NextLogins, Sni, c.auth_swap->upstream_credentials[0].secret = "y"),
      EDIT("auth_swap.downstream_credentials_file", IdentitiesEnd, Sni, c.auth_swap->downstream_credentials_file = "x"),
      EDIT("auth_swap.upstream_credentials_file", NextLogins, Sni, c.auth_swap->upstream_credentials_file.clear()),
      EDIT("auth_swap.mapping[bob]", IdentitiesEnd, Sni, c.auth_swap->mapping[1].second = "x"),
      EDIT("resolve[0].host", NextDials, Sni, c.resolve[0].host = "x"),
      EDIT("resolve[0].ipv4", NextDials, Sni, c.resolve[0].ipv4.clear()),
      EDIT("resolve[1].ipv6", NextDials, Sni, c.resolve[1].ipv6 = "::2"),
      EDIT("partition_mapping.virtual_partitions", Refused, Sni, c.partition_mapping->virtual_partitions = 1),
      EDIT("partition_mapping.physical_partitions", Refused, Sni, c.partition_mapping->physical_partitions = 1),
      EDIT("partition_mapping.resume_at_log_start", AtOnce, Sni, c.partition_mapping->resume_at_log_start = true),
      EDIT("partition_mapping.tail_cache_bytes", AtOnce, Sni, c.partition_mapping->tail_cache_bytes = 0),
      EDIT("partition_mapping.topics.orders.virtual_partitions", Refused, Sni,
           c.partition_mapping->topics[0].virtual_partitions = 1),
      EDIT("partition_mapping.topics.orders.physical_partitions", Refused, Sni,
           c.partition_mapping->topics[0].physical_partitions.reset()),
      EDIT("partition_mapping.topics.orders.filler", AtOnce, Sni, c.partition_mapping->topics[0].filler = "control"),
      EDIT("partition_mapping.topics.orders.compacted", AtOnce, Sni, c.partition_mapping->topics[0].compacted.clear()),
      EDIT("partition_mapping.topics.iot\\..*.filler", AtOnce, Sni, c.partition_mapping->topics[1].filler = "none"),
      EDIT("http_produce.http.port", AtOnce, Sni, c.http_produce->http.port = 1),
      EDIT("http_produce.http.metrics_port", AtOnce, Sni, c.http_produce->http.metrics_port = 1),
      EDIT("http_produce.http.max_connections", AtOnce, Sni, c.http_produce->http.max_connections = 1),
      EDIT("http_produce.http.max_body_bytes", AtOnce, Sni, c.http_produce->http.max_body_bytes = 2048),
      EDIT("http_produce.http.max_buffered_bytes", AtOnce, Sni, c.http_produce->http.max_buffered_bytes = 1),
      EDIT("http_produce.http.request_timeout", AtOnce, Sni, c.http_produce->http.request_timeout = ms(1)),
      EDIT("http_produce.http.idle_timeout", AtOnce, Sni, c.http_produce->http.idle_timeout = ms(1)),
      EDIT("http_produce.http.idempotency_window", AtOnce, Sni, c.http_produce->http.idempotency_window = ms(1)),
      EDIT("http_produce.http.tls.cert", AtOnce, Sni, c.http_produce->http.tls->cert = "x"),
      EDIT("http_produce.http.tls.key", AtOnce, Sni, c.http_produce->http.tls->key = "x"),
      EDIT("http_produce.http.tls.key_password", AtOnce, Sni, c.http_produce->http.tls->key_password = "x"),
      EDIT("http_produce.http.tls.ca_certs", AtOnce, Sni, c.http_produce->http.tls->ca_certs = "x"),
      EDIT("http_produce.http.tls.crl", AtOnce, Sni, c.http_produce->http.tls->crl = "x"),
      EDIT("http_produce.http.tls.principal_mapping_rules", AtOnce, Sni,
           c.http_produce->http.tls->principal_mapping_rules = "x"),
      EDIT("http_produce.http.tls.mtls_enabled", AtOnce, Sni, c.http_produce->http.tls->mtls_enabled = false),
      EDIT("http_produce.http.tls.client_auth", AtOnce, Sni,
           c.http_produce->http.tls->client_auth = ClientAuth::Required),
      EDIT("http_produce.http.tls.min_version", AtOnce, Sni,
           c.http_produce->http.tls->rules.min_version = TlsVersion::Tls12),
      EDIT("http_produce.http.tls.ciphers", AtOnce, Sni, c.http_produce->http.tls->rules.ciphers = "z"),
      EDIT("http_produce.http.tls.cipher_suites", AtOnce, Sni, c.http_produce->http.tls->rules.cipher_suites = "z"),
      EDIT("http_produce.http.authentication", AtOnce, Sni, c.http_produce->http.logins.pop_back()),
      EDIT("http_produce.http.bearer_tokens[carol]", AtOnce, Sni, c.http_produce->http.bearer_tokens[0].secret = "x"),
      EDIT("http_produce.http.bearer_tokens_file", AtOnce, Sni, c.http_produce->http.bearer_tokens_file = "x"),
      EDIT("http_produce.http.cors_origins[0]", AtOnce, Sni, c.http_produce->http.cors_origins[0] = "x"),
      EDIT("http_produce.kafka.brokers[1]", AtOnce, Sni, c.http_produce->kafka.brokers[1].port = 1),
      EDIT("http_produce.kafka.user", AtOnce, Sni, c.http_produce->kafka.user = "x"),
      EDIT("http_produce.kafka.password", AtOnce, Sni, c.http_produce->kafka.password = "x"),
      EDIT("http_produce.kafka.compression", AtOnce, Sni, c.http_produce->kafka.compression = "x"),
      EDIT("http_produce.kafka.security_protocol", AtOnce, Sni,
           c.http_produce->kafka.security_protocol = SecurityProtocol::SaslPlaintext),
      EDIT("http_produce.kafka.sasl_mechanism", AtOnce, Sni,
           c.http_produce->kafka.sasl_mechanism = SaslMechanism::ScramSha256),
      EDIT("http_produce.kafka.retries", AtOnce, Sni, c.http_produce->kafka.settings[0].second = 1),
      EDIT("http_produce.kafka.request_required_acks", AtOnce, Sni, c.http_produce->kafka.settings[1].second = 1),
      EDIT("http_produce.kafka.tls.ca_certs", AtOnce, Sni, c.http_produce->kafka.tls->ca_certs = "x"),
      EDIT("http_produce.kafka.tls.cert", AtOnce, Sni, c.http_produce->kafka.tls->cert = "x"),
      EDIT("http_produce.kafka.tls.key", AtOnce, Sni, c.http_produce->kafka.tls->key = "x"),
      EDIT("http_produce.kafka.tls.key_password", AtOnce, Sni, c.http_produce->kafka.tls->key_password = "x"),
      EDIT("http_produce.kafka.tls.trust_server_certs", AtOnce, Sni,
           c.http_produce->kafka.tls->trust_server_certs = true),
      EDIT("http_produce.kafka.tls.min_version", AtOnce, Sni,
           c.http_produce->kafka.tls->rules.min_version = TlsVersion::Tls12),
      EDIT("http_produce.kafka.tls.ciphers", AtOnce, Sni, c.http_produce->kafka.tls->rules.ciphers = "z"),
      EDIT("http_produce.kafka.tls.cipher_suites", AtOnce, Sni, c.http_produce->kafka.tls->rules.cipher_suites = "z"),
      EDIT("http_produce.ratelimit.enabled", AtOnce, Sni, c.http_produce->ratelimit_enabled = false),
      EDIT("http_produce.ratelimit.rules[0].topic_name", AtOnce, Sni, c.http_produce->ratelimit[0].topic_name = "x"),
      EDIT("http_produce.ratelimit.rules[0].max_requests_per_minute", AtOnce, Sni,
           c.http_produce->ratelimit[0].max_requests_per_minute = 1),
      EDIT("http_produce.wal.directory", AtOnce, Sni, c.http_produce->wal->directory = "x"),
      EDIT("http_produce.wal.fsync", AtOnce, Sni, c.http_produce->wal->fsync = Fsync::Interval),
      EDIT("http_produce.wal.fsync_interval", AtOnce, Sni, c.http_produce->wal->fsync_interval = ms(1)),
      EDIT("http_produce.wal.max_bytes", AtOnce, Sni, c.http_produce->wal->max_bytes = 1),
      EDIT("http_produce.wal.segment_bytes", AtOnce, Sni, c.http_produce->wal->segment_bytes = 1),
      EDIT("http_produce.output_file", AtOnce, Sni, c.http_produce->output_file = "x"),
      EDIT("admin.address", AtOnce, Sni, c.admin_address.reset()),
      EDIT("limits.max_connections", AtOnce, Sni, c.limits.max_connections = 1),
      EDIT("limits.max_frame_bytes", AtOnce, Sni, c.limits.max_frame_bytes = 1),
      EDIT("limits.max_in_flight", AtOnce, Sni, c.limits.max_in_flight = 1),
      EDIT("limits.handshake_timeout", AtOnce, Sni, c.limits.handshake_timeout = ms(1)),
      EDIT("limits.idle_timeout", AtOnce, Sni, c.limits.idle_timeout = ms(1)),
      EDIT("limits.connect_timeout", AtOnce, Sni, c.limits.connect_timeout = ms(1)),
      EDIT("limits.drain_timeout", AtOnce, Sni, c.limits.drain_timeout = ms(1)),
      EDIT("logging.level", AtOnce, Sni, c.logging.level = log::Level::Error),
      EDIT("logging.format", AtOnce, Sni, c.logging.format = log::Format::Text),
      EDIT("generation", None, Sni, c.generation = "43"),
  };
}
#undef EDIT

std::string without_indexes(const std::string& path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    inside = inside || c == '[';
    if (!inside) out += c;
    inside = inside && c != ']';
  }
  return out;
}

std::string test_name(const testing::TestParamInfo<Edit>& param) {
  std::string name = param.param.key + "_" + std::to_string(param.index);
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class OneKey : public testing::TestWithParam<Edit> {};

TEST_P(OneKey, ChangedAloneHasExactlyItsRow) {
  // Given
  const Config before = base(GetParam().mode);
  Config after = before;
  GetParam().apply(after);

  // When
  const std::vector<Change> found = changes(before, after);

  // Then
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].key, GetParam().key);
  EXPECT_EQ(found[0].reach, GetParam().reach) << describe(found[0].reach);
  EXPECT_FALSE(found[0].content);
}

TEST_P(OneKey, ChangesTheFingerprint) {
  const Config before = base(GetParam().mode);
  Config after = before;
  GetParam().apply(after);
  EXPECT_NE(fingerprint(before, {}), fingerprint(after, {}));
}

TEST_P(OneKey, ShowsNoSecret) {
  const Config before = base(GetParam().mode);
  Config after = before;
  GetParam().apply(after);
  for (const Change& change : changes(before, after)) {
    const std::string all = change.before + change.after;
    EXPECT_EQ(all.find("hunter2"), std::string::npos) << all;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, OneKey, testing::ValuesIn(edits()), test_name);

/// Keys of the leaves, indexes aside, of all that the edits make.
std::set<std::string> emitted_keys() {
  std::set<std::string> keys;
  for (const Edit& edit : edits()) {
    Config config = base(edit.mode);
    for (int twice = 0; twice < 2; ++twice) {
      for (const Leaf& leaf : leaves(config, Secrets::Show)) keys.insert(without_indexes(leaf.path));
      edit.apply(config);
    }
  }
  return keys;
}

TEST(ReachTable, HasARowForEveryKeyThatIsEmitted) {
  for (const std::string& key : emitted_keys()) {
    const auto fits = [&](const ReachRow& row) {
      return key == row.key || key.starts_with(std::string(row.key) + ".");
    };
    EXPECT_TRUE(key == "broker_mapping.mode" || std::ranges::any_of(reach_table(), fits)) << key;
  }
}

TEST(ReachTable, EveryKeyThatIsEmittedIsEditedAbove) {
  std::set<std::string> edited{"broker_mapping.mode"};
  for (const Edit& edit : edits()) edited.insert(without_indexes(edit.key));
  EXPECT_EQ(emitted_keys(), edited);
}

/// What stands in quotes behind each `call` in `source`.
std::set<std::string> literals_behind(const std::string& source, const std::string& call) {
  std::set<std::string> found;
  for (std::size_t at = source.find(call); at != std::string::npos; at = source.find(call, at + 1)) {
    const std::size_t begin = source.find_first_not_of("abcdefghijklmnopqrstuvwxyz_(", at + call.size());
    if (source[begin] == '"') found.insert(source.substr(begin + 1, source.find('"', begin + 1) - begin - 1));
  }
  return found;
}

/// So that a key that only emit.cc knows fails, too.
TEST(ReachTable, EveryKeyOfTheEmitterIsEmittedAbove) {
  // Given
  std::ifstream file(KP_SOURCE_DIR "/dataplane/config/emit.cc");
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string> steps;
  for (const std::string& key : emitted_keys()) {
    std::istringstream in(key);
    for (std::string step; std::getline(in, step, '.');) steps.insert(step);
  }

  // When
  std::set<std::string> keys = literals_behind(source, "out.");
  keys.merge(literals_behind(source, "write_credentials(out, "));
  keys.erase("generation: ");  // a comment

  // Then
  EXPECT_GT(keys.size(), 80U);
  for (const std::string& key : keys) EXPECT_TRUE(steps.contains(key)) << key;
}

TEST(ReachTable, AKeyWithoutARowDrainsAll) {
  EXPECT_EQ(reach_of("something.new"), Reach::AllDrain);
  EXPECT_EQ(reach_of("limitsless"), Reach::AllDrain);
}

TEST(ReachTable, IsTheOneOfTheDocument) {
  // Given
  std::ifstream page(KP_SOURCE_DIR "/docs/reload.md");
  std::vector<std::string> rows;
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("| `")) rows.push_back(line);

  // When
  std::vector<std::string> expected;
  for (const ReachRow& row : reach_table())
    expected.push_back("| `" + std::string(row.key) + "` | " + std::string(describe(row.reach)) + " |");

  // Then
  EXPECT_EQ(rows, expected);
}

class NoChange : public testing::TestWithParam<Mode> {};

TEST_P(NoChange, BetweenAConfigurationAndItself) {
  EXPECT_THAT(changes(base(GetParam()), base(GetParam())), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Modes, NoChange, testing::Values(Mode::Sni, Mode::PortOffset, Mode::Dynamic));

TEST(Changes, BetweenSeedTemplatesAreFoundBothWays) {
  std::vector<Config> all;
  for (const auto& entry : std::filesystem::directory_iterator(KP_SOURCE_DIR "/tests/golden/seed-templates"))
    all.push_back(load(entry.path(), golden_environment()).config);
  for (const Config& one : all)
    for (const Config& other : all) {
      EXPECT_EQ(changes(one, other).empty(), one == other);
      EXPECT_EQ(changes(one, other).size(), changes(other, one).size());
    }
}

TEST(Changes, AnotherModeIsAllOfItsKeys) {
  const auto found = changes(base(Mode::Sni), base(Mode::PortOffset));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0], (Change{"broker_mapping.mode", "sni", "port_offset", Reach::EndpointsDrain, false}));
  for (const Change& change : found) EXPECT_EQ(change.reach, Reach::EndpointsDrain) << change.key;
}

TEST(Changes, ValuesAreThoseOfTheYaml) {
  const Config before = base(Mode::Sni);
  Config after = before;
  after.limits.idle_timeout = std::chrono::minutes(5);
  after.auth_swap->upstream_credentials[0].secret = "new";
  after.downstream.tls.crl.clear();
  EXPECT_THAT(changes(before, after),
              ElementsAre(Change{"downstream.tls.crl", "revoked.pem", "", Reach::CertificatesEnd, false},
                          Change{"auth_swap.upstream_credentials[svc]", "****", "****", Reach::NextLogins, false},
                          Change{"limits.idle_timeout", "90s", "5m", Reach::AtOnce, false}));
}

TEST(Changes, ATlsSideThatAppearsDoesNotNameItsDefaults) {
  Config before = base(Mode::Dynamic);
  before.downstream.tls = {};
  before.auth_swap.reset();
  before.downstream.security_protocol = SecurityProtocol::Plaintext;
  Config after = before;
  after.downstream.security_protocol = SecurityProtocol::Ssl;
  EXPECT_THAT(changes(before, after),
              ElementsAre(Change{"downstream.security_protocol", "PLAINTEXT", "SSL", Reach::AllDrain, false}));
}

TEST(Changes, TlsWithoutTlsReachesNobody) {
  Config before = base(Mode::Dynamic);
  before.upstream->security_protocol = before.downstream.security_protocol = SecurityProtocol::SaslPlaintext;
  Config after = before;
  after.upstream->tls.ca_certs = after.downstream.tls.ca_certs = "x";
  EXPECT_THAT(changes(before, after),
              ElementsAre(testing::Field(&Change::reach, Reach::None), testing::Field(&Change::reach, Reach::None)));
}

TEST(Changes, ADisabledAuthSwapReachesNobody) {
  Config before = base(Mode::Sni);
  before.auth_swap->enabled = false;
  Config after = before;
  after.auth_swap.reset();
  for (const Change& change : changes(before, after)) EXPECT_EQ(change.reach, Reach::None) << change.key;
}

TEST(Changes, AnAuthSwapThatAppearsDrainsAll) {
  Config before = base(Mode::Sni);
  before.auth_swap.reset();
  const auto found = changes(before, base(Mode::Sni));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0], (Change{"auth_swap.enabled", "", "true", Reach::AllDrain, false}));
}

TEST(Changes, LoginsOfTheProxyThatVanishDrainAll) {
  const Config before = base(Mode::Sni);
  Config after = before;
  after.upstream->security_protocol = SecurityProtocol::Ssl;
  EXPECT_THAT(changes(before, after),
              ElementsAre(Change{"upstream.security_protocol", "SASL_SSL", "SSL", Reach::AllDrain, false}));
}

TEST(Changes, LoginsThatPassThroughCutNobody) {
  Config before = base(Mode::Sni);
  before.auth_swap.reset();
  Config after = before;
  after.upstream->security_protocol = SecurityProtocol::Ssl;
  EXPECT_THAT(changes(before, after),
              ElementsAre(Change{"upstream.security_protocol", "SASL_SSL", "SSL", Reach::NextDials, false}));
}

TEST(Changes, ANewClientCutsNobodyAndOneThatIsGoneEnds) {
  const Config before = base(Mode::Sni);
  Config after = before;
  after.auth_swap->downstream_credentials[0] = {"carol", "x"};
  EXPECT_THAT(changes(before, after),
              ElementsAre(Change{"auth_swap.downstream_credentials[alice]", "****", "", Reach::IdentitiesEnd, false},
                          Change{"auth_swap.downstream_credentials[carol]", "", "****", Reach::NextLogins, false}));
}

TEST(Changes, AnUpstreamUserThatIsGoneEndsItsSessions) {
  const Config before = base(Mode::Sni);
  Config after = before;
  after.auth_swap->upstream_credentials[0].user = "other";
  EXPECT_THAT(changes(before, after),
              ElementsAre(Change{"auth_swap.upstream_credentials[svc]", "****", "", Reach::IdentitiesEnd, false},
                          Change{"auth_swap.upstream_credentials[other]", "", "****", Reach::NextLogins, false}));
}

TEST(Changes, AUserInFrontOfOthersIsOneChange) {
  const Config before = base(Mode::Sni);
  Config after = before;
  auto& users = after.auth_swap->downstream_credentials;
  users.insert(users.begin(), {"aaron", "x"});
  EXPECT_EQ(changes(before, after).size(), 1U);
}

TEST(Changes, TheOrderOfUpstreamUsersCountsAndThatOfClientsDoesNot) {
  Config before = base(Mode::Sni);
  before.auth_swap->upstream_credentials.push_back({"own", "x"});
  Config after = before;
  std::ranges::reverse(after.auth_swap->upstream_credentials);
  std::ranges::reverse(after.auth_swap->downstream_credentials);
  EXPECT_THAT(
      changes(before, after),
      ElementsAre(Change{"auth_swap.downstream_credentials", "[alice, bob]", "[bob, alice]", Reach::None, false},
                  Change{"auth_swap.upstream_credentials", "[svc, own]", "[own, svc]", Reach::NextLogins, false}));
}

TEST(Changes, OfTwoVerifiersOfOneUserOneChangeIsSeen) {
  Config before = base(Mode::Sni);
  before.auth_swap->downstream_credentials = {{"alice", "SCRAM-SHA-256$hunter2"}, {"alice", "SCRAM-SHA-512$hunter2"}};
  Config after = before;
  after.auth_swap->downstream_credentials[1].secret += "x";
  const std::string masks = "SCRAM-SHA-256$****, SCRAM-SHA-512$****";
  EXPECT_THAT(changes(before, after), ElementsAre(Change{"auth_swap.downstream_credentials[alice]", masks, masks,
                                                         Reach::IdentitiesEnd, false}));
}

TEST(MaskedConfig, OfTwoVerifiersOfOneUserIsStillAConfiguration) {
  Config config = base(Mode::Sni);
  config.auth_swap->downstream_credentials = {{"alice", "SCRAM-SHA-256$hunter2"}, {"alice", "SCRAM-SHA-512$hunter2"}};
  const std::string yaml = emit(config, Secrets::Mask);
  EXPECT_THAT(parse(yaml, environment_of({})).errors, IsEmpty()) << yaml;
}

TEST(MaskedConfig, OfEverySeedTemplateIsStillAConfiguration) {
  for (const auto& entry : std::filesystem::directory_iterator(KP_SOURCE_DIR "/tests/golden/seed-templates")) {
    const std::string yaml = emit(load(entry.path(), golden_environment()).config, Secrets::Mask);
    const Parsed again = parse(yaml, environment_of({}));
    EXPECT_THAT(again.errors, IsEmpty()) << entry.path() << describe(again, "") << yaml;
    EXPECT_EQ(emit(again.config, Secrets::Mask), yaml);
  }
}

}  // namespace
}  // namespace kp::config
