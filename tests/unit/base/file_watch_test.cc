#include "base/file_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

namespace kp {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto patience = 60s;

std::string content_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Open, truncate, write, close.
void write_file(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

void rename_over(const fs::path& path, const std::string& text) {
  const fs::path beside = path.string() + ".new";
  write_file(beside, text);
  fs::rename(beside, path);
}

/// A writer that takes its time.
class SlowWriter {
 public:
  explicit SlowWriter(const fs::path& path) : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644)) {
    EXPECT_GE(file_, 0);
  }
  ~SlowWriter() { ::close(file_); }
  void write(std::string_view text) { EXPECT_EQ(::write(file_, text.data(), text.size()), std::ssize(text)); }

 private:
  const int file_;
};

/// What the calls of one watch found in one file.
class Calls {
 public:
  explicit Calls(fs::path subject) : subject_(std::move(subject)) {}

  void take() {
    std::string found = content_of(subject_);
    const std::lock_guard lock(mutex_);
    found_.push_back(std::move(found));
    more_.notify_all();
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return found_.size();
  }
  std::vector<std::string> found() const {
    const std::lock_guard lock(mutex_);
    return found_;
  }
  bool wait_for_count(std::size_t count) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, patience, [&] { return found_.size() >= count; });
  }
  /// The last call found `text`.
  bool wait_for_last(const std::string& text) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, patience, [&] { return !found_.empty() && found_.back() == text; });
  }

 private:
  const fs::path subject_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> found_;
};

/// A directory with config.yaml ("first"), which is watched, and `fence`, which is watched too: changing it shows that
/// nothing else has caused a call before.
class FileWatchTest : public testing::Test {
 protected:
  explicit FileWatchTest(FileWatch::Timing timing = {}) : timing_(timing) {
    std::string pattern = fs::canonical(fs::temp_directory_path()) / "file-watch-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    config_ = root_ / "config.yaml";
    fence_ = root_ / "fence";
    write_file(config_, "first");
    write_file(fence_, "");
    calls_ = std::make_unique<Calls>(config_);
  }
  ~FileWatchTest() override {
    watch_.reset();
    fs::remove_all(root_);
  }

  std::unique_ptr<FileWatch> started(FileWatch::Changed changed) {
    auto watch = FileWatch::start(std::move(changed), timing_);
    EXPECT_TRUE(watch.has_value());
    return *std::move(watch);
  }
  /// Watches `paths` and the fence; the call that this causes is number 1.
  void begin(std::vector<std::string> paths) {
    watch_ = started([this] { calls_->take(); });
    paths.push_back(fence_);
    watch_->watch(std::move(paths));
    ASSERT_TRUE(calls_->wait_for_count(1));
  }
  void begin() { begin({config_}); }

  /// How many calls have come, all in all, when one has come for the fence alone.
  std::size_t count_after_fence() {
    pass_quiet_time();
    const std::size_t before = calls_->count();
    rename_over(fence_, "passed");
    EXPECT_TRUE(calls_->wait_for_count(before + 1));
    return calls_->count();
  }
  /// Lasts longer than the quiet time: another watch with the same timing makes a call for a change made now.
  void pass_quiet_time() {
    Calls others(root_ / "other");
    const auto other = started([&others] { others.take(); });
    other->watch({root_ / "other"});
    EXPECT_TRUE(others.wait_for_count(1));
  }
  /// More events than fs.inotify.max_queued_events (16384 on most systems).
  void fill_queue() {
    for (int i = 0; i < 9000; ++i) {
      write_file(root_ / "one", "");
      write_file(root_ / "two", "");
    }
  }
  /// As the kubelet does it: a new directory, swapped in by renaming a symlink, the old one removed.
  void publish(int version) {
    const std::string next = "..v" + std::to_string(version);
    fs::create_directory(root_ / next);
    for (const char* const name : {"mounted.yaml", "tls.crt", "tls.key"})
      write_file(root_ / next / name, std::to_string(version));
    std::error_code none_yet;
    const fs::path old = fs::read_symlink(root_ / "..data", none_yet);
    fs::create_directory_symlink(next, root_ / "..data_tmp");
    fs::rename(root_ / "..data_tmp", root_ / "..data");
    if (!old.empty()) fs::remove_all(root_ / old);
  }
  void mount() {
    publish(0);
    for (const char* const name : {"mounted.yaml", "tls.crt", "tls.key"})
      fs::create_symlink(fs::path("..data") / name, root_ / name);
    calls_ = std::make_unique<Calls>(root_ / "mounted.yaml");
    begin({root_ / "mounted.yaml", root_ / "tls.crt", root_ / "tls.key"});
  }

