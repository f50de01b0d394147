#include "config/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support.h"

namespace kp::config {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* minimal = R"(
upstream: {bootstrap_servers: ["kafka-0:9092"]}
downstream: {}
broker_mapping: {sni: {bind_port: 9092, upstream: '(.*)', downstream: 'b<$id>.example.com'}}
)";

Parsed parsed(const std::string& yaml) { return parse(yaml, golden_environment()); }

Config config_of(const std::string& yaml) {
  Parsed out = parsed(yaml);
  EXPECT_THAT(out.errors, IsEmpty()) << describe(out, "config.yaml");
  return out.config;
}

TEST(ParseConfig, FillsTheSeedsDefaults) {
  // When
  const Config config = config_of(minimal);

  // Then
  Config expected;
  expected.upstream.emplace().bootstrap_servers = {{"kafka-0", 9092}};
  expected.broker_mapping = SniMapping{9092, 9092, "(.*)", "b<$id>.example.com"};
  EXPECT_EQ(config, expected);
}

TEST(ParseConfig, ReadsBothSides) {
  const Config config = config_of(full_yaml(sni_yaml));
  Upstream upstream{.bootstrap_servers = {{"kafka-0", 9093}, {"2001:db8::1", 9093}},
                    .security_protocol = SecurityProtocol::SaslSsl,
                    .sasl_mechanism = SaslMechanism::ScramSha512,
                    .tls = {}};
  upstream.tls.ca_certs = "ca.pem";
  upstream.tls.cert = "client.pem";
  upstream.tls.key = "client_key.pem";
  upstream.tls.key_password = "hunter2";
  upstream.tls.rules = {.min_version = TlsVersion::Tls13, .ciphers = {}, .cipher_suites = "TLS_AES_256_GCM_SHA384"};
  Downstream downstream;
  downstream.sasl_mechanisms = {SaslMechanism::ScramSha512, SaslMechanism::Plain};
  downstream.tls.cert = "s.pem";
  downstream.tls.key = "s_key.pem";
  downstream.tls.mtls_enabled = true;
  downstream.tls.ca_certs = "clients.pem";
  downstream.sasl_session_lifetime = std::chrono::hours(1);
  downstream.tls.key_password = "hunter2";
  downstream.tls.client_auth = ClientAuth::Optional;
  downstream.tls.crl = "revoked.pem";
  downstream.tls.principal_mapping_rules = "RULE:^CN=(.*?),.*$/$1/L, DEFAULT";
  downstream.tls.rules.ciphers = "ECDHE-RSA-AES256-GCM-SHA384";
  EXPECT_EQ(config.upstream, upstream);
  EXPECT_EQ(config.downstream, downstream);
}

TEST(ParseConfig, ReadsAnSniMapping) {
  const Config config = config_of(full_yaml(sni_yaml));
  const BrokerMapping expected = SniMapping{9092, 443, R"(^(.*)\.internal$)", "b<$id>-<$1>.example.com"};
  EXPECT_EQ(config.broker_mapping, expected);
}

TEST(ParseConfig, ReadsAPortOffsetMapping) {
  const Config config = config_of(full_yaml(port_offset_yaml));
  const BrokerMapping expected = PortOffsetMapping{"kafka.example.com", 9192, 100};
  EXPECT_EQ(config.broker_mapping, expected);
}

TEST(ParseConfig, TakesMaxBrokersForMaxBrokerId) {
  const Config config = config_of(
      full_yaml("  mode: port_offset\n  port_offset: {hostname: kafka.example.com, base: 9192, max_brokers: 12}"));
  const BrokerMapping expected = PortOffsetMapping{"kafka.example.com", 9192, 12};
  EXPECT_EQ(config.broker_mapping, expected);
}

TEST(ParseConfig, ReadsADynamicMapping) {
  const Config config = config_of(full_yaml(dynamic_yaml));
  const BrokerMapping expected = DynamicMapping{
      {{{"kafka-0", 9092}, {"::1", 32400}, {"proxy", 32400}}, {{"kafka-1", 9092}, {"127.0.0.1", 0}, {"127.0.0.1", 0}}},
      {{{"kafka-2", 9092}, {"elsewhere", 9092}}},
      true,
      "127.0.0.1",
      "b{{.brokerId}}.example.com:443",
      33000,
      100,
      false};
  EXPECT_EQ(config.broker_mapping, expected);
}

