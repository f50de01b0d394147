#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/model.h"
#include "gateway/delivery.h"
#include "gateway/record.h"
#include "telemetry/gateway_metrics.h"

struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_message_s;
struct rd_kafka_queue_s;
struct rd_kafka_op_s;

namespace kp::gateway {

/// What became of a record that was sent with a mark, and the record, whose text ends with the call. On the producer's
/// thread, in no order.
using Settled = std::function<void(std::uint64_t mark, const Outcome&, const Record&)>;

/// librdkafka, behind which it stays. Records go in from any thread, without waiting; what became of them comes back on
/// the loop of the request, or to `settled`. Its destructor waits, as finish() does: never on a loop.
class Producer {
 public:
  struct Options {
    std::vector<std::pair<std::string, std::string>> properties;  ///< librdkafka's, by its own names
    std::size_t max_records = 100'000;                            ///< under way at once
    std::size_t max_bytes = std::size_t{1} << 30;
    std::chrono::milliseconds patience{2000};  ///< how long the last records may take when it ends
    Settled settled = {};
    bool alone = false;  ///< each record goes in a batch of its own
  };

  /// Errors: Invalid, in librdkafka's words.
  static Result<std::shared_ptr<Producer>> make(Options options);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// All of them, or none: Busy when there is no room, Invalid when there never will be. What Kafka says of single ones
  /// goes to `delivery` (may be null: nobody waits). The records are copied.
  Status send(std::span<const Record> records, const std::shared_ptr<Delivery>& delivery);
  /// One record; `settled` hears of it by `mark`. Busy: no room now.
  Status send_marked(const Record& record, std::uint64_t mark);

  /// From now on nothing lingers: what there is shall leave.
  void hurry_up();
  /// Whoever waits for what is under way hears that it was given up; it may have arrived.
  void give_up();
  /// Waits until all is in Kafka, for as long as `patience`; then the rest is given up, and whoever waits hears of it.
  void finish(std::chrono::milliseconds patience);

  /// Why the brokers can't be asked; empty: they answer. "not asked yet" at first.
  std::string trouble() const;
  bool failed() const { return fatal_; }  ///< nothing goes any more: a new one is needed
  std::size_t records() const { return records_; }
  std::size_t bytes() const { return bytes_; }
  telemetry::ProducerCounters counters() const;

 private:
  /// What a record is known by while it is under way; only where something must be remembered.
  struct Slot {
    std::shared_ptr<Delivery> delivery;
    std::size_t record = 0;
    std::uint64_t mark = 0;
    bool marked = false;
    std::size_t headers_weight = 0;
    std::int64_t timestamp = 0;
  };
  struct Told;
  struct Free {
    void operator()(rd_kafka_s* handle) const;
  };

  explicit Producer(Options options) : options_(std::move(options)) {}
  bool reserve(std::size_t records, std::size_t bytes);
  void release(std::size_t records, std::size_t bytes);
  rd_kafka_topic_s* topic(std::string_view name);
  std::string enqueue(const Record& record, Slot* slot);
  void poll();
  void take(rd_kafka_op_s* event);
  void take_deliveries(rd_kafka_op_s* event);
  void take_report(const rd_kafka_message_s& message, Told& told);
  bool send_alone(const Record& record, std::unique_ptr<Slot>& slot);
  void take_alone(std::unique_ptr<Slot> slot, const Outcome& outcome, const Record& record);
  void settle(const Slot& slot, Outcome outcome, const Record& record, std::size_t weight, Told& told);
  void tell(Told told);
  void tell_lost(std::string_view topic, const std::string& reason, std::uint64_t records);
  void take_statistics(const char* text);
  std::shared_ptr<Producer> for_single_ones() const;
  void hurry();
  void look_after();

  const Options options_;
  std::unique_ptr<rd_kafka_s, Free> handle_;
  std::shared_mutex topics_mutex_;  ///< guards topics_
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, rd_kafka_topic_s*, Hash, std::equal_to<>> topics_;
  std::atomic<std::size_t> records_{0};
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> waited_for_{0};  ///< records that a request waits for
  std::atomic<bool> fatal_{false};
  std::atomic<bool> ending_{false};
  std::atomic<std::chrono::steady_clock::time_point> last_delivery_{};
  mutable std::mutex mutex_;        ///< guards what follows
  std::condition_variable wanted_;  ///< somebody waits, or it ends
  bool hurried_ = false;
  std::string trouble_ = "Kafka has not been asked yet";
  telemetry::ProducerCounters counters_;
  log::Throttle complaints_;
  std::shared_ptr<Producer> alone_;  ///< sends each record in a batch of its own; made when first needed
  std::vector<std::thread> threads_;
};

}  // namespace kp::gateway
