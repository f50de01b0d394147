#include "certs/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "net/stream.h"
#include "support/certificates.h"
#include "unit/net/stream_pair.h"

namespace kp::certs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// What the openssl command says, both streams.
std::string openssl(const std::string& arguments) {
  std::FILE* const out = ::popen(("openssl " + arguments + " 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), out)) text.append(buffer.data(), n);
  ::pclose(out);
  return text;
}

class Generate : public testing::Test {
 protected:
  void SetUp() override {
    options.directory = directory.file("made");
    options.sni_suffix = "kafka.example.com";
  }
  std::string file(const std::string& name) const { return options.directory + "/" + name; }
  std::string text_of(const std::string& name) const { return openssl("x509 -noout -text -in " + file(name)); }
  void make() {
    const Result<std::string> made = generate(options);
    ASSERT_TRUE(made) << made.error().message;
    said = *made;
  }
  void expect_refused(Errc code, const std::string& words) {
    const Result<std::string> made = generate(options);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, code);
    EXPECT_THAT(made.error().message, HasSubstr(words));
  }

  test::TemporaryDirectory directory;
  GenerateOptions options;
  std::string said;
};

TEST_F(Generate, EveryLeafIsVerifiedByItsAuthority) {
  make();
  for (const char* const leaf : {"server.pem", "client1.pem", "client2.pem"})
    EXPECT_EQ(openssl("verify -x509_strict -CAfile " + file("ca.pem") + " " + file(leaf)), file(leaf) + ": OK\n");
}

TEST_F(Generate, TheServersCertificateIsForTheSuffixAndWhatIsBelow) {
  make();
  const std::string check = "verify -purpose sslserver -CAfile " + file("ca.pem") + " -verify_hostname ";
  EXPECT_THAT(openssl(check + "kafka.example.com " + file("server.pem")), HasSubstr(": OK"));
  EXPECT_THAT(openssl(check + "b7.kafka.example.com " + file("server.pem")), HasSubstr(": OK"));
  EXPECT_THAT(openssl(check + "localhost " + file("server.pem")), HasSubstr("hostname mismatch"));
}

TEST_F(Generate, ACertificateServesItsPurposeOnly) {
  make();
  const std::string check = "verify -CAfile " + file("ca.pem") + " -purpose ";
  EXPECT_THAT(openssl(check + "sslclient " + file("client1.pem")), HasSubstr(": OK"));
  EXPECT_THAT(openssl(check + "sslserver " + file("client1.pem")), Not(HasSubstr(": OK")));
  EXPECT_THAT(openssl(check + "sslclient " + file("server.pem")), Not(HasSubstr(": OK")));
}

TEST_F(Generate, TheAuthorityMaySignButHasNoAuthorityBelow) {
  make();
  EXPECT_THAT(text_of("ca.pem"), AllOf(HasSubstr("X509v3 Basic Constraints: critical"), HasSubstr("CA:TRUE, pathlen:0"),
                                       HasSubstr("X509v3 Key Usage: critical"), HasSubstr("Certificate Sign, CRL Sign"),
                                       HasSubstr("X509v3 Subject Key Identifier")));
}

TEST_F(Generate, ALeafSaysWhatItIs) {
  make();
  EXPECT_THAT(text_of("client2.pem"),
              AllOf(HasSubstr("Subject: CN = client2"), HasSubstr("CA:FALSE"), HasSubstr("Digital Signature"),
                    HasSubstr("TLS Web Client Authentication"), HasSubstr("X509v3 Subject Key Identifier"),
                    HasSubstr("X509v3 Authority Key Identifier"), HasSubstr("NIST CURVE: P-256")));
}

TEST_F(Generate, TheAuthoritysKeySignsMore) {
  make();
  const std::string request = directory.file("request.pem");
  openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + directory.file("more_key.pem") +
          " -subj /CN=more -out " + request);
  openssl("x509 -req -in " + request + " -CA " + file("ca.pem") + " -CAkey " + file("ca_key.pem") + " -out " +
          directory.file("more.pem"));
  EXPECT_THAT(openssl("verify -CAfile " + file("ca.pem") + " " + directory.file("more.pem")), HasSubstr(": OK"));
}

TEST_F(Generate, SerialsDiffer) {
  make();
  const auto serial = [&](const char* name) { return openssl("x509 -noout -serial -in " + file(name)); };
  EXPECT_NE(serial("client1.pem"), serial("client2.pem"));
  EXPECT_NE(serial("client1.pem"), serial("ca.pem"));
}

