#include "virtual/apis/with_policies.h"

#include <algorithm>

#include "kafka/errors.h"
#include "kafka/messages/32_describe_configs.h"

namespace kp::virt {
namespace {

constexpr kafka::Version describe_version = 1;  ///< every broker has it
constexpr std::int8_t topic_resource = 2;
constexpr std::string_view cleanup_policy = "cleanup.policy";

void note(const kafka::DescribeConfigsResponse& answer, Policies& policies, Policies::Time now) {
  for (const auto& topic : answer.results) {
    if (topic.error_code == kafka::error::topic_authorization_failed) {
      policies.hidden(topic.resource_name, now);
    } else if (topic.error_code == kafka::error::none) {
      const bool compacted = std::ranges::any_of(topic.configs, [](const auto& config) {
        return config.name == cleanup_policy && config.value.value_or("").find("compact") != std::string::npos;
      });
      policies.learn(topic.resource_name, compacted, now);
    }
  }
}

}  // namespace

Result<Step> WithPolicies::with_policies(const std::vector<std::string>& topics, std::function<Result<Step>()> then) {
  kafka::DescribeConfigsRequest question;
  for (const std::string& topic : topics) {
    const TopicRule* const of = rule(topic, {});
    if (of == nullptr || of->keyed || policies() == nullptr || !policies()->stale(topic, now())) continue;
    auto& asked = question.resources.emplace_back();
    asked.resource_type = topic_resource;
    asked.resource_name = topic;
    asked.configuration_keys.emplace({std::string(cleanup_policy)});
  }
  if (question.resources.empty()) return then();
  return ask_one(
      ask(question, describe_version), [this, then = std::move(then)](std::vector<Bytes>& answers) -> Result<Step> {
        auto answer = kafka::decode_response<kafka::DescribeConfigsResponse>(answers.at(0), describe_version);
        if (!answer) return std::move(answer).error();
        note(*answer, *policies(), now());
        return then();
      });
}

bool WithPolicies::wrongly_compacted(const std::string& topic, const TopicRule& rule) const {
  return !rule.keyed && policies() != nullptr && policies()->compacted(topic);
}

}  // namespace kp::virt
