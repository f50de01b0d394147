#include "kube/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.h"

namespace kp::kube {
namespace {

using kp::test::TemporaryDirectory;
using testing::HasSubstr;

constexpr const char* two_contexts = R"(
apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {cluster: local, user: alice, namespace: shop}}
- {name: prod, context: {cluster: far, user: robot}}
clusters:
- name: local
  cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2EtcGVt}
- name: far
  cluster: {server: "https://10.0.0.1:6443", certificate-authority: ca.pem, tls-server-name: kubernetes}
users:
- name: alice
  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
- name: robot
  user: {token: abc}
)";

Result<Access> read(const std::string& text, const std::string& context = {}) {
  const TemporaryDirectory directory;
  directory.write("ca.pem", "the CA");
  return from_kubeconfig(directory.write("config", text), context);
}

TEST(Kubeconfig, TheCurrentContextCounts) {
  const auto access = read(two_contexts);

  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(*access, (Access{.server = "https://127.0.0.1:6443",
                             .ca = "ca-pem",
                             .client_cert = "cert",
                             .client_key = "key",
                             .default_space = "shop"}));
}

TEST(Kubeconfig, ANamedContextCountsMore) {
  const auto access = read(two_contexts, "prod");

  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(*access,
            (Access{.server = "https://10.0.0.1:6443", .server_name = "kubernetes", .ca = "the CA", .token = "abc"}));
}

TEST(Kubeconfig, AContextThatIsNotThereIsNamed) {
  const auto access = read(two_contexts, "test");

  ASSERT_FALSE(access);
  EXPECT_THAT(access.error().message, HasSubstr("contexts has no entry named test"));
}

TEST(Kubeconfig, AFileThatIsMissingIsNamed) {
  const auto access = from_kubeconfig("/nonexistent/config");

  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code, Errc::NotFound);
  EXPECT_THAT(access.error().message, HasSubstr("/nonexistent/config"));
}

TEST(Kubeconfig, WhatIsNoYamlIsMalformedAtItsLine) {
  const auto access = read("a: 1\nb: [");

  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code, Errc::Malformed);
  EXPECT_THAT(access.error().message, HasSubstr("line 2"));
}

struct WrongField {
  const char* name;
  const char* cluster;
  const char* user;
  const char* said;
};

class KubeconfigField : public testing::TestWithParam<WrongField> {};

TEST_P(KubeconfigField, IsNamedByTheError) {
  const auto access = read(
      "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: "
      "[{name: k, cluster: {" +
      std::string(GetParam().cluster) + "}}]\nusers: [{name: u, user: {" + GetParam().user + "}}]\n");

  ASSERT_FALSE(access);
  EXPECT_THAT(access.error().message, HasSubstr(GetParam().said));
}

constexpr const char* good_cluster = "server: 'https://a:1'";

INSTANTIATE_TEST_SUITE_P(
    Wrong, KubeconfigField,
    testing::Values(
        WrongField{"server", "server: a", "", "clusters[k].cluster.server must begin with https://"},
        WrongField{"ca_data", "server: 'https://a', certificate-authority-data: '!'", "",
                   "certificate-authority-data is not base64"},
        WrongField{"ca_file", "server: 'https://a', certificate-authority: none.pem", "", "certificate-authority: "},
        WrongField{"proxy", "server: 'https://a', proxy-url: b", "", "clusters[k].cluster.proxy-url is not supported"},
        WrongField{"exec", good_cluster, "exec: {command: aws}", "users[u].user.exec is not supported"},
        WrongField{"half", good_cluster, "client-key-data: a2V5", "client-certificate and client-key belong together"},
        WrongField{"list", good_cluster, "token: [a]", "token must be a text"}),
    [](const auto& each) { return std::string(each.param.name); });

struct Pod {
  Pod() {
    directory.write("token", "abc\n");
    directory.write("ca.crt", "-----BEGIN CERTIFICATE-----\n");
    directory.write("namespace", "shop\n");
  }
  TemporaryDirectory directory;
  InCluster in_cluster{"10.96.0.1", "443", directory.file("")};
};

TEST(InCluster, TakesWhatThePodWasGiven) {
  const Pod pod;

  const auto access = in_cluster(pod.in_cluster);

  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://10.96.0.1:443");
  EXPECT_EQ(access->default_space, "shop");
  EXPECT_EQ(access->token_file, pod.directory.file("") + "/token");
}

TEST(InCluster, AnAddressOfIpv6IsReplacedByTheName) {
  Pod pod;
  pod.in_cluster.host = "fd00::1";

  const auto access = in_cluster(pod.in_cluster);

  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://kubernetes.default.svc:443");
}

TEST(InCluster, OutsideOfOneTheErrorSaysWhatToDo) {
  const auto access = in_cluster({});

  ASSERT_FALSE(access);
  EXPECT_THAT(access.error().message, HasSubstr("--kubeconfig"));
}

TEST(InCluster, AnEmptyTokenIsNamed) {
  const Pod pod;
  pod.directory.write("token", "\n");

  const auto access = in_cluster(pod.in_cluster);

  ASSERT_FALSE(access);
  EXPECT_THAT(access.error().message, HasSubstr("/token: is empty"));
}

}  // namespace
}  // namespace kp::kube
