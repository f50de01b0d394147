#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <ostream>

#include "unit/net/tls_pair.h"

namespace kp::net {
namespace {

class MutualTls : public TlsTest {
 protected:
  void SetUp() override {
    TlsTest::SetUp();
    server_options.client_certificates = ClientCertificates::Required;
    server_options.client_ca = ours.ca();
  }

  Status meet_holder(const test::Certificates::Leaf& held, int version = 0) {
    return meet_stranger({.max_version = version, .min_version = version, .cert = held.cert, .key = held.key});
  }
};

TEST_F(MutualTls, AClientWithACertificateGetsIn) {
  const auto mine = ours.issue("DNS:client.test");
  client_options.cert = mine.cert;
  client_options.key = mine.key;
  ASSERT_TRUE(meet("broker.test"));
  EXPECT_TRUE(server_outcome) << server_outcome.error().message;
}

TEST_F(MutualTls, ThePeersCertificateIsKnown) {
  ASSERT_TRUE(meet_holder(ours.issue("", std::chrono::hours(2), "client1")));

  const auto found = stream->peer_certificate();

  ASSERT_TRUE(found);
  EXPECT_EQ(found->subject, "CN=client1");
  EXPECT_EQ(found->common_name, "client1");
  const auto left = found->not_after - std::chrono::system_clock::now();
  EXPECT_NEAR(std::chrono::duration<double>(left).count(), 2 * 3600, 600);
  EXPECT_EQ(found->fingerprint.size(), 32U * 3 - 1);
  EXPECT_EQ(found->serial, "03");
}

TEST_F(MutualTls, WhereACertificateIsOptionalAClientWithoutGetsInAsNobody) {
  server_options.client_certificates = ClientCertificates::Optional;
  ASSERT_TRUE(meet_stranger({}));
  EXPECT_FALSE(stream->peer_certificate());
}

TEST_F(MutualTls, WhereACertificateIsOptionalAClientWithOneIsKnown) {
  server_options.client_certificates = ClientCertificates::Optional;
  ASSERT_TRUE(meet_holder(ours.issue("", std::chrono::hours(2), "client1")));
  ASSERT_TRUE(stream->peer_certificate());
  EXPECT_EQ(stream->peer_certificate()->common_name, "client1");
}

TEST_F(MutualTls, WhereACertificateIsOptionalABadOneIsStillRefused) {
  server_options.client_certificates = ClientCertificates::Optional;
  const Status accepted = meet_holder(ours.issue("", std::chrono::seconds(-60)));
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Errc::Unauthorized);
}

TEST_F(MutualTls, WhereNoneIsAskedForACertificateIsNotSeen) {
  server_options.client_certificates = ClientCertificates::None;
  ASSERT_TRUE(meet_holder(ours.issue("")));
  EXPECT_FALSE(stream->peer_certificate());
}

TEST_F(MutualTls, OneThatIsNotRevokedGetsInWithACrl) {
  const auto good = ours.issue("");
  const auto bad = ours.issue("");
  server_options.crl = ours.crl({bad});
  const Status accepted = meet_holder(good);
  EXPECT_TRUE(accepted) << accepted.error().message;
}

TEST_F(MutualTls, OneWhoIsNotAdmittedHearsItInTheHandshake) {
  server_options.admits = [](const PeerCertificate& certificate) { return certificate.common_name == "client1"; };
  const Status accepted = meet_holder(ours.issue("", std::chrono::hours(2), "client2"));
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Errc::Unauthorized);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "not_admitted");
  EXPECT_TRUE(meet_holder(ours.issue("", std::chrono::hours(2), "client1")));
}

TEST_F(MutualTls, OneThatIsRevokedIsNotAskedFor) {
  const auto bad = ours.issue("", std::chrono::hours(2), "client1");
  server_options.crl = ours.crl({bad});
  bool asked = false;
  server_options.admits = [&asked](const PeerCertificate&) { return asked = true; };
  EXPECT_FALSE(meet_holder(bad));
  EXPECT_FALSE(asked);
}

TEST_F(MutualTls, AnIntermediateIsEnoughOfAnAuthority) {
  test::Certificates department("department CA", ours);
  server_options.client_ca = department.ca();
  const Status accepted = meet_holder(department.issue("", std::chrono::hours(2), "client1"));
  EXPECT_TRUE(accepted) << accepted.error().message;
}

TEST_F(MutualTls, OneWithoutAuthoritiesIsAnError) {
  server_options.client_ca.clear();
  const auto made = TlsContext::server(server_options);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("ca_certs"), std::string::npos) << made.error().message;
}

