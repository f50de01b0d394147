#include "reconcile/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::reconcile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const kube::Name orders{"shop", "orders"};
const kube::Name payments{"shop", "payments"};

plan::Claim claim(const kube::Name& owner, const std::string& hosts, int first, int last) {
  return {owner, "2026-01-01T00:00:00Z", hosts, first, last};
}

std::vector<std::string> hosts(const std::vector<plan::Claim>& claims) {
  std::vector<std::string> out;
  for (const plan::Claim& each : claims) out.push_back(each.hosts);
  return out;
}

TEST(Claims, SetTellsWhetherAnythingIsNew) {
  Claims claims;

  EXPECT_TRUE(claims.set(orders, {claim(orders, "a", 1, 2)}));
  EXPECT_FALSE(claims.set(orders, {claim(orders, "a", 1, 2)}));
  EXPECT_TRUE(claims.set(orders, {claim(orders, "a", 1, 3)}));
  EXPECT_TRUE(claims.set(orders, {claim(orders, "b", 1, 3)}));
  EXPECT_TRUE(claims.set(orders, {}));
  EXPECT_FALSE(claims.set(orders, {}));
}

TEST(Claims, AKafkaProxyMadeAgainIsAnother) {
  Claims claims;
  plan::Claim made = claim(orders, "a", 1, 2);
  claims.set(orders, {made});

  made.created = "2026-01-02T00:00:00Z";

  EXPECT_TRUE(claims.set(orders, {made}));
}

TEST(Claims, OthersAreThoseThatShareAPort) {
  Claims claims;
  claims.set(orders, {claim(orders, "own", 100, 200)});
  claims.set(payments, {claim(payments, "below", 50, 99), claim(payments, "edge", 90, 100)});
  claims.set({"bank", "orders"}, {claim({"bank", "orders"}, "within", 150, 160)});
  claims.set({"bank", "far"}, {claim({"bank", "far"}, "above", 201, 300)});

  const auto found = claims.others(orders, {claim(orders, "own", 100, 200)});

  EXPECT_THAT(hosts(found), ElementsAre("within", "edge"));
}

TEST(Claims, EachOtherIsNamedOnce) {
  Claims claims;
  claims.set(payments, {claim(payments, "theirs", 1, 100)});

  const auto found = claims.others(orders, {claim(orders, "a", 5, 5), claim(orders, "b", 6, 6)});

  EXPECT_THAT(hosts(found), ElementsAre("theirs"));
}

TEST(Claims, WhoseAreGoneCollidesWithNobody) {
  Claims claims;
  claims.set(payments, {claim(payments, "theirs", 1, 100)});
  claims.set(payments, {});

  EXPECT_THAT(claims.others(orders, {claim(orders, "a", 5, 5)}), IsEmpty());
}

}  // namespace
}  // namespace kp::reconcile
