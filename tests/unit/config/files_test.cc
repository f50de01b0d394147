#include "config/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "config/changes.h"
#include "config/digest.h"
#include "config/parse.h"
#include "support.h"

namespace kp::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

Config full() { return parse(full_yaml(sni_yaml), golden_environment()).config; }

std::vector<std::string> keys(const Config& config) {
  std::vector<std::string> all;
  for (const NamedFile& file : named_files(config)) all.push_back(file.key);
  return all;
}

/// A directory of its own, and a configuration whose upstream trusts by "ca.pem" in it.
class Files : public testing::Test {
 protected:
  Files() {
    directory_ = testing::TempDir() + "kp-files-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    config_.upstream.emplace().tls.ca_certs = path("ca.pem");
    config_.downstream.security_protocol = SecurityProtocol::Plaintext;
  }
  ~Files() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& content) const { std::ofstream(path(name)) << content; }
  FileContent only() const {
    auto files = read_files(config_);
    EXPECT_EQ(files.size(), 1U);
    return files.front();
  }

  std::string directory_;
  Config config_;
};

TEST(NamedFiles, OfAFullConfigurationAreAllWithTheirSecrecy) {
  const std::vector<NamedFile> expected{{"upstream.tls.ca_certs", "ca.pem", false},
                                        {"upstream.tls.cert", "client.pem", false},
                                        {"upstream.tls.key", "client_key.pem", true},
                                        {"downstream.tls.cert", "s.pem", false},
                                        {"downstream.tls.key", "s_key.pem", true},
                                        {"downstream.tls.ca_certs", "clients.pem", false},
                                        {"downstream.tls.crl", "revoked.pem", false},
                                        {"auth_swap.downstream_credentials_file", "users.txt", true},
                                        {"auth_swap.upstream_credentials_file", "logins.txt", true},
                                        {"http_produce.http.tls.cert", "h.pem", false},
                                        {"http_produce.http.tls.key", "h_key.pem", true},
                                        {"http_produce.http.tls.ca_certs", "hc.pem", false},
                                        {"http_produce.http.tls.crl", "hr.pem", false},
                                        {"http_produce.http.bearer_tokens_file", "tokens.txt", true},
                                        {"http_produce.kafka.tls.ca_certs", "k.pem", false},
                                        {"http_produce.kafka.tls.cert", "kc.pem", false},
                                        {"http_produce.kafka.tls.key", "kk.pem", true}};
  EXPECT_EQ(named_files(full()), expected);
}

TEST(NamedFiles, WithoutTlsAreOnlyCredentials) {
  Config config = full();
  config.http_produce.reset();
  config.upstream->security_protocol = config.downstream.security_protocol = SecurityProtocol::SaslPlaintext;
  EXPECT_THAT(keys(config),
              ElementsAre("auth_swap.downstream_credentials_file", "auth_swap.upstream_credentials_file"));
}

TEST(NamedFiles, OfASideWithoutSaslAreNoCredentials) {
  Config config = full();
  config.http_produce.reset();
  config.downstream.security_protocol = SecurityProtocol::Plaintext;
  config.upstream->security_protocol = SecurityProtocol::SaslPlaintext;
  EXPECT_THAT(keys(config), ElementsAre("auth_swap.upstream_credentials_file"));
}

TEST(NamedFiles, OfADisabledAuthSwapAreNone) {
  Config config = full();
  config.http_produce.reset();
  config.upstream->security_protocol = config.downstream.security_protocol = SecurityProtocol::SaslPlaintext;
  config.auth_swap->enabled = false;
  EXPECT_THAT(keys(config), IsEmpty());
}

TEST(NamedFiles, WithoutMtlsTheCrlIsNotOpened) {
  Config config = full();
  config.downstream.tls.mtls_enabled = false;
  EXPECT_THAT(keys(config), Not(testing::Contains("downstream.tls.crl")));
}

TEST(NamedFiles, WhoTrustsAnyServerOpensNoCas) {
  Config config = full();
  config.upstream->tls.trust_server_certs = true;
  config.upstream->tls.cert.clear();
  EXPECT_THAT(keys(config), Not(testing::Contains(testing::StartsWith("upstream.tls."))));
}

TEST_F(Files, ABundleBesideTheCertificateIsTheOneThatCompletesTheChain) {
  config_ = full();
  config_.downstream.tls.mtls_enabled = false;
  config_.downstream.tls.cert = path("server.pem");
  config_.downstream.tls.ca_certs = "kp-only-beside.pem";
  write("kp-only-beside.pem", "x");
  EXPECT_THAT(named_files(config_),
              testing::Contains(NamedFile{"downstream.tls.ca_certs", path("kp-only-beside.pem"), false}));
}

TEST_F(Files, AreReadWhole) {
  const std::string content = std::string(200'000, 'a') + '\0' + "b";
  write("ca.pem", content);
  EXPECT_EQ(only().content, content);
  EXPECT_FALSE(only().error);
}

TEST_F(Files, AMissingOneIsAnEntryThatSaysSo) {
  EXPECT_TRUE(only().missing());
  EXPECT_EQ(digest(only()), "missing");
}

TEST_F(Files, OneThatIsTooLargeIsAnError) {
  write("ca.pem", std::string(max_named_file_bytes + 1, 'a'));
  ASSERT_TRUE(only().error);
  EXPECT_EQ(only().error->code, Errc::Invalid);
  EXPECT_THAT(only().content, IsEmpty());
  EXPECT_EQ(digest(only()), "unreadable");
}

TEST_F(Files, OfTheLargestSizeAreRead) {
  write("ca.pem", std::string(max_named_file_bytes, 'a'));
  EXPECT_EQ(only().content.size(), max_named_file_bytes);
}

TEST_F(Files, APipeIsRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo(path("ca.pem").c_str(), 0600), 0);
  ASSERT_TRUE(only().error);
  EXPECT_EQ(only().error->code, Errc::Invalid);
}