  const FileWatch::Timing timing_;
  fs::path root_;
  fs::path config_;
  fs::path fence_;
  std::unique_ptr<Calls> calls_;
  // For what a test does within a call: a call can come until the watch ends.
  std::atomic<bool> first_ = true;
  std::mutex held_;
  sigset_t blocked_{};
  std::unique_ptr<FileWatch> watch_;
};

TEST_F(FileWatchTest, APlainWriteIsOneCall) {
  begin();
  write_file(config_, "second");
  ASSERT_TRUE(calls_->wait_for_last("second"));
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, APathThatIsNewToTheWatchIsACall) {
  begin();
  watch_->watch({config_, fence_, root_ / "other"});
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, WatchingTheSameAgainIsNoCall) {
  begin();
  watch_->watch({fence_, config_});
  EXPECT_EQ(count_after_fence(), 2U);
}

TEST_F(FileWatchTest, AFileThatIsBeingWrittenIsNotTaken) {
  begin();
  {
    SlowWriter writer(config_);
    for (const char* const piece : {"one ", "two ", "three"}) {
      writer.write(piece);
      pass_quiet_time();
    }
    EXPECT_EQ(calls_->count(), 1U);
  }
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(calls_->found().back(), "one two three");
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, AFileThatIsBeingCreatedIsNotTaken) {
  fs::remove(config_);
  begin();
  {
    SlowWriter writer(config_);
    pass_quiet_time();
    writer.write("second");
  }
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(calls_->found().back(), "second");
}

TEST_F(FileWatchTest, OtherFilesWaitForTheOneThatIsBeingWritten) {
  begin();
  {
    SlowWriter writer(config_);
    rename_over(fence_, "passed");
    pass_quiet_time();
    EXPECT_EQ(calls_->count(), 1U);
    writer.write("second");
  }
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, RenamingOverAFileEndsItsBeingWritten) {
  begin();
  SlowWriter writer(config_);
  writer.write("half");
  rename_over(config_, "second");
  writer.write(" a file that no name leads to");
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, DeletingAFileEndsItsBeingWritten) {
  begin();
  SlowWriter writer(config_);
  writer.write("half");
  fs::remove(config_);
  EXPECT_TRUE(calls_->wait_for_last(""));
}

TEST_F(FileWatchTest, AnEditorsRenameIsOneCall) {
  begin();
  rename_over(config_, "second");
  ASSERT_TRUE(calls_->wait_for_last("second"));
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, AFileThatWasRenamedOverIsStillWatched) {
  begin();
  rename_over(config_, "second");
  ASSERT_TRUE(calls_->wait_for_last("second"));
  write_file(config_, "third");
  EXPECT_TRUE(calls_->wait_for_last("third"));
}

