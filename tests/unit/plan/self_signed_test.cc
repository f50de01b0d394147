#include "plan/self_signed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/certificates.h"
#include "support.h"

namespace kp::plan {
namespace {

using testing::Contains;

const std::vector<std::string> names{"*.kafka.example.com", "orders.shop.svc", "10.0.0.7"};

SelfSigned made(const std::optional<SecretData>& existing, api::Time at,
                const std::vector<std::string>& wanted = names) {
  auto out = self_signed(existing, wanted, at);
  if (!out) ADD_FAILURE() << out.error().message;
  return out ? *out : SelfSigned{};
}

Leaf leaf_of(const SelfSigned& certificate) { return *Leaf::read(certificate.data.at("tls.crt")); }

TEST(SelfSignedCertificate, CoversItsNames) {
  const Leaf leaf = leaf_of(made(std::nullopt, now));
  for (const char* const host : {"b7.kafka.example.com", "orders.shop.svc", "10.0.0.7"})
    EXPECT_TRUE(leaf.covers(host)) << host;
}

TEST(SelfSignedCertificate, IsSignedByItsAuthority) {
  const SelfSigned certificate = made(std::nullopt, now);
  EXPECT_TRUE(leaf_of(certificate).signed_by(*Leaf::read(certificate.data.at("ca.crt"))));
}

TEST(SelfSignedCertificate, BeginsAndEndsByTheTimeThatIsGiven) {
  const Leaf leaf = leaf_of(made(std::nullopt, now));
  EXPECT_EQ(leaf.not_before(), now - std::chrono::hours(1));
  EXPECT_EQ(leaf.not_after(), now + std::chrono::days(self_signed_days));
}

TEST(SelfSignedCertificate, StaysWhileItServes) {
  const SelfSigned first = made(std::nullopt, now);
  const SelfSigned second = made(first.data, first.renew_at - std::chrono::seconds(1));
  EXPECT_FALSE(second.made);
  EXPECT_EQ(second.data, first.data);
}

TEST(SelfSignedCertificate, IsRenewedAtTwoThirdsOfItsLife) {
  const SelfSigned first = made(std::nullopt, now);
  const SelfSigned second = made(first.data, first.renew_at);
  EXPECT_TRUE(second.made);
  EXPECT_NE(second.data.at("tls.crt"), first.data.at("tls.crt"));
}

TEST(SelfSignedCertificate, KeepsItsAuthorityWhenItIsRenewed) {
  const SelfSigned first = made(std::nullopt, now);
  EXPECT_EQ(made(first.data, first.renew_at).data.at("ca.crt"), first.data.at("ca.crt"));
}

TEST(SelfSignedCertificate, IsMadeAnewForANewName) {
  const SelfSigned first = made(std::nullopt, now);
  const SelfSigned second = made(first.data, now, {"other.example.com"});
  EXPECT_TRUE(second.made);
  EXPECT_TRUE(leaf_of(second).covers("other.example.com"));
}

TEST(SelfSignedCertificate, IsMadeAnewWhenTheSecretIsSpoilt) {
  SelfSigned first = made(std::nullopt, now);
  first.data["tls.key"] = "spoilt";
  EXPECT_TRUE(made(first.data, now).made);
}

TEST(SelfSignedCertificate, HasANewAuthorityWhenThatIsSpoilt) {
  SelfSigned first = made(std::nullopt, now);
  first.data["ca.key"] = "spoilt";
  first.data.erase("tls.crt");
  const SelfSigned second = made(first.data, now);
  EXPECT_NE(second.data.at("ca.crt"), first.data.at("ca.crt"));
}

TEST(SelfSignedCertificate, OutlivesNoAuthority) {
  const SelfSigned first = made(std::nullopt, now);
  const api::Time late = Leaf::read(first.data.at("ca.crt"))->not_after() - std::chrono::days(30);
  EXPECT_NE(made(first.data, late).data.at("ca.crt"), first.data.at("ca.crt"));
}

TEST(CertificateNames, HaveAWildcardForSni) {
  const Inputs inputs = inputs_with();
  EXPECT_THAT(certificate_names(inputs.resource.proxy, "", {}), Contains("*.kafka.example.com"));
}

TEST(CertificateNames, HaveEachBrokerWhereNoWildcardHelps) {
  const Inputs inputs = inputs_with(R"({"spec": {"routing": {"sni": {"downstream": "kafka.b<$id>.example.com"}}}})");
  EXPECT_THAT(certificate_names(inputs.resource.proxy, "", {"kafka.b7.example.com"}), Contains("kafka.b7.example.com"));
}

TEST(CertificateNames, HaveTheServices) {
  EXPECT_THAT(certificate_names(inputs_with().resource.proxy, "", {}), Contains("orders.shop.svc.cluster.local"));
}

}  // namespace
}  // namespace kp::plan
