#include "runtime/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/runtime/fake_api.h"

namespace kp::runtime {
namespace {

using kube::Json;
using kube::Name;

Object held(Json object, const std::string& version = "1") {
  object["metadata"]["resourceVersion"] = version;
  return std::make_shared<const Json>(std::move(object));
}

TEST(Cache, GivesBackExactlyWhatWasPut) {
  Json odd = test::config_map("a", "ä€𝄞\n\t\"");
  odd["numbers"] = {0, -1, 1.5, -0.25, 9223372036854775807, 18446744073709551615U};
  odd["others"] = {true, false, nullptr, Json::object(), Json::array(), ""};
  odd["long"] = std::string(100'000, 'x');
  const Object put = held(odd);
  Cache cache;

  cache.put(put);

  const Object found = cache.find({"shop", "a"});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, *put);
  EXPECT_EQ(found->dump(), put->dump());
}

TEST(Cache, TheSameVersionTwiceIsHeardOnce) {
  Cache cache;
  int heard = 0;
  cache.add_handlers(Cache::Handlers::any([&](const Object&) { ++heard; }));

  cache.put(held(test::config_map("a"), "1"));
  cache.put(held(test::config_map("a"), "1"));
  cache.put(held(test::config_map("a"), "2"));

  EXPECT_EQ(heard, 2);
}

TEST(Cache, RetainsOnlyWhatIsThereInItsNamespace) {
  Cache cache;
  Json elsewhere = test::config_map("b");
  elsewhere["metadata"]["namespace"] = "bank";
  cache.put(held(test::config_map("a")));
  cache.put(held(test::config_map("b")));
  cache.put(held(elsewhere));

  cache.retain("shop", {{"shop", "a"}});

  EXPECT_NE(cache.find({"shop", "a"}), nullptr);
  EXPECT_EQ(cache.find({"shop", "b"}), nullptr);
  EXPECT_NE(cache.find({"bank", "b"}), nullptr);

  cache.retain("", {});

  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace kp::runtime