TEST_F(FileWatchTest, AHardLinkThatIsPutInPlaceIsTakenAtOnce) {
  fs::remove(config_);
  begin();
  write_file(root_ / "prepared", "second");
  fs::create_hard_link(root_ / "prepared", config_);
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, AWriteThroughAnotherNameOfTheFileIsSeen) {
  fs::create_directory(root_ / "elsewhere");
  fs::create_hard_link(config_, root_ / "elsewhere/name");
  begin();
  write_file(root_ / "elsewhere/name", "second");
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, DeletionAndReturnAreSeen) {
  begin();
  fs::remove(config_);
  ASSERT_TRUE(calls_->wait_for_last(""));
  write_file(config_, "second");
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, AMissingFileThatAppearsIsSeen) {
  fs::remove(config_);
  begin();
  write_file(config_, "second");
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, MissingDirectoriesThatAppearAreSeen) {
  const fs::path deep = root_ / "not/yet/there";
  calls_ = std::make_unique<Calls>(deep / "config.yaml");
  begin({deep / "config.yaml"});
  fs::create_directories(deep);
  write_file(deep / "config.yaml", "second");
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, ADirectoryThatIsRemovedAndMadeAgainIsSeen) {
  const fs::path folder = root_ / "folder";
  fs::create_directory(folder);
  calls_ = std::make_unique<Calls>(folder / "config.yaml");
  begin({folder / "config.yaml"});
  for (const char* const text : {"one", "two", "three"}) {
    fs::remove_all(folder);
    fs::create_directory(folder);
    write_file(folder / "config.yaml", text);
    ASSERT_TRUE(calls_->wait_for_last(text));
  }
}

TEST_F(FileWatchTest, ADirectoryFarAboveThatIsReplacedByARenameIsSeen) {
  for (const char* const version : {"blue", "green"}) {
    fs::create_directories(root_ / version / "a/b");
    write_file(root_ / version / "a/b/config.yaml", version);
  }
  calls_ = std::make_unique<Calls>(root_ / "blue/a/b/config.yaml");
  begin({root_ / "blue/a/b/config.yaml"});
  fs::rename(root_ / "blue", root_ / "old");
  fs::rename(root_ / "green", root_ / "blue");
  EXPECT_TRUE(calls_->wait_for_last("green"));
}

TEST_F(FileWatchTest, ASwappedMountIsSeen) {
  mount();
  publish(1);
  ASSERT_TRUE(calls_->wait_for_last("1"));
  publish(2);
  EXPECT_TRUE(calls_->wait_for_last("2"));
}

TEST_F(FileWatchTest, TheLastOfManySwapsIsNotLost) {
  mount();
  for (int version = 1; version <= 500; ++version) publish(version);
  EXPECT_TRUE(calls_->wait_for_last("500"));
}

TEST_F(FileWatchTest, ALinkInTheMiddleOfAChainThatChangesIsSeen) {
  write_file(root_ / "b.yaml", "b");
  fs::create_symlink("two", root_ / "one");
  fs::create_symlink(root_ / "three", root_ / "two");
  fs::create_symlink("config.yaml", root_ / "three");
  calls_ = std::make_unique<Calls>(root_ / "one");
  begin({root_ / "one"});
  fs::remove(root_ / "two");
  fs::create_symlink("b.yaml", root_ / "two");
  EXPECT_TRUE(calls_->wait_for_last("b"));
}

TEST_F(FileWatchTest, ALinkThatNoLongerLeadsToAFileLetsGoOfIt) {
  fs::create_symlink("config.yaml", root_ / "link");
  calls_ = std::make_unique<Calls>(root_ / "link");
  begin({root_ / "link"});
  fs::create_symlink("fence", root_ / "link.new");
  fs::rename(root_ / "link.new", root_ / "link");
  ASSERT_TRUE(calls_->wait_for_count(2));
  write_file(config_, "nobody looks");
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, ALoopOfLinksIsQuietUntilItIsBroken) {
  fs::create_symlink("b", root_ / "a");
  fs::create_symlink("a", root_ / "b");
  calls_ = std::make_unique<Calls>(root_ / "a");
  begin({root_ / "a"});
  EXPECT_EQ(count_after_fence(), 2U);
  rename_over(root_ / "b", "no loop");
  EXPECT_TRUE(calls_->wait_for_last("no loop"));
}

