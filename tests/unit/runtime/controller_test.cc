#include "runtime/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "unit/runtime/manual_clock.h"

namespace kp::runtime {
namespace {

using namespace std::chrono_literals;
using kp::test::eventually;
using kube::Name;
using test::ManualClock;
using testing::Pair;
using testing::UnorderedElementsAre;

const Name a{"shop", "a"};

struct World {
  explicit World(Reconcile reconcile, unsigned workers = 1)
      : controller("kafkaproxy", queue, std::move(reconcile), workers),
        thread([this](const std::stop_token& stop) { controller.run(stop); }) {}

  std::uint64_t count(const std::string& result) const { return controller.stats().results.at(result); }

  ManualClock clock;
  WorkQueue queue{clock};
  Controller controller;
  std::jthread thread;
};

TEST(Controller, ReconcilesWhatIsInTheQueue) {
  std::promise<Name> got;
  World world([&](const Name& name) -> Result<Next> {
    got.set_value(name);
    return Next{};
  });

  world.queue.add(a);

  EXPECT_EQ(got.get_future().get(), a);
}

TEST(Controller, LooksAgainWhenAskedTo) {
  std::atomic<int> calls = 0;
  World world([&](const Name&) -> Result<Next> { return Next{++calls == 1 ? 10s : 0s}; });
  world.queue.add(a);
  ASSERT_TRUE(world.clock.wait_for_waiting(1));

  world.clock.advance(10s);

  EXPECT_TRUE(eventually([&] { return calls == 2; }));
}

TEST(Controller, RepeatsWhatFailed) {
  std::atomic<int> calls = 0;
  World world([&](const Name&) -> Result<Next> {
    if (++calls == 1) return Error{Errc::Io, "cut"};
    return Next{};
  });
  world.queue.add(a);
  ASSERT_TRUE(world.clock.wait_for_waiting(1));

  world.clock.advance(5ms);

  EXPECT_TRUE(eventually([&] { return calls == 2; }));
}

TEST(Controller, AnExceptionFailsOnlyItsObject) {
  World world([&](const Name& name) -> Result<Next> {
    if (name == a) throw std::runtime_error("no such key");
    return Next{};
  });

  world.queue.add(a);
  world.queue.add({"shop", "b"});

  EXPECT_TRUE(eventually([&] { return world.count("success") == 1; }));
}

TEST(Controller, CountsResults) {
  World world([&](const Name& name) -> Result<Next> {
    if (name.name == "fails") return Error{Errc::Io, "cut"};
    return Next{name.name == "again" ? 1min : 0min};
  });
  for (const char* name : {"fails", "again", "fine"}) world.queue.add({"shop", name});

  ASSERT_TRUE(eventually([&] { return world.count("error") + world.count("again") + world.count("success") == 3; }));
  EXPECT_THAT(world.controller.stats().results,
              UnorderedElementsAre(Pair("error", 1U), Pair("again", 1U), Pair("success", 1U)));
}

TEST(Controller, NeverHasOneNameInTwoWorkers) {
  std::atomic<int> inside = 0;
  std::atomic<bool> twice = false;
  std::atomic<int> calls = 0;
  World world(
      [&](const Name&) -> Result<Next> {
        if (++inside > 1) twice = true;
        kp::test::breathe();
        --inside;
        ++calls;
        return Next{};
      },
      4);
  while (calls < 20) world.queue.add(a);

  EXPECT_FALSE(twice);
}

TEST(Controller, AStopWaitsForWhatIsUnderWay) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<bool> finished = false;
  World world([&](const Name&) -> Result<Next> {
    begun.set_value();
    go_on.get_future().wait();
    finished = true;
    return Next{};
  });
  world.queue.add(a);
  begun.get_future().wait();
  world.thread.request_stop();
  go_on.set_value();

  world.thread.join();

  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace kp::runtime
