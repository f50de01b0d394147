#include <map>
#include <optional>
#include <set>

#include "kafka/errors.h"
#include "kafka/messages/09_offset_fetch.h"
#include "kafka/messages/16_list_groups.h"
#include "virtual/apis/apis.h"
#include "virtual/fields.h"
#include "virtual/shadow.h"
#include "virtual/shadow_list.h"

namespace kp::virt {
namespace {

using Request = kafka::OffsetFetchRequest;
using Response = kafka::OffsetFetchResponse;
constexpr kafka::Version first_with_groups = 8;

/// What is asked of one group id, and what it answered: one form for all versions.
struct Question {
  std::size_t group = 0;    ///< the client's, by its place
  std::int32_t number = 0;  ///< virtual group; 0: the real group
  std::string id;
  std::optional<std::vector<Request::Group::Topic>> topics;  ///< null: all that there is
};
using Found = Response::Group;

/// One group as the client named it.
struct Wanted {
  Request::Group group;
  std::vector<std::pair<TopicKey, std::vector<std::int32_t>>> unknown;  ///< partitions that aren't
};

class OffsetFetch : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    request_ = std::move(*decoded);
    std::vector<kafka::Uuid> ids_wanted;
    if (version() >= first_with_groups) {
      for (auto& group : request_.groups) wanted_.push_back({std::move(group), {}});
    } else {
      wanted_.push_back({of_one_group(), {}});
    }
    for (const Wanted& each : wanted_) {
      if (!each.group.topics) continue;
      for (const auto& topic : *each.group.topics) ids_wanted.push_back(topic.topic_id);
    }
    return with_names(ids_wanted, [this] { return start(); });
  }

 private:
  Request::Group of_one_group() const {
    Request::Group group;
    group.group_id = request_.group_id;
    if (!request_.topics) return group;
    group.topics.emplace();
    for (const auto& topic : *request_.topics) {
      auto& added = group.topics->emplace_back();
      added.name = topic.name;
      added.partition_indexes = topic.partition_indexes;
    }
    return group;
  }

  Result<Step> start() {
    bool any_virtual = false;
    bool all = false;
    for (const Wanted& each : wanted_) {
      all = all || !each.group.topics;
      if (!each.group.topics) continue;
      for (const auto& topic : *each.group.topics)
        any_virtual = any_virtual || rule(topic.name, topic.topic_id) != nullptr;
    }
    if (!any_virtual && !all) return Step{};
    if (!all) return ask_groups({});
    // Everything that a group has committed: brokers say which shadows there are.
    return ask_one(ask(kafka::ListGroupsRequest{}, list_groups_version),
                   [this](std::vector<Bytes>& answers) -> Result<Step> {
                     auto shadows = shadows_in(answers.at(0));
                     if (!shadows) return std::move(shadows).error();
                     list_error_ = shadows->error_code;
                     return ask_groups(shadows->of);
                   });
  }

