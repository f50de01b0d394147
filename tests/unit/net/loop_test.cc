#include "net/loop.h"

#include <gtest/gtest.h>

#include <memory>

#include "net/start.h"
#include "support/running.h"

namespace kp::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A deadline that says when it fired. Made and ended on its loop.
struct Alarm {
  explicit Alarm(Loop& loop) : deadline(loop, [this] { rang.set_value(steady_clock::now()); }) {}
  std::promise<steady_clock::time_point> rang;
  Deadline deadline;
};

class LoopTest : public ::testing::Test {
 protected:
  void SetUp() override { loop.start(); }
  void TearDown() override {
    test::on_loop(loop, [this] {
      alarm.reset();
      return true;
    });
  }

  /// Sets the alarm by `set` on the loop; returns when that was.
  template <class Set>
  steady_clock::time_point arm(Set set) {
    return test::on_loop(loop, [this, set] {
      if (alarm == nullptr) alarm = std::make_unique<Alarm>(loop);
      set(*alarm);
      return steady_clock::now();
    });
  }

  Loop loop;
  std::unique_ptr<Alarm> alarm;
};

TEST_F(LoopTest, ADeadlineFires) {
  arm([](Alarm& set) { set.deadline.after(milliseconds(1)); });
  test::await(alarm->rang.get_future());
  EXPECT_TRUE(test::on_loop(loop, [this] { return alarm->deadline.passed(); }));
}

TEST_F(LoopTest, ADeadlineIsNeverEarly) {
  for (int round = 0; round < 5; ++round) {
    const auto armed = arm([](Alarm& set) {
      set.rang = {};
      set.deadline.after(milliseconds(130));
    });
    EXPECT_GE(test::await(alarm->rang.get_future()) - armed, milliseconds(130));
  }
}

TEST_F(LoopTest, ADeadlineIsNotEarlyOnALoopThatWasBusy) {
  // Given a loop whose last tick is long ago
  const auto armed = arm([](Alarm& set) {
    const auto until = steady_clock::now() + milliseconds(350);
    while (steady_clock::now() < until) continue;
    set.deadline.after(milliseconds(200));
  });
  EXPECT_GE(test::await(alarm->rang.get_future()) - armed, milliseconds(200));
}

TEST_F(LoopTest, ADeadlineThatIsMovedFiresAtItsLastTime) {
  arm([](Alarm& set) { set.deadline.after(milliseconds(1)); });
  const auto armed = arm([](Alarm& set) { set.deadline.after(milliseconds(300)); });
  EXPECT_GE(test::await(alarm->rang.get_future()) - armed, milliseconds(300));
}

TEST_F(LoopTest, ADeadlineThatIsCalledOffDoesNotFire) {
  arm([](Alarm& set) { set.deadline.after(milliseconds(1)); });
  arm([](Alarm& set) { set.deadline.never(); });
  // A later deadline has fired: the earlier one would have.
  auto later = test::on_loop(loop, [this] { return std::make_unique<Alarm>(loop); });
  test::on_loop(loop, [&later] {
    later->deadline.after(milliseconds(50));
    return true;
  });
  test::await(later->rang.get_future());

  EXPECT_FALSE(test::on_loop(loop, [&] {
    later.reset();
    return alarm->deadline.passed();
  }));
}

TEST_F(LoopTest, ADeadlineMayBeSetAgainAfterItFired) {
  arm([](Alarm& set) { set.deadline.after(milliseconds(1)); });
  test::await(alarm->rang.get_future());
  arm([](Alarm& set) {
    set.rang = {};
    set.deadline.after(milliseconds(1));
  });
  test::await(alarm->rang.get_future());
}

TEST_F(LoopTest, ADeadlineThatIsGoneDoesNotFire) {
  arm([](Alarm& set) { set.deadline.after(milliseconds(1)); });
  auto rang = alarm->rang.get_future();
  test::on_loop(loop, [this] {
    alarm.reset();
    return true;
  });
  EXPECT_THROW(rang.get(), std::future_error);  // a promise that broke instead of being kept
}

TEST_F(LoopTest, BuffersAreUsedAgain) {
  const auto [first, second] = test::on_loop(loop, [this] {
    Bytes buffer = loop.borrow_buffer();
    const auto* const where = buffer.data();
    loop.return_buffer(std::move(buffer));
    Bytes again = loop.borrow_buffer();
    return std::pair{where, static_cast<const std::uint8_t*>(again.data())};
  });
  EXPECT_EQ(first, second);
}

TEST_F(LoopTest, ABufferOfAnotherSizeIsNotKept) {
  const std::size_t size = test::on_loop(loop, [this] {
    loop.return_buffer(Bytes(10));
    return loop.borrow_buffer().size();
  });
  EXPECT_EQ(size, Loop::buffer_size);
}

Task<void> wait_for(Event* event) { co_await event->wait(); }

TEST_F(LoopTest, AnEventWakesAllWhoWait) {
  Event event(loop.executor());
  auto one = test::spawn(loop, wait_for(&event));
  auto two = test::spawn(loop, wait_for(&event));
  test::on_loop(loop, [&event] {
    event.notify();
    return true;
  });
  EXPECT_TRUE(test::await(std::move(one)) && test::await(std::move(two)));
}

Task<void> note(bool* done) {
  *done = true;
  co_return;
}

TEST_F(LoopTest, WhatIsStartedBeginsAtOnce) {
  EXPECT_TRUE(test::on_loop(loop, [this] {
    bool done = false;
    start(loop.executor(), note(&done));
    return done;
  }));
}

Task<void> wait_and_throw(Event* event, std::promise<bool>* woken) {
  co_await event->wait();
  woken->set_value(true);
  throw std::runtime_error("nobody's business");
}

TEST_F(LoopTest, WhatIsStartedMayThrowWithoutHarm) {
  Event event(loop.executor());
  std::promise<bool> woken;
  test::on_loop(loop, [&] {
    start(loop.executor(), wait_and_throw(&event, &woken));
    event.notify();
    return true;
  });
  EXPECT_TRUE(test::await(woken.get_future()));
  EXPECT_TRUE(test::on_loop(loop, [] { return true; }));
}

Task<void> wait_briefly(Event* event) { co_await event->wait_for(milliseconds(1)); }

TEST_F(LoopTest, AnEventThatDoesNotComeIsWaitedForNoLongerThanTheLimit) {
  Event event(loop.executor());
  EXPECT_TRUE(test::run(loop, wait_briefly(&event)));
}

/// Owns the event, so that both end with the loop.
Task<void> wait_for_ever(net::Executor executor) {
  Event event(executor);
  co_await event.wait();
}

TEST(Loop, EndsWithCoroutinesThatStillWait) {
  auto loop = std::make_unique<Loop>();
  loop->start();
  auto waiting = test::spawn(*loop, wait_for_ever(loop->executor()));
  loop.reset();
  EXPECT_THROW(waiting.get(), std::future_error);
}

}  // namespace
}  // namespace kp::net