TEST(ParseConfig, DynamicModeLearnsFromItsBootstrapMappingsUnlessTold) {
  const Config config = config_of(R"(
upstream: {security_protocol: SSL}
downstream: {security_protocol: PLAINTEXT}
broker_mapping: {mode: dynamic, dynamic: {bootstrap: [{upstream: "kafka-0:9092", listen: "127.0.0.1:0"}]}}
)");
  ASSERT_TRUE(config.upstream);
  EXPECT_THAT(config.upstream->bootstrap_servers, testing::ElementsAre(HostPort{"kafka-0", 9092}));
}

TEST(ParseConfig, ReadsAuthSwap) {
  const Config config = config_of(full_yaml(sni_yaml));
  const AuthSwap expected{
      true,         {{"alice", "a=b\"c\\d${SECRET}"}, {"bob", "x"}},          {{"svc", "hunter2"}}, "users.txt",
      "logins.txt", {{"alice", "svc"}, {"bob", "svc"}, {"$anonymous", "svc"}}};
  EXPECT_EQ(config.auth_swap, expected);
}

TEST(ParseConfig, ReadsResolveRules) {
  const Config config = config_of(full_yaml(sni_yaml));
  const std::vector<ResolveRule> expected = {{"*.internal", "10.0.0.7", "2001:db8::7"}, {"kafka-0", "", "::1"}};
  EXPECT_EQ(config.resolve, expected);
}

TEST(ParseConfig, ReadsPartitionMapping) {
  const Config config = config_of(full_yaml(sni_yaml));
  const PartitionMapping expected{
      100,
      10,
      false,
      1 << 20,
      {{"orders", 200, 20, "none", "keyed"}, {R"(iot\..*)", std::nullopt, std::nullopt, "control", ""}}};
  EXPECT_EQ(config.partition_mapping, expected);
}

TEST(ParseConfig, ReadsHttpProduce) {
  const Config config = config_of(full_yaml(sni_yaml));
  HttpProduce expected;
  HttpDoor& http = expected.http;
  http.port = 4243;
  http.metrics_port = 8088;
  http.max_connections = 11;
  http.max_body_bytes = 1 << 20;
  http.max_buffered_bytes = 2 << 20;
  http.request_timeout = 3s;
  http.idle_timeout = 4s;
  http.idempotency_window = 5s;
  http.tls = DownstreamTls{"h.pem",
                           "h_key.pem",
                           "hunter2",
                           true,
                           ClientAuth::Optional,
                           "hc.pem",
                           "hr.pem",
                           "DEFAULT",
                           {TlsVersion::Tls13, "X", "Y"}};
  http.logins = {HttpLogin::Basic, HttpLogin::Bearer};
  http.bearer_tokens = {{"carol", "hunter2"}};
  http.bearer_tokens_file = "tokens.txt";
  http.cors_origins = {"https://a.example"};
  expected.kafka = {{{"127.0.0.1", 9092}, {"kafka-9", 9092}},
                    "u",
                    "hunter2",
                    SecurityProtocol::SaslSsl,
                    SaslMechanism::Plain,
                    UpstreamTls{"k.pem", false, "kc.pem", "kk.pem", "hunter2", {TlsVersion::Tls13, "X", "Y"}},
                    "lz4",
                    {{"retries", 5}, {"request_required_acks", -1}}};
  expected.ratelimit_enabled = true;
  expected.ratelimit = {{"orders", 60}};
  expected.wal = Wal{"/var/lib/wal", Fsync::Each, 2s, 64 << 20, 1 << 20};
  expected.output_file = "/dev/stdout";
  EXPECT_EQ(config.http_produce, expected);
}

TEST(ParseConfig, HttpProduceMayStandAlone) {
  const Config config = config_of(R"(http_produce: {kafka: {brokers: ["127.0.0.1:9092"]}})");
  EXPECT_FALSE(config.upstream);
  EXPECT_EQ(config.http_produce->http.port, 4242);
}

TEST(ParseConfig, ReadsLimits) {
  const Config config = config_of(full_yaml(sni_yaml));
  const Limits expected{10, 1 << 20, 7, 1s, 90s, 1500ms, 1h};
  EXPECT_EQ(config.limits, expected);
}

TEST(ParseConfig, ReadsAdminAndLogging) {
  const Config config = config_of(full_yaml(sni_yaml));
  const Logging logging{log::Level::Debug, log::Format::Json};
  EXPECT_EQ(config.admin_address, (HostPort{"::1", 9405}));
  EXPECT_EQ(config.logging, logging);
}

TEST(ParseConfig, TurnsTheAdminEndpointOff) {
  EXPECT_EQ(config_of(std::string(minimal) + "admin: {address: none}").admin_address, std::nullopt);
}