// A resumed session would bring an identity whose certificate may have ended, or been revoked, since.
TEST_F(MutualTls, ASessionWithACertificateCanNotBeResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ASSERT_TRUE(meet_holder(ours.issue(""), version));
    ASSERT_TRUE(test::run(loop, stream->write_all(test::bytes_of("x"))));
    ASSERT_EQ(client->receive(1).size(), 1U);
    EXPECT_FALSE(client->can_resume()) << client->version();
  }
}

TEST_F(TlsTest, ASessionWithoutClientCertificatesCanBeResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ASSERT_TRUE(meet_stranger({.max_version = version, .min_version = version}));
    ASSERT_TRUE(test::run(loop, stream->write_all(test::bytes_of("x"))));
    ASSERT_EQ(client->receive(1).size(), 1U);
    EXPECT_TRUE(client->can_resume()) << client->version();
  }
}

/// A client whose leaf is in order, signed by a department that the root signed.
class OfADepartment : public MutualTls {
 protected:
  /// The client shows leaf and department; the CRL file holds `lists`.
  Status meet_member(const std::vector<std::string>& lists) {
    std::string all;
    for (const std::string& list : lists) all += test::contents(list);
    server_options.crl = ours.directory().write("crls.pem", all);
    test::Certificates::Leaf member = department.issue("", std::chrono::hours(1), "client1");
    member.cert = ours.directory().write("member.pem", test::contents(member.cert) + test::contents(department.ca()));
    return meet_holder(member);
  }
  test::Certificates department{"department CA", ours};
};

TEST_F(OfADepartment, OneGetsInWhereEveryAuthoritysCrlIsThere) {
  const Status accepted = meet_member({ours.crl({}), department.crl({})});
  EXPECT_TRUE(accepted) << accepted.error().message;
}

TEST_F(OfADepartment, OneIsRefusedOnceTheDepartmentIsRevoked) {
  const Status accepted = meet_member({ours.crl({{department.ca(), ""}}), department.crl({})});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(client->alert(), SSL_AD_CERTIFICATE_REVOKED);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "revoked") << accepted.error().message;
}

TEST_F(OfADepartment, OneIsRefusedWhereNobodySaysWhetherTheDepartmentIsRevoked) {
  const Status accepted = meet_member({department.crl({})});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "crl") << accepted.error().message;
}

TEST_F(OfADepartment, OneIsRefusedWhereTheDepartmentsOwnCrlIsMissing) {
  const Status accepted = meet_member({ours.crl({})});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "crl") << accepted.error().message;
}

TEST_F(OfADepartment, OneGetsInWithoutTheRootsCrlWhereTheDepartmentItselfIsTrusted) {
  server_options.client_ca = department.ca();
  const Status accepted = meet_member({department.crl({})});
  EXPECT_TRUE(accepted) << accepted.error().message;
}

enum class Held { Nothing, Expired, Foreign, Revoked, WithAnOldCrl, WithoutACrl };

struct Refusal {
  std::string name;
  Held held;
  int version;
  int alert;  ///< what the client sees, SSL_AD_…
  std::string label;
  std::string words;  ///< in our error
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class Refused : public MutualTls, public testing::WithParamInterface<Refusal> {
 protected:
  test::TlsClient::Options come_with(Held held) {
    if (held == Held::Nothing) return {};
    test::Certificates::Leaf leaf_of_client;
    if (held == Held::Foreign) leaf_of_client = foreign.issue("", std::chrono::hours(1), "client1");
    if (held == Held::Expired) leaf_of_client = ours.issue("", std::chrono::seconds(-60), "client1");
    if (leaf_of_client.cert.empty()) leaf_of_client = ours.issue("", std::chrono::hours(1), "client1");
    if (held == Held::Revoked) server_options.crl = ours.crl({leaf_of_client});
    if (held == Held::WithAnOldCrl) server_options.crl = ours.crl({}, std::chrono::seconds(-60));
    if (held == Held::WithoutACrl) server_options.crl = foreign.crl({});
    return {.cert = leaf_of_client.cert, .key = leaf_of_client.key};
  }
  test::Certificates foreign{"another CA"};
};

TEST_P(Refused, WithTheAlertTheLabelAndTheWordsForIt) {
  test::TlsClient::Options options = come_with(GetParam().held);
  options.min_version = options.max_version = GetParam().version;

  const Status accepted = meet_stranger(options);

  ASSERT_FALSE(accepted);
  EXPECT_EQ(client->alert(), GetParam().alert);
  EXPECT_EQ(tls_failure_label(accepted.error().message), GetParam().label);
  EXPECT_NE(accepted.error().message.find(GetParam().words), std::string::npos) << accepted.error().message;
}

std::vector<Refusal> refusals() {
  std::vector<Refusal> all;
  const auto add = [&](const std::string& name, Held held, int alert12, int alert13, const std::string& label,
                       const std::string& words) {
    all.push_back({name + "Tls12", held, TLS1_2_VERSION, alert12, label, words});
    all.push_back({name + "Tls13", held, TLS1_3_VERSION, alert13, label, words});
  };
  add("Nothing", Held::Nothing, SSL_AD_HANDSHAKE_FAILURE, SSL_AD_CERTIFICATE_REQUIRED, "no_client_certificate",
      "did not return a certificate");
  add("Expired", Held::Expired, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED, "expired",
      "certificate has expired (CN=client1)");
  add("Foreign", Held::Foreign, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA, "unknown_ca",
      "unable to get local issuer certificate (CN=client1)");
  add("Revoked", Held::Revoked, SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_REVOKED, "revoked",
      "certificate revoked (CN=client1)");
  add("OldCrl", Held::WithAnOldCrl, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED, "crl",
      "CRL has expired, put its authority's newer one into the CRL file");
  add("NoCrl", Held::WithoutACrl, SSL_AD_UNKNOWN_CA, SSL_AD_UNKNOWN_CA, "crl",
      "unable to get certificate CRL, the CRL file has none of its authority");
  return all;
}

INSTANTIATE_TEST_SUITE_P(Clients, Refused, testing::ValuesIn(refusals()),
                         [](const auto& each) { return each.param.name; });

TEST_F(MutualTls, ANameInACertificateDoesNotChooseItsLabel) {
  const Status accepted = meet_holder(ours.issue("", std::chrono::seconds(-60), "certificate revoked"));
  ASSERT_FALSE(accepted);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "expired") << accepted.error().message;
}

