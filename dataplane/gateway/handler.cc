#include "gateway/handler.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <charconv>

#include "config/values.h"
#include "gateway/openapi.h"

namespace kp::gateway {
namespace {

constexpr std::int64_t soon = 1;  ///< s, until a queue may have room

template <class Number>
bool whole(std::string_view text, Number& into) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failed == std::errc{} && end == text.data() + text.size() && into >= 0;
}

/// What makes it the same request: the body, and what of a record stands in headers.
std::uint64_t digest_of(const Request& request) {
  std::size_t digest = std::hash<std::string_view>{}(request.body);
  for (const auto& [name, value] : request.kafka_headers) {
    boost::hash_combine(digest, std::hash<std::string_view>{}(name));
    boost::hash_combine(digest, std::hash<std::string_view>{}(value));
  }
  return digest;
}

}  // namespace

std::optional<Answer> Handler::begin(const Request& request, const Way& way, const config::Credential& upstream,
                                     const std::string& identity) {
  if (way.route == Route::None) return refused(404, "no such path");
  if (takes_records(way.route)) return take_records(request, way, upstream, identity);
  if (way.route == Route::OpenApi) return Answer{.status = 200, .body = openapi(*runtime_)};
  if (way.route == Route::Healthy) return accepted();
  if (lane_.common.draining) return try_again(503, "draining", soon);
  const std::string trouble = runtime_->producers->trouble();
  return trouble.empty() ? accepted() : try_again(503, trouble, soon);
}

std::optional<Answer> Handler::take_records(const Request& request, const Way& way, const config::Credential& upstream,
                                            const std::string& identity) {
  label_ = way.route == Route::Topic ? "records" : "push_async";
  constexpr std::size_t longest_key = 255;
  if (request.idempotency_key.size() > longest_key)
    return refused(400, "Idempotency-Key is longer than 255 characters");
  RequestRecords records;
  if (const Refusal refusal = read(request, way, records)) return refused(refusal);
  wait_ = wish_.wait.value_or(records.wait_for_send);
  if (way.route == Route::Push && wait_) label_ = "push_sync";
  if (records.records.empty()) return wish_.results ? delivered({}, true) : accepted();
  if (auto answer = claim(request, identity)) return answer;
  const RateLimits::Verdict verdict = runtime_->limits->admit(records.records);
  if (!verdict.limited.empty()) {
    lane_.counters.limited += records.records.size();
    return settled(limited(verdict.limited, verdict.retry.count()));
  }
  return runtime_->wal != nullptr && !wait_ ? log(records, identity) : send(records, upstream);
}

Refusal Handler::read(const Request& request, const Way& way, RequestRecords& records) {
  if (Refusal refusal = read_wish(request.target, request.content_type, way, wish_)) return refusal;
  if (!wish_.lines && way.route == Route::Topic) return read_raw(request, records);
  if (!wish_.lines) return lane_.reader.read_push(request.body, wish_.topic, runtime_->most_records(), records);
  Refusal refusal = lane_.reader.read_lines(request.body, wish_.topic, runtime_->most_records(), records);
  if (!refusal && records.read < request.body.size()) refusal = too_many(runtime_->most_records());
  return refusal;
}

/// The body is the value; what else there is to a record stands in HTTP headers.
Refusal Handler::read_raw(const Request& request, RequestRecords& records) {
  Record record;
  record.topic = wish_.topic;
  record.value = request.body;
  constexpr std::string_view header = "Kafka-Header-";
  for (const auto& [name, value] : request.kafka_headers) {
    if (config::equal_ignoring_case(name, "Kafka-Key")) {
      record.key = value;
    } else if (config::equal_ignoring_case(name, "Kafka-Partition")) {
      if (!whole(value, record.partition)) return {400, "Kafka-Partition must be a whole number"};
    } else if (config::equal_ignoring_case(name, "Kafka-Timestamp")) {
      if (!whole(value, record.timestamp)) return {400, "Kafka-Timestamp must be milliseconds since 1970"};
    } else if (name.size() > header.size() && config::equal_ignoring_case(name.substr(0, header.size()), header)) {
      record.headers.emplace_back(name.substr(header.size()), value);
    } else {
      return {400, "unknown header " + std::string(name) +
                       "; there are Kafka-Key, Kafka-Partition, Kafka-Timestamp and Kafka-Header-*"};
    }
  }
  records.records.push_back(std::move(record));
  return {};
}

