#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "unit/net/tls_pair.h"

namespace kp::net {
namespace {

using TlsRules = TlsTest;

template <class Made>
void expect_error(const Made& made, const std::string& text) {
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Errc::Invalid);
  EXPECT_NE(made.error().message.find(text), std::string::npos) << made.error().message;
}

TEST_F(TlsRules, WhereVersion13IsTheLeastVersion12IsRefused) {
  server_options.min_version = TlsVersion::Tls13;
  const Status accepted = meet_stranger({.max_version = TLS1_2_VERSION});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(client->alert(), SSL_AD_PROTOCOL_VERSION);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "protocol") << accepted.error().message;
}

TEST_F(TlsRules, AClientOfOursMayWantVersion13Too) {
  client_options.min_version = TlsVersion::Tls13;
  client_options.cipher_suites = "TLS_CHACHA20_POLY1305_SHA256";
  EXPECT_TRUE(meet("broker.test"));
}

TEST_F(TlsRules, ByDefaultVersion12HasForwardSecrecyAndAead) {
  ASSERT_TRUE(meet_stranger({.max_version = TLS1_2_VERSION}));
  EXPECT_EQ(client->cipher(), "ECDHE-ECDSA-AES128-GCM-SHA256");
}

TEST_F(TlsRules, ByDefaultNoCbcAndNoStaticKeyExchange) {
  for (const char* const weak : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"}) {
    const Status accepted = meet_stranger({.max_version = TLS1_2_VERSION, .ciphers = weak});
    ASSERT_FALSE(accepted) << weak;
    EXPECT_EQ(tls_failure_label(accepted.error().message), "protocol") << accepted.error().message;
  }
}

TEST_F(TlsRules, CiphersOfVersion12AreWhatIsAskedFor) {
  server_options.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305:!kRSA";
  ASSERT_TRUE(meet_stranger({.max_version = TLS1_2_VERSION}));
  EXPECT_EQ(client->cipher(), "ECDHE-ECDSA-CHACHA20-POLY1305");
}

TEST_F(TlsRules, CipherSuitesOfVersion13AreWhatIsAskedFor) {
  server_options.cipher_suites = "TLS_CHACHA20_POLY1305_SHA256";
  ASSERT_TRUE(meet_stranger({.min_version = TLS1_3_VERSION}));
  EXPECT_EQ(client->cipher(), "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_F(TlsRules, AnUnknownCipherIsNamedAlthoughAnotherIsKnown) {
  server_options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-MAGIC";
  expect_error(TlsContext::server(server_options),
               "ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-MAGIC': no such cipher here: 'ECDHE-MAGIC'");
}

TEST_F(TlsRules, AListThatExcludesEverythingIsAnError) {
  server_options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:!ALL";
  expect_error(TlsContext::server(server_options), "ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:!ALL'");
}

TEST_F(TlsRules, AnUnknownCipherSuiteIsNamed) {
  server_options.cipher_suites = "TLS_AES_128_GCM_SHA256:TLS_MAGIC";
  expect_error(TlsContext::server(server_options), "cipher_suites: 'TLS_AES_128_GCM_SHA256:TLS_MAGIC': no such cipher");
}

TEST_F(TlsRules, ASuiteOfVersion13IsNoCipherOfVersion12) {
  client_options.ciphers = "TLS_AES_128_GCM_SHA256";
  expect_error(TlsContext::client(client_options), "ciphers: 'TLS_AES_128_GCM_SHA256'");
}

TEST_F(TlsRules, ACipherOfVersion12IsNoSuiteOfVersion13) {
  client_options.cipher_suites = "ECDHE-ECDSA-AES128-GCM-SHA256";
  expect_error(TlsContext::client(client_options), "cipher_suites: 'ECDHE-ECDSA-AES128-GCM-SHA256'");
}

TEST_F(TlsRules, AServersOwnChoiceOfCipherWins) {
  server_options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
  ASSERT_TRUE(meet_stranger(
      {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"}));
  EXPECT_EQ(client->cipher(), "ECDHE-ECDSA-AES256-GCM-SHA384");
}

}  // namespace
}  // namespace kp::net
