#include "telemetry/process_stats.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace kp::telemetry {
namespace {

TEST(ProcessStats, AnOpenedFileIsCounted) {
  const ProcessStats before = read_process_stats();
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

  const ProcessStats after = read_process_stats();

  EXPECT_EQ(after.open_fds, before.open_fds + 1);
  close(fd);
}

TEST(ProcessStats, ThisProcessBeganInTheLastHour) {
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

  const ProcessStats stats = read_process_stats();

  EXPECT_NEAR(stats.start_time_seconds, now, 3600);
}

TEST(ProcessStats, MemoryAndLimitsAreRead) {
  const ProcessStats stats = read_process_stats();

  EXPECT_GT(stats.resident_bytes, 100'000u);
  EXPECT_GE(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GT(stats.max_fds, stats.open_fds);
}

}  // namespace
}  // namespace kp::telemetry
