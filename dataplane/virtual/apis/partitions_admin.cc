#include <algorithm>
#include <map>

#include "kafka/messages/15_describe_groups.h"
#include "kafka/messages/21_delete_records.h"
#include "kafka/messages/34_alter_replica_log_dirs.h"
#include "kafka/messages/45_alter_partition_reassignments.h"
#include "kafka/messages/47_offset_delete.h"
#include "virtual/apis/apis.h"
#include "virtual/group_fence.h"
#include "virtual/shadow.h"
#include "virtual/split.h"

/// Changes to partitions. What concerns a physical partition concerns every virtual one in it.
namespace kp::virt {
namespace {

/// Deletes a physical partition's front, which all groups share: only who names all of them may, and gets what all gave
/// up.
class DeleteRecords : public Exchange {
 public:
  using Exchange::Exchange;
  using Request = kafka::DeleteRecordsRequest;
  using Response = kafka::DeleteRecordsResponse;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    request_ = std::move(*decoded);
    bool any_virtual = false;
    for (const auto& topic : request_.topics) any_virtual = any_virtual || rule(topic.name, {}) != nullptr;
    if (!any_virtual) return Step{};
    Request upstream = request_;
    for (auto& topic : upstream.topics) {
      if (const TopicRule* const of = rule(topic.name, {})) topic.partitions = given_up(*of, topic.partitions);
    }
    std::erase_if(upstream.topics, [](const auto& topic) { return topic.partitions.empty(); });
    if (upstream.topics.empty()) return merge({});
    return ask_one(ask(upstream), [this](std::vector<Bytes>& answers) -> Result<Step> {
      auto response = kafka::decode_response<Response>(answers.at(0), version());
      if (!response) return std::move(response).error();
      return merge(std::move(*response));
    });
  }

 private:
  using Partitions = std::vector<Request::Topic::Partition>;

  /// -1 is the end of the log, which lies behind every offset.
  static Partitions given_up(const TopicRule& rule, const Partitions& wanted) {
    std::map<std::int32_t, std::map<std::int32_t, std::int64_t>> by_physical;
    for (const auto& each : wanted) {
      if (rule.has(each.partition_index)) {
        by_physical[rule.physical_of(each.partition_index)][rule.group_of(each.partition_index)] = each.offset;
      }
    }
    Partitions out;
    for (const auto& [physical, groups] : by_physical) {
      if (groups.size() != static_cast<std::size_t>(rule.groups())) continue;
      auto& added = out.emplace_back();
      added.partition_index = physical;
      added.offset = -1;
      for (const auto& [group, offset] : groups) {
        if (offset >= 0) added.offset = added.offset < 0 ? offset : std::min(added.offset, offset);
      }
    }
    return out;
  }

  Result<Step> merge(Response response) {
    auto found = find_all(response.topics);
    Response out;
    out.throttle_time_ms = response.throttle_time_ms;
    for (const auto& topic : request_.topics) {
      auto& added = out.topics.emplace_back();
      added.name = topic.name;
      const TopicRule* const of = rule(topic.name, {});
      for (const auto& each : topic.partitions) {
        const std::int32_t index = each.partition_index;
        auto& partition = added.partitions.emplace_back();
        partition.low_watermark = -1;
        partition.error_code = of != nullptr && !of->has(index) ? kafka::error::unknown_topic_or_partition
                                                                : kafka::error::policy_violation;
        const auto entry = found.find({key_of(topic), of != nullptr ? of->physical_of(std::max(index, 0)) : index});
        if (entry != found.end() && (of == nullptr || of->has(index))) partition = *entry->second;
        partition.partition_index = index;
      }
    }
    return answer(out);
  }

  Request request_;
};

struct AlterPartitionReassignments {
  using Request = kafka::AlterPartitionReassignmentsRequest;
  using Response = kafka::AlterPartitionReassignmentsResponse;
  using Asked = Request::Topic::Partition;
  static constexpr std::int16_t conflict = kafka::error::invalid_replica_assignment;

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.responses; }
  static void refuse(Response::Topic::Partition& answer, std::int16_t code) {
    answer.error_code = code;
    if (code == conflict) answer.error_message = "virtual partitions of one physical partition have the same replicas";
  }
  static bool same(const Asked& a, const Asked& b) { return a.replicas == b.replicas; }
};

/// Offsets of group 0 are the real group's, others its shadows', which nobody subscribes to: a live group keeps them.
struct OffsetDelete {
  using Request = kafka::OffsetDeleteRequest;
  using Response = kafka::OffsetDeleteResponse;

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.topics; }
  static void refuse(Response::Topic::Partition& answer, std::int16_t code) { answer.error_code = code; }
  static std::int32_t part(const TopicRule& rule, std::int32_t v) { return rule.group_of(v); }
};

class DeleteOffsets : public Split<OffsetDelete> {
 public:
  using Split::Split;

