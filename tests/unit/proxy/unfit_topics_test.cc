#include "proxy/unfit_topics.h"

#include <gtest/gtest.h>

namespace kp::proxy {
namespace {

using Listed = std::vector<virt::UnfitTopic>;

constexpr UnfitTopics::Time now{std::chrono::hours(1)};

TEST(UnfitTopics, AreListedByNameAsTheyWereSeenLast) {
  UnfitTopics topics;
  EXPECT_TRUE(topics.empty());

  topics.note({"b", 3, 2}, now);
  topics.note({"a", 1, 2}, now);
  topics.note({"b", 4, 2}, now);

  EXPECT_FALSE(topics.empty());
  EXPECT_EQ(topics.list(now), (Listed{{"a", 1, 2}, {"b", 4, 2}}));
}

TEST(UnfitTopics, ThatFitAreForgotten) {
  UnfitTopics topics;
  topics.note({"a", 1, 2}, now);

  topics.forget("a");

  EXPECT_EQ(topics.list(now), Listed{});
  EXPECT_TRUE(topics.empty());
}

TEST(UnfitTopics, ThatNobodyAsksForAreForgottenAfterAWhile) {
  UnfitTopics topics;
  topics.note({"a", 1, 2}, now);
  topics.note({"b", 1, 2}, now + std::chrono::minutes(1));

  EXPECT_EQ(topics.list(now + UnfitTopics::kept), (Listed{{"a", 1, 2}, {"b", 1, 2}}));
  EXPECT_EQ(topics.list(now + UnfitTopics::kept + std::chrono::seconds(1)), (Listed{{"b", 1, 2}}));
}

TEST(UnfitTopics, AreNeverMoreThanThereIsRoomFor) {
  UnfitTopics topics;
  for (std::size_t n = 0; n <= UnfitTopics::most; ++n) topics.note({std::to_string(100 + n), 1, 2}, now);
  EXPECT_EQ(topics.list(now).size(), UnfitTopics::most);
  EXPECT_EQ(topics.list(now).back().name, std::to_string(99 + UnfitTopics::most));

  topics.note({"100", 7, 2}, now);
  EXPECT_EQ(topics.list(now).front(), (virt::UnfitTopic{"100", 7, 2}));
}

}  // namespace
}  // namespace kp::proxy
