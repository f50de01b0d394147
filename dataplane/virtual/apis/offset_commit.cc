#include <map>
#include <type_traits>

#include "kafka/messages/08_offset_commit.h"
#include "kafka/messages/12_heartbeat.h"
#include "kafka/messages/15_describe_groups.h"
#include "kafka/messages/28_txn_offset_commit.h"
#include "virtual/apis/apis.h"
#include "virtual/group_fence.h"
#include "virtual/shadow.h"
#include "virtual/split.h"

/// Commits of group 0 go to the real group, others to its shadows, once the real group has let the committer in.
namespace kp::virt {
namespace {

/// A shadow has no members, so brokers count its offsets' age from their commit. The last version that says how long
/// they are kept is 4; a hundred years.
constexpr kafka::Version last_with_retention = 4;
constexpr std::int64_t shadow_retention_ms = 3'155'760'000'000;

struct OffsetCommit {
  using Request = kafka::OffsetCommitRequest;
  using Response = kafka::OffsetCommitResponse;
  static constexpr bool asks_when_without_generation = true;

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.topics; }
  static void refuse(Response::Topic::Partition& answer, std::int16_t code) { answer.error_code = code; }
  static std::int16_t code_of(const Response::Topic::Partition& answer) { return answer.error_code; }
  static std::int32_t part(const TopicRule& rule, std::int32_t v) { return rule.group_of(v); }
  static Committer committer(const Request& request) {
    return {request.group_id, request.generation_id_or_member_epoch, request.member_id, request.group_instance_id};
  }
  static kafka::Version shadow_version(kafka::Version version) { return std::min(version, last_with_retention); }
  static void to_shadow(Request& request, const std::string& shadow) {
    request.group_id = shadow;
    request.generation_id_or_member_epoch = -1;
    request.member_id.clear();
    request.group_instance_id.reset();
    request.retention_time_ms = shadow_retention_ms;
    request.unknown_tags.clear();
  }
};

struct TxnOffsetCommit {
  using Request = kafka::TxnOffsetCommitRequest;
  using Response = kafka::TxnOffsetCommitResponse;
  static constexpr bool asks_when_without_generation = false;  ///< brokers let it in, members or not

  static auto& topics(Request& request) { return request.topics; }
  static auto& topics(Response& response) { return response.topics; }
  static void refuse(Response::Topic::Partition& answer, std::int16_t code) { answer.error_code = code; }
  static std::int16_t code_of(const Response::Topic::Partition& answer) { return answer.error_code; }
  static std::int32_t part(const TopicRule& rule, std::int32_t v) { return rule.group_of(v); }
  static Committer committer(const Request& request) {
    return {request.group_id, request.generation_id, request.member_id, request.group_instance_id};
  }
  static kafka::Version shadow_version(kafka::Version version) { return version; }
  static void to_shadow(Request& request, const std::string& shadow) {
    request.group_id = shadow;
    request.generation_id = -1;
    request.member_id.clear();
    request.group_instance_id.reset();
  }
};

template <class Api>
class Commit : public Split<Api> {
  using Base = Split<Api>;
  using typename Base::Part;
  using typename Base::Request;
  using typename Base::Response;

 public:
  using Base::Base;

 private:
  Result<Step> split() override {
    this->place_all();
    if (!this->any_virtual_) return Step{};
    who_ = Api::committer(this->request_);
    std::stable_sort(this->parts_.begin(), this->parts_.end(),
                     [](const Part& a, const Part& b) { return a.number < b.number; });
    // Sorting has moved the parts; places are found again by their number.
    for (std::size_t i = 0; i < this->parts_.size(); ++i) by_number_.emplace(this->parts_[i].number, i);
    if (this->parts_.empty()) return this->merge({});
    if (this->parts_[0].number == 0) return commit_own();
    if (who_.generation >= 0) return send_heartbeat();
    if (Api::asks_when_without_generation) return describe();
    return commit_shadows();
  }

  Result<Step> commit_own() {
    return this->ask_one(request_of(this->parts_[0]), [this](std::vector<Bytes>& answers) -> Result<Step> {
      own_ = std::move(answers.at(0));
      auto response = kafka::decode_response<Response>(own_, this->version());
      if (!response) return std::move(response).error();
      for (const auto& topic : Api::topics(*response)) {
        for (const auto& each : partitions_of(topic)) {
          if (fence::of_the_group(Api::code_of(each))) return refuse_shadows(Api::code_of(each));
        }
      }
      return commit_shadows();
    });
  }

