#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/client.h"
#include "support/certificates.h"
#include "unit/kube/api.h"

namespace kp::kube {
namespace {

using kp::test::Certificates;
using kp::test::contents;
using kp::test::HttpServer;
using test::answers;
using test::orders;
using testing::HasSubstr;

Result<Json> get(const Access& access) {
  RequestCounters counters;
  auto transport = connect(access);
  if (!transport) return std::move(transport).error();
  return make_client(*std::move(transport), counters)->get(config_map, orders);
}

struct TlsServer {
  explicit TlsServer(const std::string& names = "IP:127.0.0.1") : leaf(ca.issue(names)) {}

  Certificates ca;
  Certificates::Leaf leaf;
  HttpServer server{answers(200, "{}"), {leaf.cert, leaf.key}};
};

TEST(ClientTls, TrustsTheClustersAuthority) {
  TlsServer cluster;

  const auto got = get({.server = cluster.server.url(), .ca = contents(cluster.ca.ca())});

  EXPECT_TRUE(got) << got.error().message;
}

TEST(ClientTls, TrustsNoOtherAuthorityAndSaysSo) {
  TlsServer cluster;
  const Certificates other("another CA");

  const auto got = get({.server = cluster.server.url(), .ca = contents(other.ca())});

  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("SSL handshake: unable to get local issuer certificate"));
}

TEST(ClientTls, RefusesACertificateForAnotherName) {
  TlsServer cluster("DNS:elsewhere");

  const auto got = get({.server = cluster.server.url(), .ca = contents(cluster.ca.ca())});

  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("its certificate is for other names"));
}

TEST(ClientTls, TakesTheNameThatTheKubeconfigGives) {
  TlsServer cluster("DNS:kubernetes");

  const auto got = get({.server = cluster.server.url(), .server_name = "kubernetes", .ca = contents(cluster.ca.ca())});

  EXPECT_TRUE(got) << got.error().message;
}

TEST(ClientTls, InsecureTakesAnyCertificate) {
  TlsServer cluster("DNS:elsewhere");

  const auto got = get({.server = cluster.server.url(), .insecure = true});

  EXPECT_TRUE(got) << got.error().message;
}

TEST(ClientTls, ComesWithItsClientCertificate) {
  Certificates ca;
  const auto leaf = ca.issue("IP:127.0.0.1");
  const auto client = ca.issue("DNS:operator");
  HttpServer server(answers(200, "{}"), {leaf.cert, leaf.key, ca.ca()});

  const auto got = get({.server = server.url(),
                        .ca = contents(ca.ca()),
                        .client_cert = contents(client.cert),
                        .client_key = contents(client.key)});

  EXPECT_TRUE(got) << got.error().message;
}

TEST(ClientTls, AKeyOfAnotherCertificateIsInvalidFromTheStart) {
  Certificates ca;

  const auto got = get({.server = "https://127.0.0.1:1",
                        .client_cert = contents(ca.issue("DNS:a").cert),
                        .client_key = contents(ca.own_key())});

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Invalid);
  EXPECT_THAT(got.error().message, HasSubstr("client key and certificate"));
}

TEST(ClientTls, AnAuthorityThatIsNoPemIsInvalidFromTheStart) {
  const auto got = get({.server = "https://127.0.0.1:1", .ca = "what?"});

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Invalid);
}

}  // namespace
}  // namespace kp::kube
