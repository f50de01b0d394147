#include <gtest/gtest.h>

#include "unit/net/tls_pair.h"

/// Would the certificate that a client came with be accepted by other rules than those by which it came?
namespace kp::net {
namespace {

class StillAccepted : public TlsTest {
 protected:
  void SetUp() override {
    TlsTest::SetUp();
    server_options.client_certificates = ClientCertificates::Required;
    server_options.client_ca = ours.ca();
  }
  void come_with(const test::Certificates::Leaf& held) {
    const Status accepted = meet_stranger({.cert = held.cert, .key = held.key});
    ASSERT_TRUE(accepted) << accepted.error().message;
  }
  void come_without() {
    const ClientCertificates rule = std::exchange(server_options.client_certificates, ClientCertificates::Optional);
    ASSERT_TRUE(meet_stranger({}));
    server_options.client_certificates = rule;
  }
  /// By server_options as they are now; "" or why not.
  std::string verdict() {
    const auto context = TlsContext::server(server_options);
    EXPECT_TRUE(context) << context.error().message;
    const Status still = stream->still_accepted_by(**context);
    if (still) return "";
    EXPECT_EQ(still.error().code, Errc::Unauthorized);
    return still.error().message;
  }

  test::Certificates foreign{"foreign CA"};
};

TEST_F(StillAccepted, BySameRulesYes) {
  come_with(ours.issue(""));
  EXPECT_EQ(verdict(), "");
}

TEST_F(StillAccepted, ByARenewedBundleThatHoldsItsAuthorityYes) {
  come_with(ours.issue(""));
  server_options.client_ca =
      ours.directory().write("both.pem", test::contents(foreign.ca()) + test::contents(ours.ca()));
  EXPECT_EQ(verdict(), "");
}

TEST_F(StillAccepted, ByAForeignAuthorityNo) {
  come_with(ours.issue(""));
  server_options.client_ca = foreign.ca();
  EXPECT_NE(verdict(), "");
}

TEST_F(StillAccepted, ByAnAuthorityOfTheSameNameWithAnotherKeyNo) {
  test::Certificates namesake;
  come_with(ours.issue(""));
  server_options.client_ca = namesake.ca();
  EXPECT_NE(verdict(), "");
}

TEST_F(StillAccepted, OnceItIsRevokedNo) {
  const auto held = ours.issue("");
  come_with(held);
  server_options.crl = ours.crl({held});
  EXPECT_NE(verdict().find("revoked"), std::string::npos);
}

TEST_F(StillAccepted, OnceAnotherIsRevokedYes) {
  come_with(ours.issue(""));
  server_options.crl = ours.crl({ours.issue("")});
  EXPECT_EQ(verdict(), "");
}

TEST_F(StillAccepted, ByACrlThatIsOverdueNo) {
  come_with(ours.issue(""));
  server_options.crl = ours.crl({}, std::chrono::seconds(-60));
  EXPECT_NE(verdict(), "");
}

TEST_F(StillAccepted, OnceItHasExpiredNo) {
  come_with(ours.issue("", std::chrono::seconds(3)));
  EXPECT_TRUE(test::eventually([this] { return verdict().find("expired") != std::string::npos; }));
}

TEST_F(StillAccepted, WithoutOneWhereOneIsRequiredNo) {
  come_without();
  EXPECT_NE(verdict().find("without a certificate"), std::string::npos);
}

TEST_F(StillAccepted, WithoutOneWhereItIsOptionalYes) {
  come_without();
  server_options.client_certificates = ClientCertificates::Optional;
  EXPECT_EQ(verdict(), "");
}

TEST_F(StillAccepted, AForeignOneWhereItIsOptionalNo) {
  come_with(ours.issue(""));
  server_options.client_certificates = ClientCertificates::Optional;
  server_options.client_ca = foreign.ca();
  EXPECT_NE(verdict(), "");
}

TEST_F(StillAccepted, AnyOneWhereNobodyIsAskedYes) {
  come_with(ours.issue(""));
  server_options.client_certificates = ClientCertificates::None;
  EXPECT_EQ(verdict(), "");
}

TEST_F(StillAccepted, WithTheIntermediatesThatItCameWithYes) {
  test::Certificates department("department CA", ours);
  auto member = department.issue("");
  member.cert = ours.directory().write("member.pem", test::contents(member.cert) + test::contents(department.ca()));
  come_with(member);
  EXPECT_EQ(verdict(), "");
}

TEST_F(StillAccepted, OnceItsIntermediateIsRevokedNo) {
  test::Certificates department("department CA", ours);
  auto member = department.issue("");
  member.cert = ours.directory().write("member.pem", test::contents(member.cert) + test::contents(department.ca()));
  come_with(member);
  server_options.crl = ours.directory().write(
      "crls.pem", test::contents(ours.crl({{department.ca(), ""}})) + test::contents(department.crl({})));
  EXPECT_NE(verdict().find("revoked"), std::string::npos);
}

TEST_F(StillAccepted, APlainStreamIsNotAsked) {
  connect();
  EXPECT_EQ(verdict(), "");
}

}  // namespace
}  // namespace kp::net
