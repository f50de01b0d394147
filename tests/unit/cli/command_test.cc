#include "cli/command.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "cli/completion.h"

namespace kp::cli {
namespace {

Command parsed(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"kafkaproxy"};
  argv.insert(argv.end(), arguments);
  return parse(static_cast<int>(argv.size()), argv.data());
}

TEST(CommandLine, RunTakesAFileAndDefaultsToConfigYaml) {
  EXPECT_EQ(std::get<cli::Run>(parsed({"run", "--config", "a.yaml", "--threads", "3"})).config_file, "a.yaml");
  EXPECT_EQ(std::get<cli::Run>(parsed({"run", "--config", "a.yaml", "--threads", "3"})).threads, 3U);
  EXPECT_EQ(std::get<cli::Run>(parsed({"run"})).config_file, "config.yaml");
}

TEST(CommandLine, TheRustSeedsConfigFlagRunsWithoutASubcommand) {
  EXPECT_EQ(std::get<cli::Run>(parsed({"--config", "a.yaml"})).config_file, "a.yaml");
  EXPECT_EQ(std::get<cli::Run>(parsed({"-c", "a.yaml"})).config_file, "a.yaml");
}

TEST(CommandLine, CheckTakesAFile) {
  EXPECT_EQ(std::get<Check>(parsed({"check", "-c", "a.yaml"})).config_file, "a.yaml");
}

TEST(CommandLine, CheckTakesARunningProxyToCompareWith) {
  EXPECT_FALSE(std::get<Check>(parsed({"check"})).against);
  const auto check = std::get<Check>(parsed({"check", "--config", "a.yaml", "--against", "http://localhost:9404"}));
  EXPECT_EQ(check.config_file, "a.yaml");
  EXPECT_EQ(check.against, (ConfigPage{{"localhost", 9404}, "/config"}));
}

TEST(CommandLine, CheckAgainstNothingIsWrongUsage) {
  EXPECT_TRUE(std::holds_alternative<Misused>(parsed({"check", "--against", ""})));
}

TEST(CommandLine, CheckAgainstHttpsIsWrongUsage) {
  const auto wrong = std::get<Misused>(parsed({"check", "--against", "https://localhost:9404"}));
  EXPECT_NE(wrong.text.find("--against"), std::string::npos);
}

TEST(CommandLine, VirtualDescribeTakesAFileAndATopic) {
  const auto describe = std::get<DescribeVirtual>(parsed({"virtual", "describe", "--config", "a.yaml", "orders"}));
  EXPECT_EQ(describe.config_file, "a.yaml");
  EXPECT_EQ(describe.topic, "orders");
  EXPECT_EQ(std::get<DescribeVirtual>(parsed({"virtual", "describe", "orders"})).config_file, "config.yaml");
  EXPECT_TRUE(std::holds_alternative<Misused>(parsed({"virtual", "describe"})));
  EXPECT_TRUE(std::holds_alternative<Misused>(parsed({"virtual"})));
}

TEST(CommandLine, MappingsMakeADynamicConfiguration) {
  const auto run = std::get<cli::Run>(
      parsed({"run", "--bootstrap-server-mapping", "kafka-0:9092,0.0.0.0:32400,proxy:32400",
              "--bootstrap-server-mapping", "kafka-1:9092,0.0.0.0:32401", "--external-server-mapping",
              "kafka-2:9092,elsewhere:1", "--dynamic-sequential-min-port", "32500", "--deterministic-listeners",
              "--default-listener-ip", "127.0.0.1", "--log-format", "json"}));
  EXPECT_TRUE(run.config_file.empty());
  const auto& mapping = std::get<config::DynamicMapping>(*run.config.broker_mapping);
  ASSERT_EQ(mapping.bootstrap.size(), 2U);
  EXPECT_EQ(mapping.bootstrap[0].advertised, (HostPort{"proxy", 32400}));
  EXPECT_EQ(mapping.bootstrap[1].upstream, (HostPort{"kafka-1", 9092}));
  ASSERT_EQ(mapping.external.size(), 1U);
  EXPECT_TRUE(mapping.deterministic);
  EXPECT_EQ(mapping.min_port, 32500);
  EXPECT_EQ(mapping.listener_ip, "127.0.0.1");
  EXPECT_EQ(run.config.logging.format, log::Format::Json);
}

TEST(CommandLine, AdminNoneTurnsTheEndpointOff) {
  const auto run =
      std::get<cli::Run>(parsed({"run", "--bootstrap-server-mapping", "a:1,127.0.0.1:2", "--admin-address", "none"}));
  EXPECT_FALSE(run.config.admin_address);
}

TEST(CommandLine, CredentialsHashTakesAUserAndDefaultsToTheStrongerMechanism) {
  const auto plain = std::get<HashCredential>(parsed({"credentials", "hash", "alice"}));
  EXPECT_EQ(plain.user, "alice");
  EXPECT_EQ(plain.mechanism, config::SaslMechanism::ScramSha512);
  EXPECT_EQ(plain.iterations, 4096);
  const auto chosen = std::get<HashCredential>(
      parsed({"credentials", "hash", "--mechanism", "SCRAM-SHA-256", "--iterations", "8192", "bob"}));
  EXPECT_EQ(chosen.user, "bob");
  EXPECT_EQ(chosen.mechanism, config::SaslMechanism::ScramSha256);
  EXPECT_EQ(chosen.iterations, 8192);
}

TEST(CommandLine, CertsGenerateTakesItsOptions) {
  const auto made = std::get<certs::GenerateOptions>(
      parsed({"certs", "generate", "--sni-suffix", "kafka.example.com", "--out", "here", "--algorithm", "rsa", "--days",
              "30", "--clients", "a", "b", "c"}));
  EXPECT_EQ(made.sni_suffix, "kafka.example.com");
  EXPECT_EQ(made.directory, "here");
  EXPECT_EQ(made.algorithm, certs::KeyAlgorithm::Rsa);
  EXPECT_EQ(made.days, 30);
  EXPECT_EQ(made.clients, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(CommandLine, CertsGenerateHasDefaults) {
  const auto made = std::get<certs::GenerateOptions>(parsed({"certs", "generate", "--sni-suffix", "a.test"}));
  EXPECT_EQ(made.directory, ".");
  EXPECT_EQ(made.algorithm, certs::KeyAlgorithm::Ec);
  EXPECT_EQ(made.days, 825);
  EXPECT_EQ(made.clients, (std::vector<std::string>{"client1", "client2"}));
}

TEST(CommandLine, CertsFetchCaTakesItsOptions) {
  const auto fetch = std::get<certs::FetchOptions>(
      parsed({"certs", "fetch-ca", "--server", "[::1]:9093", "--out", "x.pem", "--leaf"}));
  EXPECT_EQ(fetch.server, (HostPort{"::1", 9093}));
  EXPECT_EQ(fetch.out, "x.pem");
  EXPECT_TRUE(fetch.leaf);
}

TEST(CommandLine, TheRustSeedsCertificateFlagsWork) {
  EXPECT_EQ(std::get<certs::GenerateOptions>(parsed({"--generate-certs", "--sni-suffix", "a.test"})).sni_suffix,
            "a.test");
  const auto fetch = std::get<certs::FetchOptions>(parsed({"--save-ca-certs", "--server", "kafka:9093"}));
  EXPECT_EQ(fetch.server, (HostPort{"kafka", 9093}));
  EXPECT_EQ(fetch.out, "server_ca.pem");
}

class Misuse : public testing::TestWithParam<std::vector<const char*>> {};

TEST_P(Misuse, IsSaid) {
  std::vector<const char*> argv{"kafkaproxy"};
  argv.insert(argv.end(), GetParam().begin(), GetParam().end());
  const Command command = parse(static_cast<int>(argv.size()), argv.data());
  ASSERT_TRUE(std::holds_alternative<Misused>(command));
  EXPECT_FALSE(std::get<Misused>(command).text.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Of, Misuse,
    testing::Values(std::vector<const char*>{}, std::vector{"fly"}, std::vector{"run", "--nope"},
                    std::vector{"run", "--threads", "0"}, std::vector{"completion", "tcsh"}, std::vector{"credentials"},
                    std::vector{"credentials", "hash"}, std::vector{"credentials", "hash", "alice", "password"},
                    std::vector{"credentials", "hash", "--iterations", "4095", "alice"},
                    std::vector{"credentials", "hash", "--iterations", "16385", "alice"},
                    std::vector{"credentials", "hash", "--mechanism", "PLAIN", "alice"},
                    std::vector{"run", "--bootstrap-server-mapping", "a:1"},
                    std::vector{"run", "--bootstrap-server-mapping", "a:1,127.0.0.1:2", "--config", "a.yaml"},
                    std::vector{"run", "--bootstrap-server-mapping", "a:1,127.0.0.1:2", "--deterministic-listeners"}));

TEST(CommandLine, HelpVersionAndCompletionAreSaid) {
  EXPECT_NE(std::get<Say>(parsed({"--help"})).text.find("Examples:"), std::string::npos);
  EXPECT_NE(std::get<Say>(parsed({"version"})).text.find("kafkaproxy "), std::string::npos);
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_NE(std::get<Say>(parsed({"completion", shell})).text.find("fetch-ca"), std::string::npos);
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_NE(std::get<Say>(parsed({"completion", shell})).text.find("bootstrap-server-mapping"), std::string::npos);
}

TEST(CommandLine, EachSubcommandHasItsOwnExamples) {
  EXPECT_NE(std::get<Say>(parsed({"check", "--help"})).text.find("check --config config.yaml --against"),
            std::string::npos);
  for (const char* subcommand : {"run", "check", "virtual", "completion", "version", "certs", "credentials"})
    EXPECT_EQ(std::get<Say>(parsed({subcommand, "--help"})).text.find("credentials hash alice"), std::string::npos)
        << subcommand;
}

TEST(CommandLine, WrongUsageNamesTheCommandWhoseHelpTellsMore) {
  EXPECT_EQ(std::get<Misused>(parsed({"fly"})).help, "kafkaproxy");
  EXPECT_EQ(std::get<Misused>(parsed({"virtual"})).help, "kafkaproxy virtual");
  EXPECT_EQ(std::get<Misused>(parsed({"virtual", "describe"})).help, "kafkaproxy virtual describe");
  EXPECT_EQ(std::get<Misused>(parsed({"run", "--nope"})).help, "kafkaproxy run");
}

TEST(Completion, OfZshNeedsNoCompinitBeforeIt) {
  EXPECT_LT(completion_script("zsh").find("compinit &&"), completion_script("zsh").find("complete -F"));
  EXPECT_NE(completion_script("zsh").find("(( $+functions[compdef] )) ||"), std::string::npos);
}

/// The scripts are written by hand: what `run` offers and what they complete must not drift apart.
TEST(Completion, KnowsEveryFlagOfRun) {
  const std::string help = std::get<Say>(parsed({"run", "--help"})).text;
  const std::string script = completion_script("bash");
  const std::string fish = completion_script("fish");
  std::size_t flags = 0;
  for (auto at = help.find("--"); at != std::string::npos; at = help.find("--", at + 2)) {
    const auto end = help.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    const std::string flag = help.substr(at, end - at);
    if (flag.size() < 4 || flag == "--help") continue;
    EXPECT_NE(script.find(flag), std::string::npos) << flag;
    EXPECT_NE(fish.find("-l " + flag.substr(2)), std::string::npos) << flag;
    ++flags;
  }
  EXPECT_GT(flags, 10U);
}

}  // namespace
}  // namespace kp::cli
