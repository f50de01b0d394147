#include "plan/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/base64.h"
#include "support.h"

namespace kp::plan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Base64, IsReadBackAtEveryLength) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\xff\xfe"})
    EXPECT_EQ(from_base64(to_base64(text)), text) << to_base64(text);
}

TEST(Base64, OfAnotherAlphabetIsNone) {
  for (const char* const text : {"a", "!!!!", "YQ"}) EXPECT_FALSE(from_base64(text)) << text;
}

TEST(SecretDataOf, ASecretIsDecoded) {
  EXPECT_EQ(secret_data(Json::parse(R"({"data": {"a": "YWJj", "b": "?"}})")), (SecretData{{"a", "abc"}}));
}

TEST(SecretDataOf, TakesStringDataFirst) {
  EXPECT_EQ(secret_data(Json::parse(R"({"data": {"a": "YWJj"}, "stringData": {"a": "x"}})")), (SecretData{{"a", "x"}}));
}

TEST(LoadBalancerAddresses, AreHostNamesOrAddresses) {
  EXPECT_THAT(
      load_balancer_addresses(Json::parse(
          R"({"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}, {"hostname": "lb.example.com"}]}}})")),
      ElementsAre("198.51.100.7", "lb.example.com"));
}

TEST(LoadBalancerAddresses, AreNoneBeforeThereIsOne) {
  EXPECT_THAT(load_balancer_addresses(Json::parse(R"({"status": {"loadBalancer": {}}})")), IsEmpty());
}

TEST(Claims, OfAnotherHostNameDoNotExistForOneThatIsLeftToUs) {
  EXPECT_THAT(claims_of(port_offset_with().resource.proxy), IsEmpty());
}

TEST(Claims, OfPortOffsetAreEveryPortThatABrokerMayGet) {
  const auto claims = claims_of(
      port_offset_with(R"({"spec": {"routing": {"portOffset": {"hostname": "k", "maxBrokerId": 9}}}})").resource.proxy);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].first, 9092);
  EXPECT_EQ(claims[0].last, 9092 + 20 + 9);
}

}  // namespace
}  // namespace kp::plan