TEST_F(Generate, LeafsLastForTheDaysThatWereAskedForTheAuthorityFor20Years) {
  options.days = 30;
  make();
  const auto good_in = [&](const char* name, long days) {
    return openssl("x509 -noout -checkend " + std::to_string(days * 86400) + " -in " + file(name));
  };
  EXPECT_THAT(good_in("server.pem", 29), HasSubstr("will not expire"));
  EXPECT_THAT(good_in("server.pem", 31), HasSubstr("will expire"));
  EXPECT_THAT(good_in("ca.pem", 7299), HasSubstr("will not expire"));
  EXPECT_THAT(good_in("ca.pem", 7301), HasSubstr("will expire"));
}

TEST_F(Generate, NoLeafOutlivesTheAuthority) {
  options.days = authority_days;
  make();
  EXPECT_THAT(
      openssl("x509 -noout -checkend " + std::to_string(authority_days * 86400L) + " -in " + file("server.pem")),
      HasSubstr("will expire"));
}

TEST_F(Generate, RsaKeysHave3072Bits) {
  options.algorithm = KeyAlgorithm::Rsa;
  options.clients = {"only"};
  make();
  EXPECT_THAT(text_of("server.pem"), HasSubstr("Public-Key: (3072 bit)"));
  EXPECT_THAT(text_of("ca.pem"), HasSubstr("Public-Key: (3072 bit)"));
}

TEST_F(Generate, PrivateKeysAreTheOwnersOnly) {
  make();
  for (const char* const key : {"ca_key.pem", "server_key.pem", "client1_key.pem", "client2_key.pem"}) {
    struct stat found{};
    ASSERT_EQ(::stat(file(key).c_str(), &found), 0) << key;
    EXPECT_EQ(found.st_mode & 0777, 0600U) << key;
  }
}

TEST_F(Generate, KeysAreInTheFormThatJavaReads) {
  make();
  EXPECT_TRUE(test::contents(file("client1_key.pem")).starts_with("-----BEGIN PRIVATE KEY-----"));
}

TEST_F(Generate, ClientsHaveTheNamesThatWereAskedFor) {
  options.clients = {"billing", "orders.eu"};
  make();
  EXPECT_THAT(text_of("orders.eu.pem"), HasSubstr("Subject: CN = orders.eu"));
  EXPECT_FALSE(std::filesystem::exists(file("client1.pem")));
}

TEST_F(Generate, ItSaysWhatToPutIntoTheConfiguration) {
  make();
  EXPECT_THAT(said,
              AllOf(HasSubstr("      cert: " + file("server.pem")), HasSubstr("      key: " + file("server_key.pem")),
                    HasSubstr("      ca_certs: " + file("ca.pem")), HasSubstr(file("ca_key.pem"))));
}

TEST_F(Generate, NothingIsOverwrittenAndEveryFileThatIsThereIsNamed) {
  std::filesystem::create_directory(options.directory);
  directory.write("made/server_key.pem", "mine");
  directory.write("made/client2.pem", "mine too");

  expect_refused(Errc::Conflict, file("server_key.pem") + ", " + file("client2.pem"));

  EXPECT_EQ(test::contents(file("server_key.pem")), "mine");
  EXPECT_FALSE(std::filesystem::exists(file("ca.pem")));
}

TEST_F(Generate, ALinkThatLeadsNowhereIsNotFollowed) {
  std::filesystem::create_directory(options.directory);
  std::filesystem::create_symlink(directory.file("elsewhere"), file("ca_key.pem"));
  expect_refused(Errc::Conflict, file("ca_key.pem"));
  EXPECT_FALSE(std::filesystem::exists(directory.file("elsewhere")));
}

/// Ends the process: 0 when there was an Io error.
[[noreturn]] void generate_within(const GenerateOptions& options, rlim_t bytes) {
  const rlimit limit{bytes, bytes};
  std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const Result<std::string> made = generate(options);
  std::_Exit(!made && made.error().code == Errc::Io ? 0 : 1);
}

// The authority's certificate keeps within the limit; the server's, with its long names, does not.
TEST_F(Generate, WhatFailsHalfWayLeavesNothing) {
  options.sni_suffix = std::string(60, 'a') + "." + std::string(60, 'b') + ".test";
  EXPECT_EXIT(generate_within(options, 700), testing::ExitedWithCode(0), "");
  EXPECT_TRUE(std::filesystem::is_empty(options.directory));
}

