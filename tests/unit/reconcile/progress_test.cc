#include "reconcile/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kp::reconcile {
namespace {

using namespace std::chrono_literals;
using runtime::Clock;

constexpr const char* wanted = "4-wanted";
const Clock::Time now{1000h};
const api::Time wall{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

PodView running(const std::string& name, const std::string& generation) {
  PodView pod{.name = name, .uid = name, .told = generation, .report = PodReport{}, .trouble = {}, .refused_since = {}};
  pod.report->generation = generation;
  return pod;
}

PodView refusing(const std::string& name, const std::string& generation, Clock::Duration since) {
  PodView pod = running(name, "3-before");
  pod.report->refused_generation = generation;
  pod.report->refusal = "no such file";
  pod.refused_since = now - since;
  return pod;
}

PodView silent(const std::string& name) {
  return {.name = name, .uid = name, .told = {}, .report = {}, .trouble = "connection refused", .refused_since = {}};
}

Progress progress(const std::vector<PodView>& pods) { return progress_of(pods, wanted, now, wall); }

TEST(Progress, CountsThePodsThatRunWhatIsWanted) {
  const Progress made = progress({running("a", wanted), running("b", "3-before"), silent("c")});

  EXPECT_EQ(made.pods, 3);
  EXPECT_EQ(made.programmed, 1);
  EXPECT_EQ(made.text(3), "1/3");
  EXPECT_EQ(made.text(5), "1/5");
  EXPECT_FALSE(made.whole(3));
  EXPECT_EQ(made.silent, "pod c: connection refused");
}

TEST(Progress, IsWholeWhenAllPodsAreThereAndRunIt) {
  const Progress made = progress({running("a", wanted), running("b", wanted)});

  EXPECT_TRUE(made.whole(2));
  EXPECT_TRUE(made.whole(1));  // one is on its way out
  EXPECT_FALSE(made.whole(3));
  EXPECT_FALSE(progress({}).whole(0));
}

TEST(Progress, ARefusalCountsOnlyAfterAWhile) {
  const Progress early = progress({refusing("a", wanted, refusal_counts_after - 1ms)});
  const Progress late = progress({running("b", wanted), refusing("a", wanted, refusal_counts_after)});

  EXPECT_TRUE(early.refusal_pending);
  EXPECT_FALSE(early.refused);
  ASSERT_TRUE(late.refused);
  EXPECT_EQ(*late.refused, (api::Refused{wanted, "a", "no such file", wall}));
  EXPECT_FALSE(late.refusal_pending);
}

TEST(Progress, ARefusalOfAnotherGenerationIsNone) {
  const Progress made = progress({refusing("a", "3-older", 1h)});

  EXPECT_FALSE(made.refused);
  EXPECT_FALSE(made.refusal_pending);
}

TEST(Progress, TheFirstThatRefusesIsNamed) {
  const Progress made = progress({refusing("a", wanted, 1h), refusing("b", wanted, 2h)});

  ASSERT_TRUE(made.refused);
  EXPECT_EQ(made.refused->pod, "a");
}

TEST(Learned, IsOfAPodThatRunsTheGenerationElseOfAny) {
  PodView old = running("a", "3-before");
  old.report->brokers = {{.id = 1}};
  old.report->learned_from = "old:9092";
  PodView fresh = running("b", wanted);
  fresh.report->brokers = {{.id = 1}, {.id = 2}};
  fresh.report->learned_from = "new:9092";
  const PodView mute = running("c", wanted);  // knows no broker yet

  EXPECT_EQ(learned_from({old, mute, fresh}, wanted).from, "new:9092");
  EXPECT_EQ(learned_from({old, mute}, wanted).from, "old:9092");
  EXPECT_TRUE(learned_from({silent("d"), mute}, wanted).brokers.empty());
}

std::string reason(const Progress& made, int replicas, const std::optional<api::Refused>& refused = std::nullopt) {
  return programmed_condition(made, refused, true, replicas).reason;
}

TEST(Programmed, NamesWhatIsAwaited) {
  EXPECT_EQ(reason(progress({running("a", wanted)}), 1), api::reason::programmed);
  EXPECT_EQ(reason(progress({running("a", wanted)}), 2), api::reason::progressing);
  EXPECT_EQ(reason(progress({running("a", "3-before"), silent("b")}), 2), api::reason::unreachable);
  EXPECT_EQ(reason(progress({}), 2), api::reason::no_pods);
}

TEST(Programmed, WithoutPodsWantedThereIsNothingToWaitFor) {
  const api::Condition made = programmed_condition(progress({}), std::nullopt, false, 0);

  EXPECT_EQ(made.status, api::Truth::True);
}

TEST(Programmed, ARefusalIsNamedEvenWhenAllPodsRunWhatWasGood) {
  const api::Refused refused{wanted, "orders-1", "no such file", wall};

  const api::Condition made = programmed_condition(progress({running("a", wanted)}), refused, true, 1);

  EXPECT_EQ(made.status, api::Truth::False);
  EXPECT_EQ(made.reason, api::reason::refused);
  EXPECT_THAT(made.message, testing::HasSubstr("pod orders-1"));
  EXPECT_THAT(made.message, testing::HasSubstr("no such file"));
}

TEST(Programmed, WhatIsNotAppliedSaysWhy) {
  std::vector<api::Condition> conditions;
  conditions.push_back({"Accepted", api::Truth::True, "Accepted", ""});
  conditions.push_back({"ResolvedRefs", api::Truth::False, "SecretNotFound", ""});

  const api::Condition made = not_applied_condition(conditions);

  EXPECT_EQ(made.status, api::Truth::False);
  EXPECT_THAT(made.message, testing::StartsWith("ResolvedRefs is False"));
}

TEST(Ready, WantsAllPodsAndAnAddress) {
  EXPECT_EQ(ready_condition(2, 2, false).status, api::Truth::True);
  EXPECT_EQ(ready_condition(1, 2, false).reason, api::reason::pods_not_ready);
  EXPECT_EQ(ready_condition(0, 0, false).status, api::Truth::False);
  EXPECT_EQ(ready_condition(2, 2, true).reason, api::reason::no_address);
}

PodView with_unfit(const std::string& name, const std::vector<UnfitTopic>& topics) {
  PodView pod = running(name, wanted);
  pod.report->unfit_topics = topics;
  return pod;
}

TEST(TopicsFit, IsTrueWhileNoPodSaysOtherwise) {
  const api::Condition made = topics_fit_condition({running("a", wanted), silent("b")});

  EXPECT_EQ(made.type, "TopicsFit");
  EXPECT_EQ(made.status, api::Truth::True);
}

TEST(TopicsFit, NamesEachTopicOnceWithItsCountsAndTheRemedy) {
  const api::Condition made =
      topics_fit_condition({with_unfit("a", {{"orders", 3, 2}}),
                            with_unfit("b", {{"carts", 1, 10}, {"kept", 2, 2, true}, {"orders", 3, 2}}), silent("c")});

  EXPECT_EQ(made.status, api::Truth::False);
  EXPECT_EQ(made.reason, "TopicsDiffer");
  EXPECT_EQ(
      made.message,
      "carts has 1 partitions, not 10, kept is compacted, orders has 3 partitions, not 2; clients get INVALID_TOPIC. "
      "Add missing partitions at the brokers, or make the topic anew with its physicalPartitions; a compacted one is "
      "usable with compacted: keyed");
}

TEST(TopicsFit, SaysThatThereAreMore) {
  std::vector<PodView> pods;
  for (int pod = 0; pod < 3; ++pod) {
    std::vector<UnfitTopic> topics;
    for (int n = 0; n < 32; ++n) topics.push_back({"t" + std::to_string(pod * 100 + n), 1, 2});
    pods.push_back(with_unfit(std::to_string(pod), topics));
  }

  const api::Condition made = topics_fit_condition(pods);

  EXPECT_THAT(made.message, testing::HasSubstr(" and so on; clients"));
  EXPECT_LT(made.message.size(), 32U * 300);
}

TEST(TopicsFit, IsUnknownWhenNoPodAnswers) {
  EXPECT_EQ(topics_fit_condition({}).status, api::Truth::Unknown);
  EXPECT_EQ(topics_fit_condition({}).reason, "NoPods");
  EXPECT_EQ(topics_fit_condition({silent("a")}).reason, "Unreachable");
}

}  // namespace
}  // namespace kp::reconcile
