#include "gateway/producer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/thread.h"
#include "gateway/rdkafka_record.h"

namespace kp::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_topics = 10'000;  ///< librdkafka keeps each name that it has ever heard
constexpr int hurry_ms = 50;
constexpr int look_ms = 1000;
constexpr int purge_ms = 1000;
constexpr std::chrono::seconds look_again{2};

struct FreeConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, FreeConf>;

Result<Conf> conf_of(const Producer::Options& options) {
  Conf conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  auto all = options.properties;
  // Bounded by reserve(): all records of a request, or none.
  all.emplace_back("queue.buffering.max.messages", "0");
  all.emplace_back("queue.buffering.max.kbytes", "2147483647");
  all.emplace_back("log.queue", "true");
  for (const auto& [name, value] : all)
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
      return Error{Errc::Invalid, name + ": " + why.data()};
  rd_kafka_conf_set_events(conf.get(),
                           RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
  return conf;
}

/// librdkafka before 2.6.1 repeats its nonce where the broker's alone is due; Kafka 4 doesn't take that.
void warn_of_scram(const Producer::Options& options) {
  constexpr int sound = 0x020601ff;
  for (const auto& [name, value] : options.properties)
    if (name == "sasl.mechanism" && value.starts_with("SCRAM") && rd_kafka_version() < sound)
      log::warn("SCRAM at brokers of Kafka 4 needs librdkafka 2.6.1: use PLAIN over TLS, or a client certificate",
                {{"librdkafka", rd_kafka_version_str()}});
}

}  // namespace

void Producer::Free::operator()(rd_kafka_s* handle) const { rd_kafka_destroy(handle); }

Result<std::shared_ptr<Producer>> Producer::make(Options options) {
  Result<Conf> conf = conf_of(options);
  if (!conf) return std::move(conf).error();
  std::shared_ptr<Producer> made(new Producer(std::move(options)));
  std::array<char, 512> why{};
  // Threads of the library shall not take signals that main waits for.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  made->handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf->get(), why.data(), why.size()));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (made->handle_ == nullptr) return Error{Errc::Invalid, why.data()};
  (void)conf->release();
  rd_kafka_set_log_queue(made->handle_.get(), nullptr);
  warn_of_scram(made->options_);
  made->threads_.push_back(thread_without_signals([self = made.get()] { self->poll(); }));
  made->threads_.push_back(thread_without_signals([self = made.get()] { self->hurry(); }));
  made->threads_.push_back(thread_without_signals([self = made.get()] { self->look_after(); }));
  return made;
}

Producer::~Producer() {
  if (handle_ != nullptr) finish(options_.patience);
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  for (std::thread& each : threads_) each.join();
  alone_.reset();
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
}

void Producer::finish(std::chrono::milliseconds patience) {
  const auto end = steady_clock::now() + patience;
  rd_kafka_flush(handle_.get(), static_cast<int>(patience.count()));
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
  if (const auto alone = for_single_ones()) alone->finish(std::max(left, std::chrono::milliseconds(0)));
  if (records_ == 0) return;
  give_up();
  rd_kafka_flush(handle_.get(), purge_ms);
}

void Producer::give_up() {
  if (options_.settled)
    log::warn("records come back: Kafka did not take them in time", {{"records", records_.load()}});
  else
    log::error("records are lost: Kafka did not take them in time", {{"records", records_.load()}});
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  if (const auto alone = for_single_ones()) alone->give_up();
}

/// May be null.
std::shared_ptr<Producer> Producer::for_single_ones() const {
  const std::lock_guard lock(mutex_);
  return alone_;
}

bool Producer::reserve(std::size_t records, std::size_t bytes) {
  const std::size_t had_records = records_.fetch_add(records);
  const std::size_t had_bytes = bytes_.fetch_add(bytes);
  if (had_records + records <= options_.max_records && had_bytes + bytes <= options_.max_bytes) return true;
  release(records, bytes);
  return false;
}

void Producer::release(std::size_t records, std::size_t bytes) {
  records_ -= records;
  bytes_ -= bytes;
}

/// Null: there are too many names.
rd_kafka_topic_s* Producer::topic(std::string_view name) {
  {
    const std::shared_lock lock(topics_mutex_);
    if (const auto known = topics_.find(name); known != topics_.end()) return known->second;
  }
  const std::lock_guard lock(topics_mutex_);
  if (const auto known = topics_.find(name); known != topics_.end()) return known->second;
  if (topics_.size() >= most_topics) return nullptr;
  const std::string text(name);
  rd_kafka_topic_t* const made = rd_kafka_topic_new(handle_.get(), text.c_str(), nullptr);
  if (made != nullptr) topics_.emplace(text, made);
  return made;
}

