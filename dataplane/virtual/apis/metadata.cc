#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "kafka/errors.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/75_describe_topic_partitions.h"
#include "virtual/apis/apis.h"
#include "virtual/apis/with_policies.h"

namespace kp::virt {
namespace {

/// P partitions become V. False: the topic hasn't P of them.
template <class Partition>
bool expand(const TopicRule& rule, std::vector<Partition>& partitions) {
  std::map<std::int32_t, const Partition*> physical;
  for (const Partition& each : partitions) physical.emplace(each.partition_index, &each);
  const bool whole = physical.size() == static_cast<std::size_t>(rule.physical_partitions) &&
                     physical.begin()->first == 0 && physical.rbegin()->first == rule.physical_partitions - 1;
  if (!whole) return false;
  std::vector<Partition> all;
  all.reserve(static_cast<std::size_t>(rule.virtual_partitions));
  for (std::int32_t v = 0; v < rule.virtual_partitions; ++v) {
    all.push_back(*physical.at(rule.physical_of(v)));
    all.back().partition_index = v;
  }
  partitions = std::move(all);
  return true;
}

/// A topic that hasn't P partitions, or is compacted though its rule doesn't say so, answers INVALID_TOPIC: clients
/// name it at once, where they would wait for others. Who asks for all topics doesn't see it, as brokers do with those
/// that a client has no right to: kafkajs and consumers by pattern would fail for a topic that they never wanted.
template <class Response>
class ShowsTopics : public WithPolicies {
 public:
  using WithPolicies::WithPolicies;

 protected:
  using Topic = typename Response::Topic;

  /// Decodes what a broker says; goes on by `then` when the policies of the topics in it are known.
  Result<Step> take(Bytes answer, std::function<Result<Step>()> then) {
    as_it_is_ = std::move(answer);
    auto decoded = kafka::decode_response<Response>(as_it_is_, version());
    if (!decoded) return std::move(decoded).error();
    response_ = std::move(*decoded);
    std::vector<std::string> names;
    for (const Topic& topic : response_.topics) {
      const std::string name = topic.name.value_or("");
      learn(topic.topic_id, name);
      if (rule_of(topic) != nullptr) names.push_back(name);
      if (topic.error_code == kafka::error::unknown_topic_or_partition) tell_fit(name);
    }
    return with_policies(names, std::move(then));
  }

  /// Null: the topic isn't virtual, or there is nothing to be shown of it.
  const TopicRule* rule_of(const Topic& topic) {
    return topic.error_code == kafka::error::none ? rule(topic.name.value_or(""), {}) : nullptr;
  }

  /// V partitions of a virtual topic, or an error.
  void show(const TopicRule& rule, Topic& topic, bool whole = true) {
    const std::string name = topic.name.value_or("");
    UnfitTopic unfit{name, topic.partitions.size(), rule.physical_partitions, wrongly_compacted(name, rule)};
    if (!unfit.compacted && whole && expand(rule, topic.partitions)) return tell_fit(name);
    if (unfit.compacted || whole) tell_unfit(std::move(unfit));
    topic.error_code = kafka::error::invalid_topic;
    topic.partitions.clear();
    unfit_.insert(name);
  }

  void leave_out_unfit() {
    std::erase_if(response_.topics, [this](const Topic& topic) { return unfit_.contains(topic.name.value_or("")); });
  }

  Bytes as_it_is_;               ///< the broker's frame
  Response response_;            ///< borrows from it
  std::set<std::string> unfit_;  ///< of the topics in it, by name
  bool lists_all_ = false;       ///< the client named no topic
};

class Metadata : public ShowsTopics<kafka::MetadataResponse> {
 public:
  using ShowsTopics::ShowsTopics;

  Result<Step> begin() override {
    Ask question = ask_as_it_is();
    auto decoded = request<kafka::MetadataRequest>();
    if (!decoded) return std::move(decoded).error();
    lists_all_ = !decoded->topics || (version() == 0 && decoded->topics->empty());
    if (version() >= first_that_may_forbid && decoded->allow_auto_topic_creation && names_virtual(*decoded)) {
      decoded->allow_auto_topic_creation = false;
      question = ask(*decoded);
    }
    return ask_one(std::move(question), [this](std::vector<Bytes>& answers) {
      return take(std::move(answers.at(0)), [this] { return conclude(); });
    });
  }

