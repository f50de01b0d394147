#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "kafka/messages/35_describe_log_dirs.h"
#include "kafka/messages/43_elect_leaders.h"
#include "kafka/messages/46_list_partition_reassignments.h"
#include "virtual/apis/apis.h"
#include "virtual/fields.h"

/// APIs that can ask for everything: what is said of a physical partition is said of each virtual one in it that was
/// asked for, of all when all were.
namespace kp::virt {
namespace {

/// The client's topics, or null for all.
template <class Topics>
class Wanted {
 public:
  explicit Wanted(const std::optional<Topics>& topics) : all_(!topics) {
    if (!topics) return;
    for (const auto& topic : *topics) {
      for (const std::int32_t index : partitions_of(topic)) wanted_.emplace(name_of(topic), index);
    }
  }
  bool has(const std::string& topic, std::int32_t index) const { return all_ || wanted_.contains({topic, index}); }

 private:
  bool all_;
  std::set<std::pair<std::string, std::int32_t>> wanted_;
};

/// Each virtual partition once as its physical one; those that aren't there as they are, beyond what the broker has.
void to_physical(const TopicRule& rule, std::vector<std::int32_t>& partitions) {
  std::set<std::int32_t> physical;
  for (const std::int32_t v : partitions) physical.insert(rule.has(v) ? rule.physical_of(v) : v);
  partitions.assign(physical.begin(), physical.end());
}

template <class Partition, class WantedTopics>
void to_virtual(const TopicRule& rule, const std::string& topic, const WantedTopics& wanted,
                std::vector<Partition>& partitions) {
  std::vector<Partition> all;
  for (const Partition& each : partitions) {
    const std::int32_t physical = index_of(each);
    if (physical < 0 || physical >= rule.physical_partitions) {
      all.push_back(each);
      continue;
    }
    for (std::int32_t group = 0; group < rule.groups(); ++group) {
      const std::int32_t v = rule.virtual_of(group, physical);
      if (!wanted.has(topic, v)) continue;
      all.push_back(each);
      index_of(all.back()) = v;
    }
  }
  partitions = std::move(all);
}

template <class Request, class Response, auto topics_of_request, auto topics_of_response>
class Listing : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    request_ = *decoded;
    auto& topics = (*decoded).*topics_of_request;
    if (topics) {
      bool any_virtual = false;
      for (auto& topic : *topics) {
        const TopicRule* const of = rule(name_of(topic), {});
        if (of == nullptr) continue;
        any_virtual = true;
        to_physical(*of, partitions_of(topic));
      }
      if (!any_virtual) return Step{};
    }
    return ask_one(ask(*decoded), [this](std::vector<Bytes>& answers) { return take(answers); });
  }

 private:
  Result<Step> take(const std::vector<Bytes>& answers) {
    auto response = kafka::decode_response<Response>(answers.at(0), version());
    if (!response) return std::move(response).error();
    const Wanted wanted(request_.*topics_of_request);
    for (auto& topic : (*response).*topics_of_response) {
      if (const TopicRule* const of = rule(name_of(topic), {})) {
        to_virtual(*of, name_of(topic), wanted, partitions_of(topic));
      }
    }
    return answer(*response);
  }

  Request request_;
};

using ElectLeaders =
    Listing<kafka::ElectLeadersRequest, kafka::ElectLeadersResponse, &kafka::ElectLeadersRequest::topic_partitions,
            &kafka::ElectLeadersResponse::replica_election_results>;
using ListPartitionReassignments =
    Listing<kafka::ListPartitionReassignmentsRequest, kafka::ListPartitionReassignmentsResponse,
            &kafka::ListPartitionReassignmentsRequest::topics, &kafka::ListPartitionReassignmentsResponse::topics>;

/// Sizes are shared out evenly among the groups, so that they add up to what the disk holds; whose the bytes are isn't
/// known.
class DescribeLogDirs : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<kafka::DescribeLogDirsRequest>();
    if (!decoded) return std::move(decoded).error();
    request_ = *decoded;
    if (decoded->topics) {
      for (auto& topic : *decoded->topics) {
        if (const TopicRule* const of = rule(topic.topic, {})) to_physical(*of, topic.partitions);
      }
    }
    return ask_one(ask(*decoded), [this](std::vector<Bytes>& answers) { return take(answers); });
  }

 private:
  Result<Step> take(const std::vector<Bytes>& answers) {
    auto response = kafka::decode_response<kafka::DescribeLogDirsResponse>(answers.at(0), version());
    if (!response) return std::move(response).error();
    const Wanted wanted(request_.topics);
    for (auto& dir : response->results) {
      for (auto& topic : dir.topics) {
        const TopicRule* const of = rule(topic.name, {});
        if (of == nullptr) continue;
        to_virtual(*of, topic.name, wanted, topic.partitions);
        for (auto& each : topic.partitions) {
          const std::int64_t rest = of->group_of(each.partition_index) == 0 ? each.partition_size % of->groups() : 0;
          each.partition_size = each.partition_size / of->groups() + rest;
        }
      }
    }
    return answer(*response);
  }

  kafka::DescribeLogDirsRequest request_;
};

}  // namespace

std::unique_ptr<Exchange> make_elect_leaders(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ElectLeaders>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_list_partition_reassignments(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ListPartitionReassignments>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_describe_log_dirs(const Context& context, Bytes frame, std::size_t body_at) {
  return make<DescribeLogDirs>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
