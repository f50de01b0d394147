#include <algorithm>
#include <set>

#include "kafka/errors.h"
#include "kafka/messages/24_add_partitions_to_txn.h"
#include "kafka/messages/68_consumer_group_heartbeat.h"
#include "kafka/messages/76_share_group_heartbeat.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/messages/79_share_acknowledge.h"
#include "kafka/messages/88_streams_group_heartbeat.h"
#include "kafka/messages/90_describe_share_group_offsets.h"
#include "kafka/messages/91_alter_share_group_offsets.h"
#include "kafka/messages/92_delete_share_group_offsets.h"
#include "virtual/apis/apis.h"
#include "virtual/fields.h"

/// What a virtual topic can't have: transactions that write to it, and assignments that brokers make, since they know
/// only the physical partitions.
namespace kp::virt {
namespace {

constexpr std::string_view why_not_assigned =
    "brokers assign only physical partitions: a virtual topic needs the classic group protocol "
    "(group.protocol=classic)";

/// The whole transaction's, as brokers do when one partition can't be added: the others weren't tried.
class AddPartitionsToTxn : public Exchange {
 public:
  using Exchange::Exchange;
  using Request = kafka::AddPartitionsToTxnRequest;
  using Response = kafka::AddPartitionsToTxnResponse;
  using Topics = std::vector<Request::AddPartitionsToTxnTopic>;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    const auto& single = decoded->v3_and_below_topics;
    const bool any = any_virtual(single) || std::ranges::any_of(decoded->transactions, [&](const auto& each) {
                       return any_virtual(each.topics);
                     });
    if (!any) return Step{};
    Response refused;
    refused.results_by_topic_v3_and_below = results(single);
    for (const auto& each : decoded->transactions) {
      auto& added = refused.results_by_transaction.emplace_back();
      added.transactional_id = each.transactional_id;
      added.topic_results = results(each.topics);
    }
    return answer(refused);
  }

 private:
  bool any_virtual(const Topics& topics) {
    return std::ranges::any_of(topics, [&](const auto& topic) { return rule(topic.name, {}) != nullptr; });
  }

  std::vector<Response::AddPartitionsToTxnTopicResult> results(const Topics& topics) {
    std::vector<Response::AddPartitionsToTxnTopicResult> out;
    for (const auto& topic : topics) {
      auto& added = out.emplace_back();
      added.name = topic.name;
      for (const std::int32_t index : topic.partitions) {
        auto& partition = added.results_by_partition.emplace_back();
        partition.partition_index = index;
        partition.partition_error_code =
            rule(topic.name, {}) != nullptr ? kafka::error::invalid_txn_state : kafka::error::operation_not_attempted;
      }
    }
    return out;
  }
};

template <class Response>
Response not_assigned() {
  Response refused;
  refused.error_code = kafka::error::unsupported_version;
  refused.error_message = std::string(why_not_assigned);
  return refused;
}

/// A regex may fit a virtual topic that isn't known yet; then its assignment names it.
class ConsumerGroupHeartbeat : public Exchange {
 public:
  using Exchange::Exchange;
  using Request = kafka::ConsumerGroupHeartbeatRequest;
  using Response = kafka::ConsumerGroupHeartbeatResponse;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    if (decoded->subscribed_topic_names) {
      for (const std::string& topic : *decoded->subscribed_topic_names) {
        if (rule(topic, {}) != nullptr) return answer(not_assigned<Response>());
      }
    }
    const std::string regex = decoded->subscribed_topic_regex.value_or("");
    if (!regex.empty() && mapping().fits_virtual(regex, ids().names())) return answer(not_assigned<Response>());
    return ask_one(ask_as_it_is(), [this](std::vector<Bytes>& answers) { return take(answers); });
  }

 private:
  Result<Step> take(std::vector<Bytes>& answers) {
    answer_ = std::move(answers.at(0));
    auto response = kafka::decode_response<Response>(answer_, version());
    if (!response) return std::move(response).error();
    std::vector<kafka::Uuid> assigned;
    if (response->assignment) {
      for (const auto& topic : response->assignment->topic_partitions) assigned.push_back(topic.topic_id);
    }
    return with_names(assigned, [this, assigned]() -> Result<Step> {
      for (const kafka::Uuid& id : assigned) {
        if (rule("", id) != nullptr) return answer(not_assigned<Response>());
      }
      return Step{Step::Kind::Answer, {}, std::move(answer_)};
    });
  }

  Bytes answer_;
};

