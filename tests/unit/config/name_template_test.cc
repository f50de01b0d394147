#include "config/name_template.h"

#include <gtest/gtest.h>

namespace kp::config {
namespace {

TEST(BrokerName, HasIdAndGroupsAndWhatItDoesNotKnowAsItIs) {
  EXPECT_EQ(broker_name("b<$id>.<$1>.<$0><$7>.<$x>.<$-1>.<$", 12, {"all", "one"}), "b12.one.all.<$x>.<$-1>.<$");
}

TEST(BrokerName, IsInLowerCase) { EXPECT_EQ(broker_name("B<$0>", 1, {"-A"}), "b-a"); }

}  // namespace
}  // namespace kp::config
