#include "kafka/messages/02_list_offsets.h"
#include "kafka/messages/23_offset_for_leader_epoch.h"
#include "kafka/messages/61_describe_producers.h"
#include "virtual/apis/apis.h"
#include "virtual/batch.h"
#include "virtual/split.h"

/// Questions about a partition that change nothing: each virtual one gets the answer of its physical one.
namespace kp::virt {
namespace {

/// By timestamp, and the newest timestamp, may name another group's record: nothing of one's own comes before it that
/// is as new, so that it's a safe place to begin at.
struct ListOffsets {
  using Request = kafka::ListOffsetsRequest;
  using Response = kafka::ListOffsetsResponse;
  using Asked = Request::Topic::Partition;

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.topics; }
  static void refuse(Response::Topic::Partition& answer, std::int16_t code) { answer.error_code = code; }
  static bool same(const Asked& a, const Asked& b) {
    return a.timestamp == b.timestamp && a.current_leader_epoch == b.current_leader_epoch;
  }
};

struct OffsetForLeaderEpoch {
  using Request = kafka::OffsetForLeaderEpochRequest;
  using Response = kafka::OffsetForLeaderEpochResponse;
  using Asked = Request::Topic::Partition;

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.topics; }
  static void refuse(Response::Topic::Partition& answer, std::int16_t code) { answer.error_code = code; }
  static bool same(const Asked& a, const Asked& b) {
    return a.leader_epoch == b.leader_epoch && a.current_leader_epoch == b.current_leader_epoch;
  }
};

/// A virtual partition's producers are those that carry its tag.
struct DescribeProducers {
  using Request = kafka::DescribeProducersRequest;
  using Response = kafka::DescribeProducersResponse;
  using Answered = Response::Topic::Partition;

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.topics; }
  static void refuse(Answered& answer, std::int16_t code) { answer.error_code = code; }
  static void adapt(const TopicRule& rule, std::int32_t v, Answered& answer) {
    std::erase_if(answer.active_producers,
                  [&](const auto& each) { return group_of_producer_id(each.producer_id) != rule.group_of(v); });
    for (auto& each : answer.active_producers) each.producer_id = untagged_producer_id(each.producer_id);
  }
};

}  // namespace

std::unique_ptr<Exchange> make_list_offsets(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Split<ListOffsets>>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_offset_for_leader_epoch(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Split<OffsetForLeaderEpoch>>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_describe_producers(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Split<DescribeProducers>>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
