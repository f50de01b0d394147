#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "config/model.h"
#include "gateway/logged.h"
#include "gateway/logins.h"
#include "gateway/producers.h"
#include "gateway/wal_confirmed.h"
#include "gateway/wal_frame.h"
#include "gateway/wal_segments.h"

namespace kp::gateway {

/// The write-ahead log: one thread writes what loops hand to it, group by group, and sends it on in that order; what
/// Kafka doesn't take now is read again from the files. Append from any thread.
class Wal {
 public:
  static constexpr std::size_t max_waiting_bytes = 16 << 20;  ///< handed to it and not safe

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

  /// By whom records are sent from now on; also the first time. Those of before have a moment to send what they have;
  /// the rest goes first when the new ones begin. They are still the caller's to end.
  void go_on_by(const config::Wal& config, std::shared_ptr<Producers> producers, std::shared_ptr<const Logins> logins);
  /// For producers whose records are the log's.
  Settled settled();

  std::string directory() const { return directory_; }
  Figures figures() const;

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

  /// Producers of before that have records under way.
  struct Retiring {
    std::shared_ptr<Producers> producers;
    std::chrono::steady_clock::time_point end;
    bool given_up = false;
    bool over();
  };

  Wal(const config::Wal& config, WalSegments segments);
  void run();
  std::vector<Entry> next_batch(Way& way);
  void write(std::vector<Entry>& batch, const Way& way);
  void write_group(std::span<Entry> group, const Way& way);
  void tell(std::span<Entry> group, const std::string& trouble);
  void forward(std::string_view frames, const Way& way);
  void fall_behind();
  bool forward_one(const Frame& frame, const Way& way);
  void feed(const Way& way);
  void unreadable(const std::string& why);
  void keep_house(const Way& way);

  const std::string directory_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable wanted_;
  std::vector<Entry> waiting_;
  std::size_t waiting_bytes_ = 0;  ///< of what is being written, too
  Way way_;
  std::vector<Retiring> retiring_;  ///< while there are any, nothing else is sent
  bool ending_ = false;

  mutable std::mutex figures_mutex_;  ///< guards figures_
  Figures figures_;

  const std::shared_ptr<WalConfirmed> confirmed_;

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