/// Why it could not be; empty: it is under way. Owns `slot` (may be null) in any case.
std::string Producer::enqueue(const Record& record, Slot* slot) {
  std::unique_ptr<Slot> owned(slot);
  rd_kafka_topic_t* const to = topic(record.topic);
  if (to == nullptr) return "too many different topics";
  std::array<rd_kafka_vu_t, 8> all{};
  all[0].vtype = RD_KAFKA_VTYPE_RKT;
  all[0].u.rkt = to;
  all[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  all[1].u.i32 = record.partition;
  all[2] = bytes_of(RD_KAFKA_VTYPE_VALUE, record.value);
  all[3] = bytes_of(RD_KAFKA_VTYPE_KEY, record.key);
  all[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  all[4].u.i = RD_KAFKA_MSG_F_COPY;
  all[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  all[5].u.ptr = slot;
  all[6].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  all[6].u.i64 = record.timestamp;
  rd_kafka_headers_t* const headers = headers_of(record);
  all[7].vtype = RD_KAFKA_VTYPE_HEADERS;
  all[7].u.headers = headers;
  rd_kafka_error_t* const failed = rd_kafka_produceva(handle_.get(), all.data(), headers == nullptr ? 7 : 8);
  if (failed == nullptr) {
    (void)owned.release();
    return {};
  }
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  if (rd_kafka_error_code(failed) == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_error_is_fatal(failed) != 0) fatal_ = true;
  std::string why = rd_kafka_err2str(rd_kafka_error_code(failed));
  const std::string name = rd_kafka_err2name(rd_kafka_error_code(failed));
  rd_kafka_error_destroy(failed);
  const std::lock_guard lock(mutex_);
  ++counters_.errors[name];
  return why;
}

Status Producer::send(std::span<const Record> records, const std::shared_ptr<Delivery>& delivery) {
  if (fatal_) return Error{Errc::Busy, "the producer has failed and is being replaced"};
  std::size_t bytes = 0;
  for (const Record& record : records) bytes += record.weight();
  if (records.size() > options_.max_records || bytes > options_.max_bytes)
    return Error{Errc::Invalid, "more records or bytes than the queue can ever hold"};
  if (!reserve(records.size(), bytes)) return Error{Errc::Busy, "the queue to Kafka is full"};
  if (delivery != nullptr && waited_for_.fetch_add(records.size()) == 0) {
    const std::lock_guard lock(mutex_);
    wanted_.notify_all();
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    std::size_t headers_weight = 0;
    if (!record.headers.empty()) {
      Record bare = record;
      bare.headers.clear();
      headers_weight = record.weight() - bare.weight();
    }
    Slot* slot = nullptr;
    if (delivery != nullptr || headers_weight > 0 || record.timestamp != 0)
      slot = new Slot{delivery, i, 0, false, headers_weight, record.timestamp};
    std::string why = enqueue(record, slot);
    if (why.empty()) continue;
    release(1, record.weight());
    if (delivery == nullptr) {
      tell_lost(record.topic, why, 1);
      continue;
    }
    --waited_for_;
    if (delivery->settle(i, {-1, -1, std::move(why)})) delivery->wake();
  }
  return Done{};
}

Status Producer::send_marked(const Record& record, std::uint64_t mark) {
  if (fatal_) return Error{Errc::Busy, "the producer has failed and is being replaced"};
  const std::size_t weight = record.weight();
  if (!reserve(1, weight)) {
    if (records_ > 0) return Error{Errc::Busy, "the queue to Kafka is full"};
    records_ += 1;  // one that is larger than all there may be goes alone
    bytes_ += weight;
  }
  Record bare = record;
  bare.headers.clear();
  std::string why = enqueue(record, new Slot{nullptr, 0, mark, true, weight - bare.weight(), record.timestamp});
  if (why.empty()) return Done{};
  release(1, weight);
  return Error{fatal_ ? Errc::Busy : Errc::Invalid, std::move(why)};  // a failed one has not tried the record
}

/// While a request waits for its records nobody gains by lingering: flushing sends at once what there is.
void Producer::hurry() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wanted_.wait(lock, [this] { return ending_ || waited_for_ > 0; });
    if (hurried_ && records_ == 0) wanted_.wait_for(lock, std::chrono::milliseconds(hurry_ms));
    lock.unlock();
    if (waited_for_ > 0) rd_kafka_flush(handle_.get(), hurry_ms);
    lock.lock();
  }
}

void Producer::hurry_up() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(hurried_, true)) ++waited_for_;
  wanted_.notify_all();
}

void Producer::look_after() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    std::string trouble;
    const auto quiet = steady_clock::now() - last_delivery_.load();
    if (quiet > look_again) {
      const rd_kafka_metadata_t* seen = nullptr;
      const rd_kafka_resp_err_t failed = rd_kafka_metadata(handle_.get(), 0, nullptr, &seen, look_ms);
      if (failed == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(seen);
      else
        trouble = rd_kafka_err2str(failed);
    }
    lock.lock();
    trouble_ = std::move(trouble);
    wanted_.wait_for(lock, look_again, [this] { return ending_.load(); });
  }
}

std::string Producer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

telemetry::ProducerCounters Producer::counters() const {
  const std::lock_guard lock(mutex_);
  telemetry::ProducerCounters all = counters_;
  if (alone_ != nullptr) all += alone_->counters();
  return all;
}

}  // namespace kp::gateway