TEST_F(MutualTls, AControlCharacterInACertificateIsNotLogged) {
  const Status accepted = meet_holder(ours.issue("", std::chrono::seconds(-60), "a\nb"));
  ASSERT_FALSE(accepted);
  EXPECT_NE(accepted.error().message.find("(CN=a?b)"), std::string::npos) << accepted.error().message;
}

// What a refused certificate says must not hide behind a verdict that nobody asked for.
TEST_F(MutualTls, AClientThatTrustsAllIsToldThatItNeedsACertificate) {
  client_options.trust_all = true;
  client_options.ca.clear();
  connect_both();
  const auto server = TlsContext::server(server_options);
  const auto client_side = TlsContext::client(client_options);
  ASSERT_TRUE(server && client_side);
  auto accepted = test::spawn(loop, stream->accept_tls(**server));
  Status connected = test::run(loop, other->connect_tls(**client_side, "broker.test"));
  ASSERT_FALSE(test::await(std::move(accepted)));
  Bytes into(1);
  const Result<std::size_t> got = test::run(loop, other->read_some(into));
  ASSERT_TRUE(connected);  // TLS 1.3: the client's part is done before the server looks
  ASSERT_FALSE(got);
  EXPECT_EQ(tls_failure_label(got.error().message), "no_client_certificate") << got.error().message;
}

class Chain : public TlsTest {
 protected:
  void SetUp() override {
    TlsTest::SetUp();
    const auto lone = department.issue("DNS:broker.test", std::chrono::hours(1), "broker");
    server_options.cert = lone.cert;
    server_options.key = lone.key;
  }
  std::vector<std::string> presented() {
    EXPECT_TRUE(meet_stranger({}));
    return client->presented();
  }
  test::Certificates department{"department CA", ours};
};

TEST_F(Chain, OfALoneLeafIsCompletedFromTheAuthoritiesWithoutTheirRoot) {
  server_options.client_ca =
      ours.directory().write("bundle.pem", test::contents(ours.ca()) + test::contents(department.ca()));
  EXPECT_EQ(presented(), (std::vector<std::string>{"broker", "department CA"}));
}

TEST_F(Chain, OfALoneLeafIsCompletedWithTheFileBesideTheCertificate) {
  server_options.client_ca = "ca.pem";  // not in the working directory, but where the leaf is
  EXPECT_EQ(presented(), (std::vector<std::string>{"broker", "department CA"}));
}

TEST_F(Chain, OfALoneLeafStaysAsItIsWhenTheAuthoritiesAreOthers) {
  server_options.client_ca = ours.ca();
  EXPECT_EQ(presented(), (std::vector<std::string>{"broker"}));
}

TEST_F(Chain, OfAFullFileIsPresentedAsItIs) {
  server_options.cert = ours.directory().write(
      "chain.pem", test::contents(server_options.cert) + test::contents(department.ca()) + test::contents(ours.ca()));
  server_options.client_ca = department.ca();
  EXPECT_EQ(presented(), (std::vector<std::string>{"broker", "department CA", "test CA"}));
}

}  // namespace
}  // namespace kp::net