TEST_F(FileWatchTest, ANeighbourIsNoCall) {
  begin();
  for (int i = 0; i < 200; ++i) {
    write_file(root_ / "neighbour.log", std::to_string(i));
    rename_over(root_ / "neighbour", std::to_string(i));
    fs::remove(root_ / "neighbour");
  }
  EXPECT_EQ(count_after_fence(), 2U);
}

TEST_F(FileWatchTest, AChangeThatTheFullQueueLostIsSeen) {
  std::unique_lock hold(held_);
  watch_ = started([&] {
    calls_->take();
    const std::lock_guard wait(held_);
  });
  watch_->watch({config_});
  ASSERT_TRUE(calls_->wait_for_last("first"));  // and now the watch doesn't read its events
  fill_queue();
  rename_over(config_, "second");
  hold.unlock();
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, AWriterWhoseEndTheFullQueueLostIsForgotten) {
  std::unique_lock hold(held_);
  watch_ = started([&] {
    calls_->take();
    if (first_.exchange(false)) return;
    const std::lock_guard wait(held_);
  });
  watch_->watch({config_});
  ASSERT_TRUE(calls_->wait_for_last("first"));
  {
    SlowWriter writer(config_);
    writer.write("half");
    watch_->poke();
    ASSERT_TRUE(calls_->wait_for_last("half"));  // the writer is known, and now the watch doesn't read its events
    fill_queue();
    writer.write(" and half");
  }
  hold.unlock();
  EXPECT_TRUE(calls_->wait_for_last("half and half"));
}

TEST_F(FileWatchTest, WatchFromWithinACallReplacesTheFiles) {
  watch_ = started([&] {
    if (first_.exchange(false)) watch_->watch({root_ / "other", fence_});
    calls_->take();
  });
  watch_->watch({config_, fence_});
  ASSERT_TRUE(calls_->wait_for_count(2));  // new paths, both times
  const std::size_t before = calls_->count();

  write_file(config_, "nobody looks");
  EXPECT_EQ(count_after_fence(), before + 1);
  write_file(root_ / "other", "looked for");
  EXPECT_TRUE(calls_->wait_for_count(before + 2));
}

TEST_F(FileWatchTest, AChangeDuringACallIsAnotherCall) {
  watch_ = started([&] {
    calls_->take();
    if (first_.exchange(false)) rename_over(config_, "second");
  });
  watch_->watch({config_});
  EXPECT_TRUE(calls_->wait_for_last("second"));
}

TEST_F(FileWatchTest, PokeIsACallThoughNothingChanged) {
  begin();
  watch_->poke();
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, PokeDoesNotWaitForAWriter) {
  begin();
  SlowWriter writer(config_);
  writer.write("half");
  watch_->poke();
  EXPECT_TRUE(calls_->wait_for_last("half"));
}

TEST_F(FileWatchTest, AgainAfterIsOneCall) {
  begin();
  watch_->again_after(1ms);
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, ALaterAgainAfterReplacesTheFormer) {
  begin();
  watch_->again_after(10h);
  watch_->again_after(1ms);
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(count_after_fence(), 3U);
}

TEST_F(FileWatchTest, AgainAfterZeroIsNoCall) {
  watch_ = started([&] {
    if (first_.exchange(false)) {
      watch_->again_after(1ms);
      watch_->again_after(0ms);
    }
    calls_->take();
  });
  watch_->watch({fence_});
  ASSERT_TRUE(calls_->wait_for_count(1));
  EXPECT_EQ(count_after_fence(), 2U);
}

TEST_F(FileWatchTest, ItsThreadTakesNoSignals) {
  watch_ = started([&] {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked_);
    calls_->take();
  });
  watch_->poke();
  ASSERT_TRUE(calls_->wait_for_count(1));
  for (const int signal : {SIGHUP, SIGTERM, SIGINT, SIGCHLD}) EXPECT_EQ(::sigismember(&blocked_, signal), 1) << signal;
}

