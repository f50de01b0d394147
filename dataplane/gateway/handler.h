#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/answer.h"
#include "gateway/lane.h"
#include "gateway/way.h"

namespace kp::gateway {

/// A request as it came, its body unpacked. All text is the connection's.
struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view content_type;
  std::string_view idempotency_key;
  std::string_view origin;
  std::vector<std::pair<std::string_view, std::string_view>> kafka_headers;  ///< "Kafka-…", and what they say
  std::string_view body;  ///< RecordReader::padding bytes behind it may be read
};

/// One request from its parsing to its answer. On the lane's thread; `lane` outlives it.
class Handler {
 public:
  Handler(Lane& lane, std::shared_ptr<const Runtime> runtime) : lane_(lane), runtime_(std::move(runtime)) {}

  /// At once where that goes; nothing: wait() has it. The request's text isn't needed after this.
  std::optional<Answer> begin(const Request& request, const Way& way, const config::Credential& upstream,
                              const std::string& identity);
  net::Task<Answer> wait();
  /// For metrics: "push_async", "push_sync", "records", "other".
  std::string_view label() const { return label_; }

 private:
  std::optional<Answer> take_records(const Request& request, const Way& way, const config::Credential& upstream,
                                     const std::string& identity);
  Refusal read(const Request& request, const Way& way, RequestRecords& records);
  Refusal read_raw(const Request& request, RequestRecords& records);
  std::optional<Answer> claim(const Request& request, const std::string& identity);
  std::optional<Answer> send(const RequestRecords& records, const config::Credential& upstream);
  std::optional<Answer> log(const RequestRecords& records, const std::string& identity);
  std::function<void(const Answer&)> settler();
  Answer settled(Answer answer);

  Lane& lane_;
  const std::shared_ptr<const Runtime> runtime_;
  std::string_view label_ = "other";
  Wish wish_;
  bool wait_ = false;
  std::string claimed_;                 ///< idempotency key; empty: none
  std::shared_ptr<Producer> producer_;  ///< kept until its records are there
  std::shared_ptr<Delivery> delivery_;
  std::shared_ptr<Logged> logged_;
};

}  // namespace kp::gateway