  Result<Step> ask_groups(const std::map<std::string, std::vector<std::string>>& shadows) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      Wanted& each = wanted_[i];
      if (each.group.topics) {
        divide(i);
        continue;
      }
      questions_.push_back({i, 0, each.group.group_id, std::nullopt});
      const auto known = shadows.find(each.group.group_id);
      if (known == shadows.end()) continue;
      for (const std::string& id : known->second) questions_.push_back({i, parse_shadow(id)->number, id, std::nullopt});
    }
    std::vector<Ask> asks;
    if (version() >= first_with_groups) {
      asks.push_back(ask(of_all_groups()));
    } else {
      for (const Question& each : questions_) asks.push_back(ask(of_one(each)));
    }
    return ask_all(std::move(asks), [this](std::vector<Bytes>& answers) { return take(answers); });
  }

  /// One question for the real group, always, so that what is said of the group itself is heard; and one for each
  /// shadow.
  void divide(std::size_t index) {
    Wanted& each = wanted_[index];
    std::map<std::int32_t, std::vector<Request::Group::Topic>> parts;
    parts[0];
    for (const auto& topic : *each.group.topics) {
      const TopicRule* const of = rule(topic.name, topic.topic_id);
      auto& unknown = each.unknown.emplace_back(key_of(topic), std::vector<std::int32_t>()).second;
      for (const std::int32_t partition : topic.partition_indexes) {
        if (of != nullptr && !of->has(partition)) {
          unknown.push_back(partition);
          continue;
        }
        auto& topics = parts[of == nullptr ? 0 : of->group_of(partition)];
        if (topics.empty() || key_of(topics.back()) != key_of(topic)) set_key(topics.emplace_back(), key_of(topic));
        topics.back().partition_indexes.push_back(of == nullptr ? partition : of->physical_of(partition));
      }
    }
    for (auto& [number, topics] : parts) {
      auto id = number == 0 ? each.group.group_id : shadow_group(each.group.group_id, number);
      if (id) questions_.push_back({index, number, std::move(*id), std::move(topics)});
    }
  }

  Request of_all_groups() const {
    Request out;
    out.require_stable = request_.require_stable;
    out.unknown_tags = request_.unknown_tags;
    for (const Question& each : questions_) {
      auto& group = out.groups.emplace_back();
      group.group_id = each.id;
      group.topics = each.topics;
      if (each.number != 0) continue;  // a shadow has no members
      group.member_id = wanted_[each.group].group.member_id;
      group.member_epoch = wanted_[each.group].group.member_epoch;
    }
    return out;
  }

  Request of_one(const Question& question) const {
    Request out;
    out.group_id = question.id;
    out.require_stable = request_.require_stable;
    if (!question.topics) return out;
    out.topics.emplace();
    for (const auto& topic : *question.topics) {
      auto& added = out.topics->emplace_back();
      added.name = topic.name;
      added.partition_indexes = topic.partition_indexes;
    }
    return out;
  }

  // ------ what comes back

  Result<Step> take(std::vector<Bytes>& answers) {
    answers_ = std::move(answers);  // what is found borrows from them
    std::vector<kafka::Uuid> ids_wanted;
    for (const Bytes& each : answers_) {
      auto decoded = kafka::decode_response<Response>(each, version());
      if (!decoded) return std::move(decoded).error();
      throttle_ = std::max(throttle_, decoded->throttle_time_ms);
      if (version() >= first_with_groups) {
        for (auto& group : decoded->groups) found_.push_back(std::move(group));
      } else {
        found_.push_back(to_group(*decoded));
      }
    }
    if (found_.size() != questions_.size())
      return Error{Errc::Malformed, "OffsetFetch: not as many groups as asked for"};
    for (const Found& group : found_) {
      for (const auto& topic : group.topics) ids_wanted.push_back(topic.topic_id);
    }
    return with_names(ids_wanted, [this] { return merge(); });
  }

  static Found to_group(const Response& response) {
    Found group;
    group.error_code = response.error_code;
    for (const auto& topic : response.topics) {
      auto& added = group.topics.emplace_back();
      added.name = topic.name;
      for (const auto& each : topic.partitions) {
        auto& partition = added.partitions.emplace_back();
        partition.partition_index = each.partition_index;
        partition.committed_offset = each.committed_offset;
        partition.committed_leader_epoch = each.committed_leader_epoch;
        partition.metadata = each.metadata;
        partition.error_code = each.error_code;
      }
    }
    return group;
  }

  Result<Step> merge() {
    std::vector<Found> groups;
    for (std::size_t i = 0; i < wanted_.size(); ++i) groups.push_back(merge_group(i));
    Response out;
    out.throttle_time_ms = throttle_;
    if (version() >= first_with_groups) {
      out.groups = std::move(groups);
      return answer(out);
    }
    out.error_code = groups[0].error_code;
    for (auto& topic : groups[0].topics) {
      auto& added = out.topics.emplace_back();
      added.name = topic.name;
      for (auto& each : topic.partitions) {
        added.partitions.push_back({each.partition_index,
                                    each.committed_offset,
                                    each.committed_leader_epoch,
                                    each.metadata,
                                    each.error_code,
                                    {}});
      }
    }
    return answer(out);
  }

  /// The real group's error is the client's to hear; a shadow that isn't there has committed nothing.
  Found merge_group(std::size_t index) {
    Found group;
    group.group_id = wanted_[index].group.group_id;
    std::map<TopicKey, std::size_t> topics;
    const auto topic_of = [&](const TopicKey& key) -> auto& {
      const auto [entry, added] = topics.emplace(key, group.topics.size());
      if (added) set_key(group.topics.emplace_back(), key);
      return group.topics[entry->second];
    };
    // In the client's order, empty topics too.
    if (wanted_[index].group.topics) {
      for (const auto& topic : *wanted_[index].group.topics) topic_of(key_of(topic));
    }
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const Question& question = questions_[i];
      if (question.group != index) continue;
      const bool absent_shadow = question.number != 0 && found_[i].error_code == kafka::error::group_id_not_found;
      if (group.error_code == kafka::error::none && !absent_shadow) group.error_code = found_[i].error_code;
      for (const auto& topic : found_[i].topics) {
        const TopicRule* const of = rule(topic.name, topic.topic_id);
        if (of == nullptr && question.number != 0) continue;
        for (const auto& partition : topic.partitions) {
          auto& added = topic_of(key_of(topic)).partitions.emplace_back(partition);
          if (of != nullptr) added.partition_index = of->virtual_of(question.number, partition.partition_index);
        }
      }
    }
    for (const auto& [key, partitions] : wanted_[index].unknown) {
      for (const std::int32_t partition : partitions) {
        auto& added = topic_of(key).partitions.emplace_back();
        added.partition_index = partition;
        added.committed_offset = -1;
        added.error_code = kafka::error::unknown_topic_or_partition;
      }
    }
    if (group.error_code == kafka::error::none && !wanted_[index].group.topics) group.error_code = list_error_;
    if (group.error_code != kafka::error::none) group.topics.clear();
    return group;
  }

  Request request_;
  std::vector<Wanted> wanted_;
  std::vector<Question> questions_;
  std::vector<Bytes> answers_;
  std::vector<Found> found_;
  std::int32_t throttle_ = 0;
  std::int16_t list_error_ = kafka::error::none;  ///< of who should know all shadows
};

}  // namespace

std::unique_ptr<Exchange> make_offset_fetch(const Context& context, Bytes frame, std::size_t body_at) {
  return make<OffsetFetch>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