TEST_F(FileWatchTest, EndsWhileFilesAreBusy) {
  std::atomic<bool> done = false;
  std::thread busy([&] {
    for (int i = 0; !done; ++i) rename_over(config_, std::to_string(i));
  });
  for (int i = 0; i < 30; ++i) {
    auto watch = started([this] { calls_->take(); });
    watch->watch({config_});
    watch->poke();
    EXPECT_TRUE(calls_->wait_for_count(static_cast<std::size_t>(i) + 1));
  }
  done = true;
  busy.join();
}

TEST_F(FileWatchTest, StartNamesTheLimitThatIsReached) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto watch = FileWatch::start([] {});
  ::setrlimit(RLIMIT_NOFILE, &before);

  ASSERT_FALSE(watch.has_value());
  EXPECT_EQ(watch.error().code, Errc::Io);
  EXPECT_NE(watch.error().message.find("fs.inotify.max_user_instances"), std::string::npos) << watch.error().message;
}

/// Acts while the changes are still being made.
class FileWatchHastyTest : public FileWatchTest {
 protected:
  FileWatchHastyTest() : FileWatchTest({.quiet = 1ms, .at_most = 5ms}) {}
};

TEST_F(FileWatchHastyTest, WhatAppearsWhileTheWatchesAreSetIsNotLost) {
  const fs::path deep = root_ / "a/b/c/d/e/f";
  calls_ = std::make_unique<Calls>(deep / "config.yaml");
  begin({deep / "config.yaml"});
  for (int i = 0; i < 100; ++i) {
    fs::remove_all(root_ / "a");
    fs::create_directories(deep);
    pass_quiet_time();
    write_file(deep / "config.yaml", std::to_string(i));
    ASSERT_TRUE(calls_->wait_for_last(std::to_string(i)));
  }
}

/// A quiet time that never passes: calls come at the latest moment only.
class FileWatchAtMostTest : public FileWatchTest {
 protected:
  FileWatchAtMostTest() : FileWatchTest({.quiet = 1h, .at_most = 50ms}) {}

  /// Changes the file in `way` until three more calls have come.
  void keep_changing(void (*way)(const fs::path&, const std::string&)) {
    begin();
    std::atomic<bool> done = false;
    std::thread busy([&] {
      for (int i = 0; !done; ++i) way(config_, std::to_string(i));
    });
    EXPECT_TRUE(calls_->wait_for_count(4));
    done = true;
    busy.join();
  }
};

TEST_F(FileWatchAtMostTest, AFileThatIsAlwaysReplacedIsTaken) { keep_changing(rename_over); }

TEST_F(FileWatchAtMostTest, AFileThatIsAlwaysWrittenIsTaken) { keep_changing(write_file); }

/// A time that is quiet only if the neighbours don't count, and a latest moment that never comes.
class FileWatchQuietTest : public FileWatchTest {
 protected:
  FileWatchQuietTest() : FileWatchTest({.quiet = 500ms, .at_most = 1h}) {}
};

TEST_F(FileWatchQuietTest, ABusyNeighbourDelaysNothing) {
  begin();
  std::atomic<bool> done = false;
  std::thread busy([&] {
    for (int i = 0; !done; ++i) write_file(root_ / "neighbour.log", std::to_string(i));
  });
  rename_over(config_, "second");
  EXPECT_TRUE(calls_->wait_for_last("second"));
  done = true;
  busy.join();
}

TEST_F(FileWatchQuietTest, ChangesInARowAreOneCall) {
  begin();
  for (int i = 0; i < 20; ++i) {
    rename_over(config_, std::to_string(i));
    write_file(fence_, std::to_string(i));
  }
  ASSERT_TRUE(calls_->wait_for_count(2));
  EXPECT_EQ(calls_->found().back(), "19");
}

}  // namespace
}  // namespace kp