/// Nothing: it is a request that was not seen before, or has no key.
std::optional<Answer> Handler::claim(const Request& request, const std::string& identity) {
  if (request.idempotency_key.empty()) return std::nullopt;
  std::string key = identity + '\n' + std::string(request.target) + '\n' + std::string(request.idempotency_key);
  Answer answer;
  switch (runtime_->answered->claim(key, digest_of(request), answer)) {
    case Idempotency::Verdict::New:
      claimed_ = std::move(key);
      return std::nullopt;
    case Idempotency::Verdict::UnderWay:
      return try_again(409, "a request with this Idempotency-Key is under way", soon);
    case Idempotency::Verdict::Another:
      return refused(422, "this Idempotency-Key was used for another request: another body, or other Kafka-* headers");
    case Idempotency::Verdict::Answered:
      return answer;
  }
  return std::nullopt;
}

std::optional<Answer> Handler::send(const RequestRecords& records, const config::Credential& upstream) {
  auto producer = runtime_->producers->of(upstream);
  if (!producer) return settled(try_again(503, producer.error().message, soon));
  producer_ = std::move(*producer);
  if (wait_) delivery_ = std::make_shared<Delivery>(lane_.loop, records.records.size());
  const Status sent = producer_->send(records.records, delivery_);
  if (!sent) {
    const bool never = sent.error().code == Errc::Invalid;
    return settled(never ? refused(413, sent.error().message) : try_again(503, sent.error().message, soon));
  }
  lane_.counters.accepted += records.records.size();
  if (wait_) return std::nullopt;
  return settled(accepted());
}

std::optional<Answer> Handler::log(const RequestRecords& records, const std::string& identity) {
  logged_ = std::make_shared<Logged>(lane_.loop);
  const Status taken = runtime_->wal->append(records.records, identity, logged_);
  if (!taken) return settled(try_again(503, taken.error().message, soon));
  lane_.counters.accepted += records.records.size();
  return std::nullopt;
}

net::Task<Answer> Handler::wait() {
  const std::chrono::milliseconds limit = runtime_->http().request_timeout;
  if (logged_ != nullptr) {
    const bool done = co_await logged_->wait(limit);
    if (!done) {
      logged_->later([settle = settler()](const std::string& trouble) {
        settle(trouble.empty() ? accepted() : try_again(503, trouble, soon));
      });
      co_return try_again(503, "the log takes too long; the records may be in it", soon);
    }
    co_return settled(logged_->trouble().empty() ? accepted() : try_again(503, logged_->trouble(), soon));
  }
  const bool done = co_await delivery_->wait(limit);
  if (!done) {
    delivery_->later([settle = settler(), results = wish_.results](const std::vector<Outcome>& outcomes) {
      settle(delivered(outcomes, results));
    });
    co_return refused(504, "Kafka has not answered in time; the records may arrive yet");
  }
  co_return settled(delivered(delivery_->outcomes(), wish_.results));
}

/// What may outlive the request: until what became of its records is known, its key stays under way.
std::function<void(const Answer&)> Handler::settler() {
  if (claimed_.empty()) return [](const Answer&) {};
  return
      [key = std::exchange(claimed_, {}), all = runtime_->answered](const Answer& answer) { all->settle(key, answer); };
}

Answer Handler::settled(Answer answer) {
  settler()(answer);
  return answer;
}

}  // namespace kp::gateway