  Result<Step> send_heartbeat() {
    kafka::HeartbeatRequest beat;
    beat.group_id = who_.group;
    beat.generation_id = who_.generation;
    beat.member_id = who_.member;
    beat.group_instance_id = who_.instance;
    return this->ask_one(this->ask(beat, fence::heartbeat_version(who_)), [this](std::vector<Bytes>& answers) {
      return judge(fence::after_heartbeat(who_, answers.at(0)));
    });
  }

  Result<Step> describe() {
    kafka::DescribeGroupsRequest question;
    question.groups.push_back(who_.group);
    return this->ask_one(this->ask(question, fence::describe_version),
                         [this](std::vector<Bytes>& answers) { return judge(fence::after_describe(answers.at(0))); });
  }

  Result<Step> judge(const Result<std::int16_t>& code) {
    if (!code) return code.error();
    return *code == kafka::error::none ? commit_shadows() : refuse_shadows(*code);
  }

  /// Without those of a group whose id brokers would read otherwise.
  Result<Step> commit_shadows() {
    std::vector<Ask> asks;
    for (Part& part : this->parts_) {
      if (part.number == 0) continue;
      if (!shadow_group(who_.group, part.number)) return refuse_shadows(kafka::error::invalid_group_id);
      asks.push_back(request_of(part));
    }
    if (asks.empty()) return conclude({});
    return this->ask_all(std::move(asks), [this](std::vector<Bytes>& answers) { return conclude(answers); });
  }

  Result<Step> refuse_shadows(std::int16_t code) {
    for (auto& [key, places] : this->places_) {
      for (auto& place : places) {
        if (place.rule != nullptr && !place.refused && place.rule->group_of(place.index) > 0) this->refuse(place, code);
      }
    }
    return conclude({});
  }

  Ask request_of(Part& part) {
    Request request = this->request_;
    Api::topics(request) = std::move(part.topics);
    if (part.number == 0) return this->ask(request, this->version());
    Api::to_shadow(request, *shadow_group(who_.group, part.number));
    for (auto& topic : Api::topics(request)) {
      if (const std::string* const name = this->ids().name_of(id_of(topic))) name_of(topic) = *name;
    }
    return this->ask(request, Api::shadow_version(this->version()));
  }

  /// All answers as of the client's version, topics under the key that it uses.
  Result<Step> conclude(const std::vector<Bytes>& answers) {
    std::vector<Response> responses(this->parts_.size());
    const std::map<std::string, TopicKey> keys = keys_by_name();
    std::size_t next = 0;
    for (std::size_t i = 0; i < this->parts_.size(); ++i) {
      const bool own = this->parts_[i].number == 0;
      if (!own && next >= answers.size()) continue;  // refused without asking
      const kafka::Version as = own ? this->version() : Api::shadow_version(this->version());
      auto decoded = kafka::decode_response<Response>(own ? own_ : answers[next++], as);
      if (!decoded) return std::move(decoded).error();
      responses[i] = std::move(*decoded);
      if (!own) restore_keys(responses[i], keys);
    }
    for (auto& [key, places] : this->places_) {
      for (auto& place : places) {
        const std::int32_t number = place.rule == nullptr ? 0 : place.rule->group_of(place.index);
        if (!place.refused) place.part = by_number_.at(number);
      }
    }
    return this->merge(std::move(responses));
  }

  /// Of the topics that the client names by id.
  std::map<std::string, TopicKey> keys_by_name() {
    std::map<std::string, TopicKey> keys;
    for (const auto& [key, places] : this->places_) {
      const std::string* const name = this->ids().name_of(id_in(key));
      if (name != nullptr) keys.insert_or_assign(*name, key);
    }
    return keys;
  }

  static void restore_keys(Response& response, const std::map<std::string, TopicKey>& keys) {
    for (auto& topic : Api::topics(response)) {
      if (const auto found = keys.find(name_of(topic)); found != keys.end()) set_key(topic, found->second);
    }
  }

  Committer who_;
  Bytes own_;
  std::map<std::int32_t, std::size_t> by_number_;
};

}  // namespace

std::unique_ptr<Exchange> make_offset_commit(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Commit<OffsetCommit>>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_txn_offset_commit(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Commit<TxnOffsetCommit>>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