 private:
  Result<Step> split() override {
    place_all();
    if (!any_virtual_) return Step{};
    kafka::DescribeGroupsRequest question;
    question.groups.push_back(request_.group_id);
    return ask_one(ask(question, fence::describe_version), [this](std::vector<Bytes>& answers) -> Result<Step> {
      auto live = fence::after_describe(answers.at(0));
      if (!live) return std::move(live).error();
      live_ = *live != kafka::error::none;
      return delete_all();
    });
  }

  Result<Step> delete_all() {
    std::vector<Ask> asks;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      OffsetDelete::Request part = request_;
      part.topics = std::move(parts_[i].topics);
      if (parts_[i].number != 0) {
        const auto shadow = shadow_group(request_.group_id, parts_[i].number);
        if (live_ || !shadow) continue;
        part.group_id = *shadow;
      }
      asked_.push_back(i);
      asks.push_back(ask(part));
    }
    if (asks.empty()) return conclude({});
    return ask_all(std::move(asks), [this](std::vector<Bytes>& answers) { return conclude(answers); });
  }

  /// A shadow that isn't there has nothing to delete.
  Result<Step> conclude(const std::vector<Bytes>& answers) {
    std::vector<OffsetDelete::Response> responses(parts_.size());
    std::vector<bool> absent(parts_.size(), false);
    for (std::size_t i = 0; i < answers.size() && i < asked_.size(); ++i) {
      auto decoded = kafka::decode_response<OffsetDelete::Response>(answers[i], version());
      if (!decoded) return std::move(decoded).error();
      const bool shadow = parts_[asked_[i]].number != 0;
      absent[asked_[i]] = shadow && decoded->error_code == kafka::error::group_id_not_found;
      if (absent[asked_[i]]) decoded->error_code = kafka::error::none;
      responses[asked_[i]] = std::move(*decoded);
    }
    for (auto& [key, places] : places_) {
      for (auto& place : places) {
        if (place.refused || parts_[place.part].number == 0) continue;
        if (live_)
          refuse(place, kafka::error::group_subscribed_to_topic);
        else if (absent[place.part])
          refuse(place, kafka::error::none);
      }
    }
    return merge(std::move(responses));
  }

  bool live_ = false;
  std::vector<std::size_t> asked_;  ///< parts, in the order of the questions
};

/// Its request is by directory, its response by topic.
class AlterReplicaLogDirs : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<kafka::AlterReplicaLogDirsRequest>();
    if (!decoded) return std::move(decoded).error();
    request_ = *decoded;
    bool any_virtual = false;
    for (auto& dir : decoded->dirs) {
      for (auto& topic : dir.topics) {
        const TopicRule* const of = rule(topic.name, {});
        if (of == nullptr) continue;
        any_virtual = true;
        std::erase_if(topic.partitions, [&](std::int32_t v) { return !of->has(v); });
        for (std::int32_t& each : topic.partitions) each = of->physical_of(each);
        std::ranges::sort(topic.partitions);
        topic.partitions.erase(std::unique(topic.partitions.begin(), topic.partitions.end()), topic.partitions.end());
      }
    }
    if (!any_virtual) return Step{};
    return ask_one(ask(*decoded), [this](std::vector<Bytes>& answers) { return take(answers); });
  }

 private:
  Result<Step> take(const std::vector<Bytes>& answers) {
    auto response = kafka::decode_response<kafka::AlterReplicaLogDirsResponse>(answers.at(0), version());
    if (!response) return std::move(response).error();
    const auto found = find_all(response->results);
    kafka::AlterReplicaLogDirsResponse out;
    out.throttle_time_ms = response->throttle_time_ms;
    for (const auto& dir : request_.dirs) {
      for (const auto& topic : dir.topics) {
        auto& added = out.results.emplace_back();
        added.topic_name = topic.name;
        const TopicRule* const of = rule(topic.name, {});
        for (const std::int32_t index : topic.partitions) {
          auto& partition = added.partitions.emplace_back();
          partition.partition_index = index;
          partition.error_code = kafka::error::unknown_topic_or_partition;
          if (of != nullptr && !of->has(index)) continue;
          const auto entry = found.find({key_of(topic), of == nullptr ? index : of->physical_of(index)});
          if (entry != found.end()) partition.error_code = entry->second->error_code;
        }
      }
    }
    return answer(out);
  }

  kafka::AlterReplicaLogDirsRequest request_;
};

}  // namespace

std::unique_ptr<Exchange> make_delete_records(const Context& context, Bytes frame, std::size_t body_at) {
  return make<DeleteRecords>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_alter_partition_reassignments(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Split<AlterPartitionReassignments>>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_offset_delete(const Context& context, Bytes frame, std::size_t body_at) {
  return make<DeleteOffsets>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_alter_replica_log_dirs(const Context& context, Bytes frame, std::size_t body_at) {
  return make<AlterReplicaLogDirs>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