TEST_F(Generate, ADirectoryThatCanNotBeMadeIsAnError) {
  options.directory = directory.write("a-file", "") + "/below";
  expect_refused(Errc::Io, options.directory);
}

TEST_F(Generate, ALongSuffixIsNoCommonName) {
  options.sni_suffix = std::string(40, 'a') + "." + std::string(40, 'b') + ".test";
  make();
  EXPECT_THAT(text_of("server.pem"), AllOf(HasSubstr("CN = kafkaproxy"), HasSubstr("DNS:*." + options.sni_suffix)));
}

TEST_F(Generate, ASuffixOfOneLabelIsWarnedOf) {
  options.sni_suffix = "internal";
  make();
  EXPECT_THAT(said, HasSubstr("Many clients refuse"));
}

using Handshake = net::StreamTest;

TEST_F(Handshake, GeneratedCertificatesMeetInAMutualHandshake) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(generate({.sni_suffix = "kafka.example.com", .directory = directory.file("")}));
  const auto server = net::TlsContext::server({.cert = directory.file("server.pem"),
                                               .key = directory.file("server_key.pem"),
                                               .client_certificates = net::ClientCertificates::Required,
                                               .client_ca = directory.file("ca.pem")});
  const auto client = net::TlsContext::client({.ca = directory.file("ca.pem"),
                                               .cert = directory.file("client1.pem"),
                                               .key = directory.file("client1_key.pem")});
  ASSERT_TRUE(server && client);
  connect_both();
  auto accepted = test::spawn(loop, stream->accept_tls(**server));

  const Status connected = test::run(loop, other->connect_tls(**client, "b1.kafka.example.com"));

  ASSERT_TRUE(connected) << connected.error().message;
  ASSERT_TRUE(test::await(std::move(accepted)));
  EXPECT_EQ(stream->peer_certificate()->common_name, "client1");
}

struct BadOption {
  std::string name;
  GenerateOptions options;
  std::string words;
};
void PrintTo(const BadOption& bad, std::ostream* out) { *out << bad.name; }

class Refusal : public testing::TestWithParam<BadOption> {};

TEST_P(Refusal, NamesTheOption) {
  const test::TemporaryDirectory directory;
  GenerateOptions options = GetParam().options;
  options.directory = directory.file("made");
  const Result<std::string> made = generate(options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Invalid);
  EXPECT_THAT(made.error().message, HasSubstr(GetParam().words));
  EXPECT_FALSE(std::filesystem::exists(options.directory));
}

INSTANTIATE_TEST_SUITE_P(
    Of, Refusal,
    testing::Values(BadOption{"NoSuffix", {}, "--sni-suffix: '': is missing"},
                    BadOption{"Wildcard", {.sni_suffix = "*.a.test"}, "give the part behind the dot: a.test"},
                    BadOption{"LeadingDot", {.sni_suffix = ".a.test"}, "give the part behind the dot: a.test"},
                    BadOption{"Address", {.sni_suffix = "10.0.0.1"}, "'10.0.0.1': is an address"},
                    BadOption{"Underscore", {.sni_suffix = "a_b.test"}, "is not a DNS name"},
                    BadOption{"TrailingDot", {.sni_suffix = "a.test."}, "is not a DNS name"},
                    BadOption{"Injection", {.sni_suffix = "a.test,DNS:b.test"}, "is not a DNS name"},
                    BadOption{"TooLong", {.sni_suffix = std::string(252, 'a')}, "too long"},
                    BadOption{"NoDays", {.sni_suffix = "a.test", .days = 0}, "--days: 0"},
                    BadOption{"TooManyDays", {.sni_suffix = "a.test", .days = 7301}, "--days: 7301"},
                    BadOption{"ClientWithASlash", {.sni_suffix = "a.test", .clients = {"../x"}}, "--clients: '../x'"},
                    BadOption{"ClientTwice", {.sni_suffix = "a.test", .clients = {"x", "x"}}, "x.pem is made already"},
                    BadOption{"ClientNamedCa", {.sni_suffix = "a.test", .clients = {"ca"}}, "ca.pem is made already"},
                    BadOption{"ClientNamedLikeAKey",
                              {.sni_suffix = "a.test", .clients = {"server_key"}},
                              "server_key.pem is made already"}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace kp::certs
