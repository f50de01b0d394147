#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <tuple>

#include "kube/client.h"
#include "kube/token_bucket.h"
#include "runtime/clock.h"

namespace kp::runtime {

/// What people shall read under an object, in `kubectl describe`.
struct Note {
  enum class Type : std::uint8_t { Normal, Warning };

  Type type = Type::Normal;
  std::string reason;   ///< why, in one word: "SecretMissing"
  std::string action;   ///< what was being done, in one word: "Reconcile"
  std::string message;  ///< up to 1024 bytes

  auto operator<=>(const Note&) const = default;
};

/// Writes Events. The same note on the same object again is counted in the Event that is there. Bounded in rate and in
/// memory: what is too much for now, or can't be written for now, waits; what can't wait is dropped and counted.
/// `record`: any thread, never waits.
class EventRecorder {
 public:
  struct Options {
    std::string controller = "kafkaproxy.dev/operator";
    std::string instance;                  ///< the pod's name
    double per_second = 5;                 ///< written
    double burst = 50;                     ///< written at once
    std::size_t backlog = 500;             ///< notes not yet looked at
    std::size_t remembered = 2'000;        ///< notes that would be counted, or wait to be written
    std::chrono::seconds count_every{30};  ///< at the most, per Event
    std::chrono::seconds forgotten_after{
        600};  ///< a note that comes again after so long is a new Event; none waits longer
  };

  /// The arguments outlive it.
  EventRecorder(kube::Client& client, Clock& clock, Options options);

  void record(const kube::Json& about, Note note);

  /// Writes until stopped, and then what is recorded already.
  void run(const std::stop_token& stop);

  std::uint64_t written() const;
  std::uint64_t dropped() const;

 private:
  struct About {
    kube::Json reference;  ///< an ObjectReference
    std::string text;      ///< the same, to be compared
    Note note;

    bool operator<(const About& other) const { return std::tie(text, note) < std::tie(other.text, other.note); }
  };
  struct Series {
    kube::Name name{};  ///< of the Event
    std::int64_t count = 1;
    Clock::Time last{};  ///< the note came
    Clock::WallTime last_wall{};
    Clock::Time written{};
    bool behind = false;   ///< the Event has a lower count
    bool waiting = false;  ///< there is no Event yet
  };

  void take(About about);
  void make_waiting();
  Result<kube::Name> make(const About& about);
  void write_counts(bool all);
  void forget_old();
  Clock::Time next_count() const;
  void drop();

  kube::Client& client_;
  Clock& clock_;
  const Options options_;
  // Of the thread in run.
  std::map<About, Series> series_;
  kube::TokenBucket rate_;
  std::uint64_t made_ = 0;
  Clock::Time try_again_at_{};  ///< none is made before: the API server could take none
  mutable std::mutex mutex_;    ///< of all below
  std::condition_variable recorded_;
  std::deque<About> backlog_;
  std::uint64_t written_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace kp::runtime
