#include <algorithm>
#include <map>
#include <set>

#include "kafka/errors.h"
#include "kafka/messages/19_create_topics.h"
#include "kafka/messages/37_create_partitions.h"
#include "virtual/apis/apis.h"

namespace kp::virt {
namespace {

/// V partitions asked for, P made.
class CreateTopics : public Exchange {
 public:
  using Exchange::Exchange;
  using Request = kafka::CreateTopicsRequest;
  using Response = kafka::CreateTopicsResponse;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    bool any_virtual = false;
    for (auto& topic : decoded->topics) {
      const TopicRule* const of = rule(topic.name, {});
      any_virtual = any_virtual || of != nullptr;
      if (of != nullptr) to_physical(*of, topic);
    }
    if (!any_virtual) return Step{};
    std::erase_if(decoded->topics, [&](const auto& topic) { return refused_.contains(topic.name); });
    if (decoded->topics.empty()) return conclude({});
    return ask_one(ask(*decoded), [this](std::vector<Bytes>& answers) -> Result<Step> {
      auto response = kafka::decode_response<Response>(answers.at(0), version());
      if (!response) return std::move(response).error();
      return conclude(std::move(*response));
    });
  }

 private:
  void refuse(const std::string& topic, std::int16_t code, std::string message) {
    auto& refused = refused_[topic];
    refused.name = topic;
    refused.error_code = code;
    refused.error_message = std::move(message);
  }

  void to_physical(const TopicRule& rule, Request::Topic& topic) {
    const std::string counts =
        std::to_string(rule.virtual_partitions) + " on " + std::to_string(rule.physical_partitions);
    const bool assigned = !topic.assignments.empty();
    const auto asked = assigned ? static_cast<std::int64_t>(topic.assignments.size()) : topic.num_partitions;
    if (asked != rule.virtual_partitions && asked != -1) {
      return refuse(
          topic.name, kafka::error::invalid_partitions,
          "the topic is virtual (" + counts + "): ask for " + std::to_string(rule.virtual_partitions) + " partitions");
    }
    if (compacted(topic) && !rule.keyed) {
      return refuse(topic.name, kafka::error::policy_violation,
                    "a virtual topic can be compacted only where its partition_mapping entry says compacted: keyed");
    }
    if (!assigned) {
      topic.num_partitions = rule.physical_partitions;
      return;
    }
    std::map<std::int32_t, std::vector<std::int32_t>> replicas;
    for (const auto& each : topic.assignments) {
      const auto [entry, added] =
          replicas.emplace(rule.physical_of(std::max(each.partition_index, 0)), each.broker_ids);
      if (added || entry->second == each.broker_ids) continue;
      return refuse(topic.name, kafka::error::invalid_replica_assignment,
                    "virtual partitions of one physical partition (" + counts + ") must have the same replicas");
    }
    std::erase_if(topic.assignments,
                  [&](const auto& each) { return each.partition_index >= rule.physical_partitions; });
  }

  static bool compacted(const Request::Topic& topic) {
    return std::ranges::any_of(topic.configs, [](const auto& config) {
      return config.name == "cleanup.policy" && config.value.value_or("").find("compact") != std::string::npos;
    });
  }

  Result<Step> conclude(Response response) {
    for (auto& topic : response.topics) {
      ids().learn(topic.topic_id, topic.name);
      const TopicRule* const of = rule(topic.name, {});
      if (of != nullptr && topic.num_partitions == of->physical_partitions)
        topic.num_partitions = of->virtual_partitions;
    }
    for (auto& [name, refused] : refused_) response.topics.push_back(std::move(refused));
    return answer(response);
  }

  std::map<std::string, Response::Topic> refused_;
};

/// How many virtual partitions there are is the configuration's to say, and P never changes.
class CreatePartitions : public Exchange {
 public:
  using Exchange::Exchange;
  using Request = kafka::CreatePartitionsRequest;
  using Response = kafka::CreatePartitionsResponse;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    for (const auto& topic : decoded->topics) {
      const TopicRule* const of = rule(topic.name, {});
      if (of == nullptr) continue;
      auto& refused = refused_.emplace_back();
      refused.name = topic.name;
      refused.error_code = kafka::error::invalid_partitions;
      refused.error_message = "the topic is virtual and has " + std::to_string(of->virtual_partitions) +
                              " partitions: raise virtual_partitions in the proxy's partition_mapping";
    }
    if (refused_.empty()) return Step{};
    std::erase_if(decoded->topics, [&](const auto& topic) { return rule(topic.name, {}) != nullptr; });
    if (decoded->topics.empty()) return conclude({});
    return ask_one(ask(*decoded), [this](std::vector<Bytes>& answers) -> Result<Step> {
      auto response = kafka::decode_response<Response>(answers.at(0), version());
      if (!response) return std::move(response).error();
      return conclude(std::move(*response));
    });
  }

 private:
  Result<Step> conclude(Response response) {
    for (auto& each : refused_) response.results.push_back(std::move(each));
    return answer(response);
  }

  std::vector<Response::Result> refused_;
};

}  // namespace

std::unique_ptr<Exchange> make_create_topics(const Context& context, Bytes frame, std::size_t body_at) {
  return make<CreateTopics>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_create_partitions(const Context& context, Bytes frame, std::size_t body_at) {
  return make<CreatePartitions>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