class ShareGroupHeartbeat : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<kafka::ShareGroupHeartbeatRequest>();
    if (!decoded) return std::move(decoded).error();
    if (!decoded->subscribed_topic_names) return Step{};
    for (const std::string& topic : *decoded->subscribed_topic_names) {
      if (rule(topic, {}) != nullptr) return answer(not_assigned<kafka::ShareGroupHeartbeatResponse>());
    }
    return Step{};
  }
};

class StreamsGroupHeartbeat : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<kafka::StreamsGroupHeartbeatRequest>();
    if (!decoded) return std::move(decoded).error();
    if (!decoded->topology) return Step{};
    for (const auto& each : decoded->topology->subtopologies) {
      if (any_virtual(each)) return answer(not_assigned<kafka::StreamsGroupHeartbeatResponse>());
    }
    return Step{};
  }

 private:
  bool any_virtual(const kafka::StreamsGroupHeartbeatRequest::Topology::Subtopology& of) {
    const auto is_virtual = [&](const std::string& topic) { return rule(topic, {}) != nullptr; };
    const auto holds_virtual = [&](const auto& topic) { return is_virtual(topic.name); };
    const auto fits_virtual = [&](const std::string& regex) { return mapping().fits_virtual(regex, ids().names()); };
    return std::ranges::any_of(of.source_topics, is_virtual) ||
           std::ranges::any_of(of.source_topic_regex, fits_virtual) ||
           std::ranges::any_of(of.repartition_sink_topics, is_virtual) ||
           std::ranges::any_of(of.repartition_source_topics, holds_virtual) ||
           std::ranges::any_of(of.state_changelog_topics, holds_virtual);
  }
};

/// ShareFetch and ShareAcknowledge: topics by id.
template <class Request, class Response>
class ShareRecords : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    for (const auto& topic : decoded->topics) wanted_.push_back(topic.topic_id);
    return with_names(wanted_, [this]() -> Result<Step> {
      for (const kafka::Uuid& id : wanted_) {
        if (rule("", id) != nullptr) return answer(not_assigned<Response>());
      }
      return Step{};
    });
  }

 private:
  std::vector<kafka::Uuid> wanted_;
};

/// AlterShareGroupOffsets and DeleteShareGroupOffsets.
template <class Request, class Response>
class ShareOffsets : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    for (const auto& topic : decoded->topics) {
      if (rule(topic.topic_name, {}) != nullptr) return answer(not_assigned<Response>());
    }
    return Step{};
  }
};

class DescribeShareGroupOffsets : public Exchange {
 public:
  using Exchange::Exchange;
  using Response = kafka::DescribeShareGroupOffsetsResponse;

  Result<Step> begin() override {
    auto decoded = request<kafka::DescribeShareGroupOffsetsRequest>();
    if (!decoded) return std::move(decoded).error();
    Response refused;
    bool any_virtual = false;
    for (const auto& group : decoded->groups) {
      auto& added = refused.groups.emplace_back();
      added.group_id = group.group_id;
      added.error_code = kafka::error::unsupported_version;
      added.error_message = std::string(why_not_assigned);
      if (!group.topics) continue;
      for (const auto& topic : *group.topics) any_virtual = any_virtual || rule(topic.topic_name, {}) != nullptr;
    }
    return any_virtual ? answer(refused) : Step{};
  }
};

}  // namespace

std::unique_ptr<Exchange> make_add_partitions_to_txn(const Context& context, Bytes frame, std::size_t body_at) {
  return make<AddPartitionsToTxn>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_consumer_group_heartbeat(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ConsumerGroupHeartbeat>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_share_group_heartbeat(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ShareGroupHeartbeat>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_streams_group_heartbeat(const Context& context, Bytes frame, std::size_t body_at) {
  return make<StreamsGroupHeartbeat>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_share_fetch(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ShareRecords<kafka::ShareFetchRequest, kafka::ShareFetchResponse>>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_share_acknowledge(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ShareRecords<kafka::ShareAcknowledgeRequest, kafka::ShareAcknowledgeResponse>>(context, std::move(frame),
                                                                                             body_at);
}
std::unique_ptr<Exchange> make_describe_share_group_offsets(const Context& context, Bytes frame, std::size_t body_at) {
  return make<DescribeShareGroupOffsets>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_alter_share_group_offsets(const Context& context, Bytes frame, std::size_t body_at) {
  using Alter = ShareOffsets<kafka::AlterShareGroupOffsetsRequest, kafka::AlterShareGroupOffsetsResponse>;
  return make<Alter>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_delete_share_group_offsets(const Context& context, Bytes frame, std::size_t body_at) {
  using Delete = ShareOffsets<kafka::DeleteShareGroupOffsetsRequest, kafka::DeleteShareGroupOffsetsResponse>;
  return make<Delete>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
