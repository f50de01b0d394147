#include "kafka/messages/00_produce.h"
#include "virtual/apis/apis.h"
#include "virtual/batch.h"
#include "virtual/split.h"

namespace kp::virt {
namespace {

std::int16_t code_of(const Error& error) {
  switch (error.code) {
    case Errc::Conflict:
      return kafka::error::policy_violation;
    case Errc::Unsupported:
      return kafka::error::unsupported_for_message_format;
    case Errc::Invalid:
      return kafka::error::invalid_record;
    default:
      return kafka::error::corrupt_message;
  }
}

/// A broker takes a partition once per request and works on one request of a connection at a time, so what shares a
/// physical partition goes by several connections: always the same for one virtual partition, which keeps its order.
struct Produce {
  using Request = kafka::ProduceRequest;
  using Response = kafka::ProduceResponse;
  using Asked = Request::Topic::Partition;
  using Answered = Response::Topic::Partition;

  static constexpr bool lends = true;
  static auto& topics(Request& request) { return request.topic_data; }
  static auto& topics(Response& response) { return response.responses; }
  static bool answered(const Request& request) { return request.acks != 0; }

  static void refuse(Answered& answer, std::int16_t code) {
    answer.error_code = code;
    answer.base_offset = -1;
  }
  static std::int16_t part(const TopicRule& rule, std::int32_t v) {
    return static_cast<std::int16_t>(rule.group_of(v));
  }
  static int lane(std::int32_t part, int lanes) { return part % lanes; }
  static bool same(const Asked&, const Asked&) { return false; }

  static bool prepare(SplitPlaces<Produce>& split, const TopicRule& rule, std::int32_t v, Asked& asked,
                      Answered& answer) {
    if (split.transactional()) {
      answer.error_message = "a virtual topic can't be written to inside a transaction";
      refuse(answer, kafka::error::policy_violation);
      return false;
    }
    if (!asked.records) return true;
    const Status tagged = tag_all(split.own(asked.records->bytes), rule.group_of(v));
    if (tagged) return true;
    answer.error_message = tagged.error().message;
    refuse(answer, code_of(tagged.error()));
    return false;
  }

  static void merge(Response& into, Response& from) {
    if (!from.node_endpoints) return;
    if (!into.node_endpoints) into.node_endpoints.emplace();
    for (auto& each : *from.node_endpoints) {
      const auto same_node = [&](const auto& known) { return known.node_id == each.node_id; };
      if (std::ranges::none_of(*into.node_endpoints, same_node)) into.node_endpoints->push_back(std::move(each));
    }
  }
};

}  // namespace

std::unique_ptr<Exchange> make_produce(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Split<Produce>>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