TEST_F(Files, ADirectoryIsRefused) {
  std::filesystem::create_directory(path("ca.pem"));
  ASSERT_TRUE(only().error);
  EXPECT_EQ(only().error->code, Errc::Invalid);
}

TEST_F(Files, TheSameContentInANewFileHasTheSameFingerprint) {
  write("ca.pem", "a");
  const std::string before = fingerprint(config_, read_files(config_));
  std::filesystem::remove(path("ca.pem"));
  write("ca.pem", "a");
  EXPECT_EQ(fingerprint(config_, read_files(config_)), before);
}

TEST_F(Files, OtherContentHasAnotherFingerprint) {
  write("ca.pem", "a");
  const std::string before = fingerprint(config_, read_files(config_));
  write("ca.pem", "b");
  EXPECT_NE(fingerprint(config_, read_files(config_)), before);
}

TEST_F(Files, AFileThatVanishesHasAnotherFingerprint) {
  write("ca.pem", "");
  const std::string before = fingerprint(config_, read_files(config_));
  std::filesystem::remove(path("ca.pem"));
  EXPECT_NE(fingerprint(config_, read_files(config_)), before);
}

FileContent file(const std::string& key, const std::string& content, bool secret = false) {
  return {{key, key + ".file", secret}, content, std::nullopt};
}
const std::string users_key = "auth_swap.downstream_credentials_file";
const std::string logins_key = "auth_swap.upstream_credentials_file";

TEST(Digest, IsSha256OfWhatAnybodyMaySee) {
  EXPECT_EQ(digest(file("k", "abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, OfASecretIsSlow) {
  EXPECT_EQ(digest(file("k", "abc", true)), slow_digest("abc"));
  EXPECT_NE(digest(file("k", "abc", true)), sha256("abc"));
  EXPECT_EQ(digest(file("k", "abc", true)).size(), 64U);
}

TEST(FileChanges, AreNoneWhenContentsAreEqual) {
  const std::vector<FileContent> files{file("downstream.tls.cert", "a"), file(users_key, "a=b", true)};
  EXPECT_THAT(changes(files, files), IsEmpty());
  EXPECT_THAT(changes(digests(files), digests(files)), IsEmpty());
}

TEST(FileChanges, NameTheKeyTheDigestsAndTheReachOfTheKey) {
  const std::vector<FileContent> before{file("downstream.tls.cert", "a"), file("downstream.tls.crl", "a")};
  const std::vector<FileContent> after{file("downstream.tls.cert", "b"), file("downstream.tls.crl", "b")};
  const std::string a = sha256("a").substr(0, 12);
  const std::string b = sha256("b").substr(0, 12);
  const std::vector<Change> expected{{"downstream.tls.cert", a, b, Reach::NextHandshakes, true},
                                     {"downstream.tls.crl", a, b, Reach::CertificatesEnd, true}};
  EXPECT_EQ(changes(before, after), expected);
  EXPECT_EQ(changes(digests(before), digests(after)), expected);
}

TEST(FileChanges, AnotherPathIsTheConfigurationsChange) {
  FileContent moved = file("downstream.tls.cert", "b");
  moved.file.path = "elsewhere";
  EXPECT_THAT(changes(std::vector{file("downstream.tls.cert", "a")}, std::vector{moved}), IsEmpty());
}

struct CredentialsCase {
  std::string key;
  std::string before;
  std::string after;
  Reach reach;
};

class CredentialsFile : public testing::TestWithParam<CredentialsCase> {};

TEST_P(CredentialsFile, EndsSessionsOnlyWhereItMust) {
  const auto& [key, before, after, reach] = GetParam();
  const auto found = changes(std::vector{file(key, before, true)}, std::vector{file(key, after, true)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].reach, reach) << describe(found[0].reach);
}

INSTANTIATE_TEST_SUITE_P(Cases, CredentialsFile,
                         testing::Values(CredentialsCase{logins_key, "a=1\nb=2", "a=3\nb=2", Reach::NextLogins},
                                         CredentialsCase{logins_key, "a=1", "a=1\nb=2", Reach::NextLogins},
                                         CredentialsCase{logins_key, "a=1\nb=2", "a=1", Reach::IdentitiesEnd},
                                         CredentialsCase{users_key, "a=1\nb=2", "a=3\nb=2", Reach::IdentitiesEnd},
                                         CredentialsCase{users_key, "a=1", "a=1\nb=2", Reach::NextLogins},
                                         CredentialsCase{users_key, "a=1\nb=2", "a=1", Reach::IdentitiesEnd},
                                         CredentialsCase{users_key, "a=1", "# comment\na=1", Reach::NextLogins}));

TEST(FileChanges, OfCredentialsByDigestAloneMayEndSessions) {
  const std::vector<FileDigest> before{{logins_key, "f", "1"}};
  const std::vector<FileDigest> after{{logins_key, "f", "2"}};
  EXPECT_THAT(changes(before, after), ElementsAre(Change{logins_key, "1", "2", Reach::IdentitiesEnd, true}));
}

}  // namespace
}  // namespace kp::config
