#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "config/model.h"
#include "gateway/logins.h"
#include "gateway/producers.h"
#include "gateway/wal_frame.h"
#include "gateway/wal_segments.h"

namespace kp::gateway {

/// One request that waits for its records to be in the log.
class Logged {
 public:
  explicit Logged(net::Loop& loop) : loop_(loop), done_(loop.executor()) {}

  net::Loop& loop() const { return loop_; }
  void wake(std::string trouble) {  ///< loop thread
    trouble_ = std::move(trouble);
    woken_ = true;
    done_.notify();
  }
  net::Task<bool> wait(std::chrono::milliseconds limit) {
    if (!woken_) co_await done_.wait_for(limit);
    co_return woken_;
  }
  const std::string& trouble() const { return trouble_; }  ///< empty: they are in it

 private:
  net::Loop& loop_;
  net::Event done_;
  std::string trouble_;
  bool woken_ = false;
};

/// The write-ahead log: one thread writes what loops hand to it, group by group, and sends it on in that order; what
/// Kafka doesn't take now is read again from the files. Append from any thread.
class Wal {
 public:
  static constexpr std::size_t max_waiting_bytes = 16 << 20;  ///< handed to it and not written

  struct Figures {
    std::uint64_t bytes = 0;
    std::uint64_t segments = 0;
    std::uint64_t unsent = 0;
    std::uint64_t appended = 0;
    std::uint64_t replayed = 0;
    std::uint64_t rejected = 0;
    std::uint64_t fsyncs = 0;
    telemetry::Counters::Labelled refused;
  };

  /// Reads what the directory holds; nothing is sent before go_on_by(). Errors: Conflict, Io.
  static Result<std::shared_ptr<Wal>> open(const config::Wal& config);
  /// Sends for as long as `patience`, at most; what isn't in Kafka then stays in the files.
  ~Wal();
  Wal(const Wal&) = delete;
  Wal& operator=(const Wal&) = delete;

  /// Busy: too much waits to be written. Else `logged` hears, on its loop, when the records are in the log.
  Status append(std::span<const Record> records, const std::string& identity, const std::shared_ptr<Logged>& logged);

  /// By whom records are sent from now on; also the first time.
  void go_on_by(const config::Wal& config, std::shared_ptr<Producers> producers, std::shared_ptr<const Logins> logins);
  /// For producers whose records are the log's.
  Settled settled();

  std::string directory() const { return directory_; }
  Figures figures() const;
  std::vector<std::shared_ptr<Producer>> producers() const;

 private:
  struct Entry {
    std::string frames;
    std::uint64_t records = 0;
    std::shared_ptr<Logged> logged;
  };
  struct Way {
    config::Wal config;
    std::shared_ptr<Producers> producers;
    std::shared_ptr<const Logins> logins;
  };

  Wal(const config::Wal& config, WalSegments segments);
  void run();
  std::vector<Entry> next_batch(Way& way);
  void write(std::vector<Entry>& batch, const Way& way);
  void write_group(std::span<Entry> group, const Way& way);
  void tell(std::span<Entry> group, const std::string& trouble);
  void forward(std::string_view frames, const Way& way);
  void fall_behind();
  bool confirmed(std::uint64_t record);
  bool forward_one(const Frame& frame, const Way& way);
  void feed(const Way& way);
  void unreadable(const std::string& why);
  void settle(std::uint64_t record, const Outcome& outcome, const Record& content);
  void reject(std::uint64_t record, const Outcome& outcome, const Record& content);
  void keep_house(const Way& way);

  const std::string directory_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable wanted_;
  std::vector<Entry> waiting_;
  std::size_t waiting_bytes_ = 0;
  Way way_;
  std::vector<std::shared_ptr<Producers>> retired_;
  bool ending_ = false;

  mutable std::mutex confirmed_mutex_;  ///< guards what follows
  std::uint64_t low_ = 0;               ///< Kafka has all before it
  std::deque<bool> window_;             ///< of those sent from there on
  bool again_ = false;                  ///< some were lost on the way: send again, from low_ on

  mutable std::mutex figures_mutex_;  ///< guards figures_
  Figures figures_;

  // The thread's alone.
  WalSegments segments_;
  WalSegments::Position at_;  ///< what is sent next
  bool behind_ = true;        ///< what is sent next is not what was written last
  std::uint64_t old_ = 0;     ///< records before it are another process's
  std::chrono::steady_clock::time_point synced_{};
  std::chrono::steady_clock::time_point noted_{};
  std::chrono::steady_clock::time_point complained_{};
  bool dirty_ = false;
  bool full_ = false;  ///< Kafka takes no more for now

  std::thread thread_;  ///< ends first
};

}  // namespace kp::gateway