 private:
  static constexpr kafka::Version first_that_may_forbid = 4;

  /// A broker would make the topic with as many partitions as its own default says.
  bool names_virtual(const kafka::MetadataRequest& asked) {
    return asked.topics && std::ranges::any_of(*asked.topics, [this](const auto& topic) {
             return rule(topic.name.value_or(""), {}) != nullptr;
           });
  }

  Result<Step> conclude() {
    bool changed = false;
    for (auto& topic : response_.topics) {
      const TopicRule* const of = rule_of(topic);
      if (of == nullptr) continue;
      changed = true;
      show(*of, topic);
    }
    if (lists_all_) leave_out_unfit();
    if (!changed) return Step{Step::Kind::Answer, {}, std::move(as_it_is_)};
    return answer(response_);
  }
};

/// Pages of partitions, by a cursor. Of a virtual topic the broker is asked from its first partition on; what the
/// client has seen is left out again.
class DescribeTopicPartitions : public ShowsTopics<kafka::DescribeTopicPartitionsResponse> {
 public:
  using ShowsTopics::ShowsTopics;

  Result<Step> begin() override {
    auto decoded = request<kafka::DescribeTopicPartitionsRequest>();
    if (!decoded) return std::move(decoded).error();
    limit_ = decoded->response_partition_limit;
    lists_all_ = decoded->topics.empty();
    if (decoded->cursor && rule(decoded->cursor->topic_name, {}) != nullptr) {
      topic_ = decoded->cursor->topic_name;
      from_ = decoded->cursor->partition_index;
      decoded->cursor->partition_index = 0;
    }
    // A virtual topic must come whole; a client's limit of 1 would never show the second partition.
    constexpr std::int32_t brokers_limit = 2000;
    decoded->response_partition_limit = std::max(limit_, brokers_limit);
    return ask_one(ask(*decoded), [this](std::vector<Bytes>& answers) {
      return take(std::move(answers.at(0)), [this] { return conclude(); });
    });
  }

 private:
  using Response = kafka::DescribeTopicPartitionsResponse;

  Result<Step> conclude() {
    leave_for_the_next_page(response_);
    for (auto& topic : response_.topics) expand_one(topic);
    if (lists_all_) leave_out_unfit();
    cut(response_);
    return answer(response_);
  }

  /// A virtual topic behind others that the broker's own limit has cut.
  void leave_for_the_next_page(Response& response) {
    if (!response.next_cursor || response.topics.size() < 2) return;
    const std::string name = response.topics.back().name.value_or("");
    if (response.next_cursor->topic_name != name || rule(name, {}) == nullptr) return;
    response.topics.pop_back();
    response.next_cursor->partition_index = 0;
  }

  void expand_one(Topic& topic) {
    const TopicRule* const of = rule_of(topic);
    if (of == nullptr) return;
    const std::string name = topic.name.value_or("");
    const bool cut_by_broker = response_.next_cursor && response_.next_cursor->topic_name == name;
    show(*of, topic, !cut_by_broker);
    if (name == topic_) std::erase_if(topic.partitions, [&](const auto& each) { return each.partition_index < from_; });
  }

  /// To the client's limit again.
  void cut(Response& response) const {
    std::int64_t left = std::max(limit_, 1);
    for (std::size_t i = 0; i < response.topics.size(); ++i) {
      auto& topic = response.topics[i];
      const auto size = static_cast<std::int64_t>(topic.partitions.size());
      if (size <= left) {
        left -= size;
        continue;
      }
      auto& cursor = response.next_cursor.emplace(kafka::DescribeTopicPartitionsResponse::Cursor{});
      cursor.topic_name = topic.name.value_or("");
      cursor.partition_index = topic.partitions[static_cast<std::size_t>(left)].partition_index;
      topic.partitions.resize(static_cast<std::size_t>(left));
      response.topics.resize(left == 0 ? i : i + 1);
      return;
    }
  }

  std::string topic_;
  std::int32_t from_ = 0;
  std::int32_t limit_ = 0;
};

}  // namespace

std::unique_ptr<Exchange> make_metadata(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Metadata>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_describe_topic_partitions(const Context& context, Bytes frame, std::size_t body_at) {
  return make<DescribeTopicPartitions>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
