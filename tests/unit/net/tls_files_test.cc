#include <gtest/gtest.h>

#include "unit/net/tls_pair.h"

namespace kp::net {
namespace {

class BadFile : public TlsTest {
 protected:
  static void expect_named(const Result<std::shared_ptr<const TlsContext>>& made, const std::string& file,
                           const std::string& words) {
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::Invalid);
    EXPECT_TRUE(made.error().message.starts_with(file + ": ")) << made.error().message;
    EXPECT_NE(made.error().message.find(words), std::string::npos) << made.error().message;
  }
  const test::TemporaryDirectory& directory() const { return ours.directory(); }
};

TEST_F(BadFile, MissingCertificate) {
  server_options.cert = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.cert, "no such file");
}

TEST_F(BadFile, MissingKey) {
  server_options.key = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.key, "no such file");
}

TEST_F(BadFile, CertificateThatIsNoPem) {
  server_options.cert = directory().write("text.pem", "hello");
  expect_named(TlsContext::server(server_options), server_options.cert, "not a PEM certificate chain");
}

TEST_F(BadFile, KeyThatIsNoPem) {
  server_options.key = directory().write("text.pem", "hello");
  expect_named(TlsContext::server(server_options), server_options.key, "not the PEM private key");
}

TEST_F(BadFile, KeyOfAnotherCertificate) {
  server_options.key = ours.issue("DNS:other.test").key;
  expect_named(TlsContext::server(server_options), server_options.key, server_options.cert);
}

TEST_F(BadFile, MissingClientAuthorities) {
  server_options.client_certificates = ClientCertificates::Required;
  server_options.client_ca = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.client_ca, "no such file");
}

TEST_F(BadFile, MissingAuthoritiesOfTheBrokers) {
  client_options.ca = directory().file("absent.pem");
  expect_named(TlsContext::client(client_options), client_options.ca, "no such file");
}

TEST_F(BadFile, AuthoritiesThatAreNoPem) {
  client_options.ca = directory().write("text.pem", "hello");
  expect_named(TlsContext::client(client_options), client_options.ca, "not a PEM bundle");
}

TEST_F(BadFile, ClientCertificateThatIsNoPem) {
  client_options.cert = directory().write("text.pem", "hello");
  client_options.key = client_options.cert;
  expect_named(TlsContext::client(client_options), client_options.cert, "not a PEM certificate chain");
}

TEST_F(BadFile, MissingCrl) {
  server_options.client_certificates = ClientCertificates::Required;
  server_options.client_ca = ours.ca();
  server_options.crl = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.crl, "no such file");
}

TEST_F(BadFile, CrlFileWithoutCrl) {
  server_options.client_certificates = ClientCertificates::Required;
  server_options.client_ca = ours.ca();
  server_options.crl = ours.ca();
  expect_named(TlsContext::server(server_options), server_options.crl, "not a PEM file of CRLs");
}

TEST_F(BadFile, AuthoritiesOfWhichTheSecondIsTorn) {
  const std::string good = test::contents(ours.ca());
  client_options.ca = directory().write("torn.pem", good + good.substr(0, good.size() / 2));
  expect_named(TlsContext::client(client_options), client_options.ca, "not a PEM bundle");
}

TEST_F(BadFile, EncryptedKeyWithoutPassword) {
  server_options.key = ours.encrypted_key(leaf, "s3cret");
  expect_named(TlsContext::server(server_options), server_options.key, "encrypted: key_password is missing");
}

TEST_F(BadFile, EncryptedKeyWithAnotherPassword) {
  client_options.cert = leaf.cert;
  client_options.key = ours.encrypted_key(leaf, "s3cret");
  client_options.key_password = "guess-7";
  const auto made = TlsContext::client(client_options);
  expect_named(made, client_options.key, "key_password does not open");
  EXPECT_EQ(made.error().message.find("guess-7"), std::string::npos) << made.error().message;
}

TEST_F(TlsTest, AnEncryptedKeyIsOpenedWithItsPassword) {
  server_options.key = ours.encrypted_key(leaf, "s3cret");
  server_options.key_password = "s3cret";
  EXPECT_TRUE(meet("broker.test"));
}

TEST_F(TlsTest, APasswordForAKeyThatNeedsNoneIsNoError) {
  server_options.key_password = "s3cret";
  EXPECT_TRUE(meet("broker.test"));
}

TEST_F(TlsTest, ABundleMayHoldOtherThingsToo) {
  client_options.ca = ours.directory().write("mixed.pem", "some words\n" + test::contents(leaf.key) +
                                                              test::contents(ours.crl({})) + test::contents(ours.ca()));
  EXPECT_TRUE(meet("broker.test"));
}

}  // namespace
}  // namespace kp::net