TEST(ParseConfig, TakesBracketsOffTheBindAddress) {
  EXPECT_EQ(config_of(std::string(minimal) + "bind_address: '[::1]'").bind_address, "::1");
}

TEST(ParseConfig, NamesAreReadInAnyCaseAndInTheSeedsShortForm) {
  const Config config = config_of(R"(
upstream: {bootstrap_servers: ["kafka-0:9092"], security_protocol: sasl_plaintext, sasl_mechanism: scram-256}
downstream: {security_protocol: Ssl}
broker_mapping: {mode: SNI, sni: {bind_port: 9092, upstream: '(.*)', downstream: 'b<$id>.example.com'}}
)");
  EXPECT_EQ(config.upstream->security_protocol, SecurityProtocol::SaslPlaintext);
  EXPECT_EQ(config.upstream->sasl_mechanism, SaslMechanism::ScramSha256);
}

TEST(ParseConfig, MtlsHasTheSeedsDefaultForTheClientsCa) {
  const Config config = config_of(R"(
upstream: {bootstrap_servers: ["kafka-0:9092"]}
downstream: {security_protocol: SSL, tls: {mtls_enabled: true}}
broker_mapping: {sni: {bind_port: 9092, upstream: '(.*)', downstream: 'b<$id>.example.com'}}
)");
  EXPECT_EQ(config.downstream.tls.ca_certs, "ca.pem");
}

TEST(ParseConfig, AnAliasStandsForWhatItNames) {
  const Config config = config_of(R"(
upstream: {bootstrap_servers: ["kafka-0:9092"], tls: &files {cert: c.pem, key: k.pem}}
downstream: {tls: *files}
broker_mapping: {sni: {bind_port: 9092, upstream: '(.*)', downstream: 'b<$id>.example.com'}}
)");
  EXPECT_EQ(config.downstream.tls.cert, "c.pem");
}

TEST(ParseConfig, GenerationComesFromTheCommentAtTheTop) {
  EXPECT_EQ(config_of("---\n\n# made by the operator\n  #generation:  7 \n" + std::string(minimal)).generation, "7");
}

TEST(ParseConfig, GenerationIsKnownWhateverElseIsWrong) {
  EXPECT_EQ(parsed("# generation: 7\nbind_address: [\n").config.generation, "7");
}

TEST(ParseConfig, GenerationBehindTheFirstKeyIsAComment) {
  EXPECT_EQ(config_of(std::string(minimal) + "# generation: 7\n").generation, "");
}

TEST(ParseConfig, AVariableMayHoldAList) {
  const Parsed out = parse(R"(
upstream: {bootstrap_servers: ${SERVERS}}
downstream: {}
broker_mapping: {sni: {bind_port: ${PORT:9092}, upstream: '(.*)', downstream: 'b<$id>.example.com'}}
)",
                           environment_of({{"SERVERS", "[kafka-0:9092, kafka-1:9092]"}}));
  ASSERT_THAT(out.errors, IsEmpty()) << describe(out, "config.yaml");
  EXPECT_THAT(out.config.upstream->bootstrap_servers, SizeIs(2));
}

TEST(ParseConfig, AMissingVariableHidesWhatItsLineGetsWrong) {
  const Parsed out = parsed(std::string(minimal) + "admin: {address: '${NO_SUCH}'}\n");
  ASSERT_THAT(out.errors, SizeIs(1));
  EXPECT_THAT(out.errors[0].message, HasSubstr("${NO_SUCH}: environment variable is not defined"));
}

TEST(DescribeConfig, ShowsFileLinePathAndMessage) {
  const Problem problem{"upstream.security_protocol", 12, "must be one of SSL"};
  EXPECT_EQ(to_string(problem, "config.yaml"), "config.yaml:12: upstream.security_protocol: must be one of SSL");
}

TEST(DescribeConfig, LeavesOutALineThatIsNotKnown) {
  EXPECT_EQ(to_string(Problem{"", 0, "the file can't be read"}, "config.yaml"), "config.yaml: the file can't be read");
}

TEST(DescribeConfig, SaysValidWhenNothingIsWrong) {
  EXPECT_EQ(describe(parsed(minimal), "config.yaml"), "config.yaml: valid\n");
}

TEST(LoadConfig, AMissingFileIsAnError) {
  const Parsed out = load("/no/such/config.yaml", environment_of({}));
  ASSERT_THAT(out.errors, SizeIs(1));
  EXPECT_THAT(out.errors[0].message, HasSubstr("No such file"));
}

TEST(LoadConfig, AFolderIsAnError) { EXPECT_THAT(load("/", environment_of({})).errors, SizeIs(1)); }

}  // namespace
}  // namespace kp::config
