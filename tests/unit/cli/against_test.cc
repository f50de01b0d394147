#include "cli/against.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/changes.h"
#include "config/emit.h"
#include "config/parse.h"
#include "support/socket.h"
#include "unit/config/support.h"

namespace kp::cli {
namespace {

using config::Config;
using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

const std::string no_change = "no change: a reload would do nothing\n";

Config full() { return config::parse(config::full_yaml(config::sni_yaml), config::golden_environment()).config; }

Config plain() {
  const config::Parsed parsed = config::parse(R"(
upstream: {bootstrap_servers: ["kafka-0:9092"], security_protocol: PLAINTEXT}
downstream: {security_protocol: PLAINTEXT}
broker_mapping: {mode: port_offset, port_offset: {hostname: proxy, base: 9092}}
)",
                                              config::environment_of({}));
  EXPECT_TRUE(parsed.errors.empty());
  return parsed.config;
}

json page_of(const Config& config) {
  return {{"hash", config::hash(config)},
          {"generation", config.generation},
          {"config", config::emit(config, config::Secrets::Mask)}};
}

std::string said(const json& page, const Config& local, const std::vector<config::FileContent>& files = {}) {
  const auto prediction = predict(page.dump(), local, files);
  EXPECT_TRUE(prediction) << prediction.error().message;
  return prediction ? *prediction : std::string();
}

TEST(ConfigPage, TakesAnAddressWithOrWithoutSchemeAndPath) {
  const ConfigPage here{{"localhost", 9404}, "/config"};
  for (const char* url : {"localhost:9404", "http://localhost:9404", "http://localhost:9404/"}) {
    const auto page = parse_config_page(url);
    ASSERT_TRUE(page) << url;
    EXPECT_EQ(*page, here) << url;
  }
  EXPECT_EQ(parse_config_page("http://[::1]:1/x/config")->path, "/x/config");
  EXPECT_EQ(parse_config_page("[::1]:1")->address, (HostPort{"::1", 1}));
}

class WrongUrl : public testing::TestWithParam<const char*> {};

TEST_P(WrongUrl, IsRefused) { EXPECT_FALSE(parse_config_page(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Each, WrongUrl,
                         testing::Values("", "localhost", "http://localhost", "https://localhost:9404",
                                         "localhost:9404/a b", "localhost:9404/\r\nX: y", "user@localhost:9404",
                                         "localhost:0"));

TEST(ConfigPage, SaysThatHttpsIsNotSpoken) {
  EXPECT_THAT(parse_config_page("https://localhost:9404").error().message, HasSubstr("plain HTTP"));
}

TEST(Predict, AnEqualConfigurationDoesNothing) { EXPECT_EQ(said(page_of(full()), full()), no_change); }

TEST(Predict, WhatIsRefusedIsToldWithTheReason) {
  Config running = plain();
  running.partition_mapping.emplace().virtual_partitions = 12;
  running.partition_mapping->physical_partitions = 3;
  running.partition_mapping->topics.emplace_back().topic = "orders";
  Config local = running;
  local.partition_mapping->virtual_partitions = 9;
  const std::string text = said(page_of(running), local);
  EXPECT_THAT(text, HasSubstr("note: partition_mapping.virtual_partitions can't shrink, from 12 to 9"));
  EXPECT_THAT(text, EndsWith("1 change; the reload is refused\n"));
}

TEST(Predict, EverySeedTemplateEqualsItself) {
  for (const auto& entry : std::filesystem::directory_iterator(KP_SOURCE_DIR "/tests/golden/seed-templates")) {
    const Config config = config::load(entry.path(), config::golden_environment()).config;
    EXPECT_EQ(said(page_of(config), config), no_change) << entry.path();
  }
}

TEST(Predict, EveryModeEqualsItself) {
  for (const char* mode : {config::sni_yaml, config::port_offset_yaml, config::dynamic_yaml}) {
    const Config config = config::parse(config::full_yaml(mode), config::golden_environment()).config;
    EXPECT_EQ(said(page_of(config), config), no_change) << mode;
  }
}

TEST(Predict, AlignsALineForEachChangeAndSumsUp) {
  Config local = plain();
  local.limits.idle_timeout = std::chrono::minutes(5);
  local.upstream->bootstrap_servers.push_back({"kafka-10", 9092});
  EXPECT_EQ(said(page_of(plain()), local),
            "upstream.bootstrap_servers[1]  (unset) → kafka-10:9092  all connections drain if this is another cluster, "
            "else nobody is cut\n"
            "limits.idle_timeout            10m → 5m                 at once, nobody is cut\n"
            "2 changes; widest reach: all connections drain if this is another cluster, else nobody is cut\n");
}

TEST(Predict, OneChangeIsSummedUpByItsReach) {
  Config local = plain();
  local.logging.level = log::Level::Debug;
  EXPECT_THAT(said(page_of(plain()), local), EndsWith("\n1 change; at once, nobody is cut\n"));
}

TEST(Predict, ASecretThatDiffersIsToldButNotWhich) {
  Config running = full();
  running.http_produce.reset();
  Config local = running;
  local.auth_swap->upstream_credentials[0].secret = "other-hunter2";
  const std::string text = said(page_of(running), local);
  EXPECT_THAT(text, HasSubstr("secrets in the file  (another secret)  sessions of identities"));
  EXPECT_THAT(text, HasSubstr("auth_swap.upstream_credentials"));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(Predict, ASecretThatDiffersBesideOtherChangesIsTold) {
  Config local = full();
  local.auth_swap->upstream_credentials[0].secret = "other";
  local.limits.max_connections = 11;
  EXPECT_THAT(said(page_of(full()), local), HasSubstr("\n2 changes; "));
}

TEST(Predict, SecretsThatStayedAreNotTakenForChangesBesideOthers) {
  Config local = full();
  local.limits.max_connections = 11;
  EXPECT_THAT(said(page_of(full()), local), EndsWith("\n1 change; at once, nobody is cut\n"));
}

TEST(Predict, WithAUserThatIsGoneTheOthersSecretsCantBeCompared) {
  Config local = full();
  local.auth_swap->downstream_credentials.pop_back();
  const std::string text = said(page_of(full()), local);
  EXPECT_THAT(text, HasSubstr("auth_swap.downstream_credentials[bob]"));
  EXPECT_THAT(text, HasSubstr("\nnote: secrets of entries that stay can't be compared"));
  EXPECT_THAT(text, HasSubstr("\n1 change; "));
}

TEST(Predict, TwoVerifiersOfOneUserStayApart) {
  Config config = full();
  config.auth_swap->downstream_credentials = {{"alice", "SCRAM-SHA-256$a"}, {"alice", "SCRAM-SHA-512$b"}};
  EXPECT_EQ(said(page_of(config), config), no_change);
}

config::FileContent cert(const std::string& content) {
  return {{"downstream.tls.cert", "s.pem", false}, content, std::nullopt};
}

json page_with(const config::FileContent& file) {
  json page = page_of(full());
  page["files"] = {{{"key", file.file.key}, {"path", file.file.path}, {"digest", config::digest(file)}}};
  return page;
}

TEST(Predict, AFileOfOtherContentIsAChangeOfItsKey) {
  EXPECT_THAT(said(page_with(cert("a")), full(), {cert("b")}),
              testing::MatchesRegex("downstream.tls.cert .content.  ca978112ca1b… → 3e23e8160039…  next handshakes, "
                                    "nobody is cut\n1 change; next handshakes, nobody is cut\n"));
}

TEST(Predict, AFileOfEqualContentIsNone) { EXPECT_EQ(said(page_with(cert("a")), full(), {cert("a")}), no_change); }

TEST(Predict, AFileThatIsNotHereCantBeCompared) {
  config::FileContent missing = cert("");
  missing.error = Error{Errc::NotFound, "s.pem: No such file or directory"};
  EXPECT_EQ(said(page_with(cert("a")), full(), {missing}),
            "note: downstream.tls.cert can't be compared from here: s.pem: No such file or directory\n" + no_change);
}

TEST(Predict, APageWithoutDigestsSaysThatContentsCantBeCompared) {
  EXPECT_EQ(said(page_of(full()), full(), {cert("a")}),
            "note: the contents of files can't be compared: this proxy does not show their digests\n" + no_change);
}

TEST(Predict, ControlCharactersOfThePageDontReachTheTerminal) {
  json page = page_of(plain());
  Config running = plain();
  running.upstream->tls.ca_certs = "\x1b[31m";
  const std::string text = said(page_of(running), plain());
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

class NoPage : public testing::TestWithParam<const char*> {};

TEST_P(NoPage, IsAnError) { EXPECT_FALSE(predict(GetParam(), plain(), {})); }

INSTANTIATE_TEST_SUITE_P(Each, NoPage,
                         testing::Values("", "nothing", "[]", "{}", "null", R"({"config": 1})", R"({"config": ""})",
                                         R"({"config": "a: b"})", R"({"config": "}{"})", "{\"config\": \"\xff\"}"));

TEST(Predict, OddTypesOnThePageAreNoTrouble) {
  json page = page_of(plain());
  page["hash"] = 1;
  page["files"] = {1, nullptr, {{"key", 1}}, json::array()};
  EXPECT_EQ(said(page, plain(), {cert("a")}), no_change);
}

TEST(CheckAgainst, AnErrorNamesTheAddressAndTheRemedy) {
  const HostPort nobody{"127.0.0.1", test::free_ports()};
  const auto said = check_against({nobody}, plain());
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().message, HasSubstr("http://" + to_string(nobody) + "/config: connection refused"));
  EXPECT_THAT(said.error().message, HasSubstr("admin.address"));
}

TEST(CheckAgainst, AsksAndPredicts) {
  const test::ListeningSocket listener;
  std::thread server([&] {
    const std::string body = page_of(plain()).dump();
    const test::Socket client = listener.accept();
    client.send(test::bytes_of("HTTP/1.0 200 OK\r\n\r\n" + body));
    client.shutdown_write();
    client.receive_to_end();
  });
  const auto said = check_against({listener.address()}, plain());
  server.join();
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(*said, no_change);
}

}  // namespace
}  // namespace kp::cli
