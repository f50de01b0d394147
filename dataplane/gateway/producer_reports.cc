#include <librdkafka/rdkafka.h>

#include <array>
#include <boost/asio/post.hpp>
#include <limits>

#include "base/log.h"
#include "gateway/producer.h"
#include "gateway/rdkafka_record.h"
#include "gateway/statistics.h"

/// What librdkafka reports, on the producer's thread.
namespace kp::gateway {
namespace {

constexpr int poll_ms = 100;

/// What weight() was, but for headers.
std::size_t weight_of(const rd_kafka_message_t& message) {
  return Record::overhead + std::char_traits<char>::length(rd_kafka_topic_name(message.rkt)) + message.key_len +
         message.len;
}

/// Nobody has refused the record.
bool is_untried(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
         error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__DESTROY ||
         error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
}

/// What Kafka says of a whole batch for what one record in it is, or for all of them together. All else that it says
/// is of a topic or a user, and true of each.
bool is_of_batch(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG || error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
         error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP || error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

}  // namespace

/// What came of several records: told together.
struct Producer::Told {
  telemetry::ProducerCounters counters;
  std::map<std::pair<std::string, std::string>, std::uint64_t> lost;  ///< by topic and reason: nobody else hears of it
  std::map<net::Loop*, std::vector<std::shared_ptr<Delivery>>> complete;
};

void Producer::poll() {
  rd_kafka_queue_t* const queue = rd_kafka_queue_get_main(handle_.get());
  while (!ending_) {
    rd_kafka_event_t* const event = rd_kafka_queue_poll(queue, poll_ms);
    if (event == nullptr) continue;
    take(event);
    rd_kafka_event_destroy(event);
  }
  rd_kafka_queue_destroy(queue);
}

void Producer::take(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
      return take_deliveries(event);
    case RD_KAFKA_EVENT_STATS:
      return take_statistics(rd_kafka_event_stats(event));
    case RD_KAFKA_EVENT_ERROR: {
      const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
      if (rd_kafka_event_error_is_fatal(event) != 0) {
        fatal_ = true;
        log::error("the producer has failed", {{"reason", rd_kafka_event_error_string(event)}});
      }
      if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && code != RD_KAFKA_RESP_ERR__AUTHENTICATION) return;
      const std::lock_guard lock(mutex_);
      trouble_ = rd_kafka_event_error_string(event);
      return;
    }
    case RD_KAFKA_EVENT_LOG: {
      const char* facility = nullptr;
      const char* text = nullptr;
      int level = 0;
      if (rd_kafka_event_log(event, &facility, &text, &level) == 0)
        log::write(level <= 4 ? log::Level::Warn : log::Level::Debug, "librdkafka",
                   {{"said", text}, {"about", facility}});
      return;
    }
    default:
      return;
  }
}

void Producer::take_deliveries(rd_kafka_event_t* event) {
  std::array<const rd_kafka_message_t*, 256> messages{};
  Told told;
  while (const std::size_t count = rd_kafka_event_message_array(event, messages.data(), messages.size()))
    for (std::size_t i = 0; i < count; ++i) take_report(*messages[i], told);
  tell(std::move(told));
}

void Producer::take_report(const rd_kafka_message_t& message, Told& told) {
  std::unique_ptr<Slot> slot(static_cast<Slot*>(message._private));
  const std::size_t weight = weight_of(message) + (slot ? slot->headers_weight : 0);
  Outcome outcome{message.partition, message.offset, {}};
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    told.counters.duration.observe(std::chrono::microseconds(rd_kafka_message_latency(&message)));
    ++told.counters.delivered;
    told.counters.delivered_bytes += message.len + message.key_len;
    if (slot == nullptr) return release(1, weight);
    return settle(*slot, std::move(outcome), slot->marked ? record_of(message) : Record(), weight, told);
  }
  if (slot == nullptr) slot = std::make_unique<Slot>();
  Record record = record_of(message);
  record.timestamp = slot->timestamp;
  if (is_of_batch(message.err) && send_alone(record, slot)) return;
  outcome.error = rd_kafka_err2str(message.err);
  outcome.untried = is_untried(message.err);
  told.counters.duration.observe(std::chrono::microseconds(rd_kafka_message_latency(&message)));
  ++told.counters.errors[rd_kafka_err2name(message.err)];
  settle(*slot, std::move(outcome), record, weight, told);
}

/// One record of a batch that was refused: perhaps it was not the one. False: what was said of the batch goes for it.
bool Producer::send_alone(const Record& record, std::unique_ptr<Slot>& slot) {
  if (options_.alone) return false;
  if (alone_ == nullptr) {
    Options options;
    options.properties = options_.properties;
    for (const char* const property : {"queue.buffering.max.ms", "statistics.interval.ms"})
      options.properties.emplace_back(property, "0");
    options.properties.emplace_back("batch.num.messages", "1");
    options.max_bytes = options.max_records = std::numeric_limits<std::size_t>::max() / 2;  // they are counted here
    options.alone = true;
    options.settled = [this](std::uint64_t mark, const Outcome& outcome, const Record& content) {
      take_alone(std::unique_ptr<Slot>(reinterpret_cast<Slot*>(mark)), outcome, content);
    };
    auto made = make(std::move(options));
    if (!made) return false;
    const std::lock_guard lock(mutex_);
    alone_ = std::move(*made);
  }
  const Status sent = alone_->send_marked(record, reinterpret_cast<std::uint64_t>(slot.get()));
  fatal_ = fatal_ || alone_->failed();
  if (!sent) return false;
  (void)slot.release();
  return true;
}

/// On the other producer's thread.
void Producer::take_alone(std::unique_ptr<Slot> slot, const Outcome& outcome, const Record& record) {
  Told told;
  Record whole = record;
  whole.timestamp = slot->timestamp;
  settle(*slot, outcome, whole, record.weight(), told);
  tell(std::move(told));
}

/// The log hears of it before it stops counting as under way, a request after.
void Producer::settle(const Slot& slot, Outcome outcome, const Record& record, std::size_t weight, Told& told) {
  if (slot.marked) options_.settled(slot.mark, outcome, record);
  release(1, weight);
  if (slot.delivery == nullptr) {
    if (!slot.marked && !outcome.error.empty()) ++told.lost[{std::string(record.topic), outcome.error}];
    return;
  }
  --waited_for_;
  if (slot.delivery->settle(slot.record, std::move(outcome)))
    told.complete[&slot.delivery->loop()].push_back(slot.delivery);
}

void Producer::tell(Told told) {
  for (auto& [loop, deliveries] : told.complete)
    net::asio::post(loop->context(), [all = std::move(deliveries)] {
      for (const auto& each : all) each->wake();
    });
  for (const auto& [what, records] : told.lost) tell_lost(what.first, what.second, records);
  const std::lock_guard lock(mutex_);
  counters_ += told.counters;
  if (told.counters.delivered == 0) return;
  last_delivery_ = std::chrono::steady_clock::now();
  trouble_.clear();
}

/// Nobody else hears of it, but for a counter.
void Producer::tell_lost(std::string_view topic, const std::string& reason, std::uint64_t records) {
  const std::lock_guard lock(mutex_);
  if (complaints_.pass())
    log::warn("records are lost that nobody waited for", {{"topic", topic}, {"reason", reason}, {"records", records}});
}

void Producer::take_statistics(const char* text) {
  telemetry::ProducerCounters::Statistics read = read_statistics(text);
  const std::lock_guard lock(mutex_);
  counters_.statistics = std::move(read);
}

}  // namespace kp::gateway
