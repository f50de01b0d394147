#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/plan.h"
#include "plan/self_signed.h"
#include "unit/plan/support.h"

/// What Secrets hold, and what that does to a plan.
namespace kp::plan {
namespace {

using testing::HasSubstr;
using testing::Not;

api::Condition resolved(const Plan& made) {
  const api::Condition* const found = api::find(made.conditions, api::condition::resolved_refs);
  return found == nullptr ? api::Condition{} : *found;
}

/// With a user's certificate that was made at `at`; it lives for self_signed_days.
Inputs with_certificate_of(api::Time at) {
  Inputs inputs = inputs_with(R"({"spec": {"downstream": {"tls": {"selfSigned": null,
                                                                  "certSecretRef": {"name": "mine"}}}}})");
  const auto made = self_signed(std::nullopt, {"*.kafka.example.com", "bootstrap.kafka.example.com"}, at);
  inputs.secrets["mine"] = {{"tls.crt", made->data.at("tls.crt")}, {"tls.key", made->data.at("tls.key")}};
  return inputs;
}

TEST(SecretsOfAPlan, AnExpiredCertificateIsNotPutInForce) {
  const Plan made = plan(with_certificate_of(now - std::chrono::days(200)));
  EXPECT_EQ(resolved(made).reason, api::reason::certificate_expired);
  EXPECT_EQ(resolved(made).status, api::Truth::False);
  EXPECT_FALSE(made.content);
}

TEST(SecretsOfAPlan, AnExpiredCertificateThatIsInForceHoldsNothingElseUp) {
  Inputs inputs = with_certificate_of(now - std::chrono::days(200));
  inputs.files_in_force["downstream.crt"] = inputs.secrets["mine"]["tls.crt"];
  const Plan made = plan(inputs);
  EXPECT_EQ(resolved(made).reason, api::reason::certificate_expired);
  EXPECT_EQ(resolved(made).status, api::Truth::False);
  EXPECT_TRUE(made.content);
}

TEST(SecretsOfAPlan, ACertificateThatBeginsLaterIsLookedAtAgainThen) {
  const Plan made = plan(with_certificate_of(now + std::chrono::hours(2)));
  EXPECT_EQ(resolved(made).reason, api::reason::invalid_certificate);
  ASSERT_TRUE(made.look_again);
  EXPECT_EQ(*made.look_again, now + std::chrono::hours(1));  // it is made to begin an hour before
}

Inputs swapping(SecretData secret) {
  Inputs inputs = port_offset_with(R"({"spec": {
      "upstream": {"securityProtocol": "SASL_PLAINTEXT", "saslMechanism": "PLAIN"},
      "authSwap": {"upstreamCredentialsSecretRef": {"name": "svc"}, "mapping": {"$anonymous": "svc"}}}})");
  inputs.secrets["svc"] = std::move(secret);
  return inputs;
}

class UnfitPair : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(UnfitPair, MakesNoOtherLogin) {
  const Plan made = plan(swapping({{"username", GetParam().first}, {"password", GetParam().second}}));
  EXPECT_EQ(resolved(made).reason, api::reason::invalid_credentials);
  EXPECT_FALSE(made.content);
}

INSTANTIATE_TEST_SUITE_P(Secrets, UnfitPair,
                         testing::Values(std::pair{"svc", "pw\nroot=evil"}, std::pair{"svc=x", "pw"},
                                         std::pair{"#svc", "pw"}, std::pair{"svc", "\xff"}));

TEST(SecretsOfAPlan, WhatTheOperatorMakesIsNotReferredTo) {
  Inputs inputs = swapping({{"username", "svc"}, {"password", "pw"}});
  inputs.made_by_us = {"svc"};
  const Plan made = plan(inputs);
  EXPECT_EQ(resolved(made).reason, api::reason::secret_not_allowed);
  EXPECT_FALSE(made.content);
}

TEST(SecretsOfAPlan, OfAMissingKeyNoOtherIsNamed) {
  const Plan made = plan(swapping({{"hidden", "x"}}));
  EXPECT_EQ(resolved(made).reason, api::reason::secret_key_missing);
  EXPECT_THAT(resolved(made).message, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace kp::plan
