#include "api/conditions.h"

#include <gtest/gtest.h>

#include <set>

namespace kp::api {
namespace {

constexpr Time early{std::chrono::seconds(1000)};
constexpr Time late{std::chrono::seconds(2000)};

Condition ready(Truth status, std::string message = {}) {
  Condition out{std::string(condition::ready), status, std::string(reason::ready)};
  out.message = std::move(message);
  return out;
}

TEST(SetCondition, KeepsTheTimeWhileTheStatusStays) {
  std::vector<Condition> conditions;
  set(conditions, ready(Truth::True), early);
  set(conditions, ready(Truth::True, "another message"), late);
  EXPECT_EQ(conditions.at(0).last_transition, early);
}

TEST(SetCondition, TakesTheNewMessageWhileTheStatusStays) {
  std::vector<Condition> conditions;
  set(conditions, ready(Truth::True), early);
  set(conditions, ready(Truth::True, "another message"), late);
  EXPECT_EQ(conditions.at(0).message, "another message");
}

TEST(SetCondition, NotesWhenTheStatusChanged) {
  std::vector<Condition> conditions;
  set(conditions, ready(Truth::True), early);
  set(conditions, ready(Truth::False), late);
  EXPECT_EQ(conditions.at(0).last_transition, late);
}

TEST(SetCondition, LeavesOthersAlone) {
  std::vector<Condition> conditions;
  set(conditions, {std::string(condition::accepted), Truth::True, std::string(reason::accepted)}, early);
  set(conditions, ready(Truth::False), late);
  EXPECT_EQ(conditions.size(), 2U);
}

TEST(Conditions, AreReadBackAsTheyWereWritten) {
  Condition written = ready(Truth::Unknown, "because");
  written.observed_generation = 7;
  written.last_transition = late;
  EXPECT_EQ(read_conditions(kube::Json::array({to_json(written)})), std::vector<Condition>{written});
}

TEST(Reasons, AreWordsThatKubernetesTakes) {
  for (const std::string_view reason : reason::all)
    EXPECT_EQ(reason.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), reason.npos) << reason;
}

TEST(Reasons, AreEachThereOnce) {
  const std::set<std::string_view> different(reason::all.begin(), reason::all.end());
  EXPECT_EQ(different.size(), reason::all.size());
}

TEST(Times, AreReadBackAsTheyWereWritten) {
  const Time time{std::chrono::seconds(1795262400 + 3723)};
  EXPECT_EQ(parse_time(to_string(time)), time);
}

TEST(Times, LookAsKubernetesWritesThem) { EXPECT_EQ(to_string(Time{}), "1970-01-01T00:00:00Z"); }

TEST(Times, OfAnotherFormAreNone) {
  for (const char* const text : {"", "now", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+01:00"})
    EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace kp::api
