#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace kp {
namespace {

TEST(Result, HoldsAValue) {
  const Result<int> result = 7;
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 7);
}

TEST(Result, HoldsAnError) {
  const Result<int> result = Error{Errc::Timeout, "too late"};
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::Timeout);
  EXPECT_EQ(result.error().message, "too late");
}

TEST(Result, GivesAMoveOnlyValueAway) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, TellsAValueFromAnErrorOfTheSameLook) {
  const Result<std::string> result = std::string("text");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->size(), 4U);
}

TEST(Error, GathersItsContext) {
  const Error error = Error{Errc::Conflict, "address in use"}.within("bind").within("listener 9092");
  EXPECT_EQ(error.message, "listener 9092: bind: address in use");
  EXPECT_EQ(error.code, Errc::Conflict);
}

TEST(Errc, EveryCodeHasItsOwnLabel) {
  std::set<std::string_view> labels;
  const int last = static_cast<int>(Errc::Internal);
  for (int code = 0; code <= last; ++code) labels.insert(name(static_cast<Errc>(code)));
  EXPECT_EQ(labels.size(), static_cast<std::size_t>(last) + 1);
}

}  // namespace
}  // namespace kp
