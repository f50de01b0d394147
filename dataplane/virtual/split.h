#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "virtual/split_places.h"

namespace kp::virt {

/// An API whose request names topics and partitions and whose response answers each of them: every virtual partition is
/// asked for as its physical one, in as many requests as it takes that none names a partition twice, and the answers
/// become one. What differs between APIs stands in `Api`, a struct of static functions; these it must have:
///
///   Request, Response                  the tables
///   topics(Request&), topics(Response&)
///   refuse(ResponsePartition&, code)   an answer without asking
///
/// and these it may have, defaults in parentheses:
///   prepare(places, rule, v, RequestPartition&, ResponsePartition&) → bool   false: refused, and answered (true)
///   part(rule, v) → int                partitions of different parts never share a request (0)
///   lane(part) → int                   of a part's requests (0)
///   conflict                           code for what would need a second request in its part (as many as needed)
///   same(a, b) → bool                  two request partitions that may share one entry (true)
///   adapt(rule, v, ResponsePartition&) what the answer means to one virtual partition (nothing)
///   merge(Response&, Response& from)   what stands above the topics (throttle time, error code)
///   answered(Request) → bool           (true)
///   lends                              requests with records, which are not copied
template <class Api>
class Split : public SplitPlaces<Api> {
  using Base = SplitPlaces<Api>;

 public:
  using Base::Base;
  using typename Base::Request;
  using typename Base::RequestTopic;
  using typename Base::Response;
  using typename Base::ResponseTopic;

  Result<Step> begin() override {
    Result<Request> decoded = this->template request<Request>();
    if (!decoded) return std::move(decoded).error();
    this->request_ = std::move(*decoded);
    std::vector<kafka::Uuid> wanted;
    for (const RequestTopic& topic : Api::topics(this->request_)) wanted.push_back(id_of(topic));
    return this->with_names(wanted, [this] { return split(); });
  }

 protected:
  using typename Base::Part;
  using typename Base::Place;

  virtual Result<Step> split() {
    this->place_all();
    if (!this->any_virtual_) return Step{};
    return send();
  }

  Result<Step> send() {
    bool answered = true;
    if constexpr (requires { Api::answered(this->request_); }) answered = Api::answered(this->request_);
    if (this->parts_.empty() && !answered) return refused_in_silence();
    Request head = this->request_;
    std::vector<Ask> asks;
    for (Part& part : this->parts_) {
      Api::topics(head) = std::move(part.topics);
      int lane = 0;
      if constexpr (requires { Api::lane(part.number, 1); }) lane = Api::lane(part.number, this->lanes());
      if constexpr (requires { Api::lends; })
        asks.push_back(this->ask_lending(head, lane));
      else
        asks.push_back(this->ask(head, this->version(), lane));
      asks.back().answered = answered;
    }
    if (asks.empty()) return merge({});
    if (!answered) {
      return this->ask_all(std::move(asks), [this](std::vector<Bytes>&) -> Result<Step> {
        if (any_refused()) return refused_in_silence();
        return Step{Step::Kind::Answer};
      });
    }
    return this->ask_all(std::move(asks), [this](std::vector<Bytes>& answers) { return take(answers); });
  }

  bool any_refused() const {
    return std::ranges::any_of(this->places_, [](const auto& topic) {
      return std::ranges::any_of(topic.second, [](const Place& place) { return place.refused.has_value(); });
    });
  }

  /// As brokers do: who wants no answer hears of an error by the connection's end.
  static Error refused_in_silence() { return {Errc::Unsupported, "a virtual partition refused what wants no answer"}; }

  Result<Step> take(std::vector<Bytes>& answers) {
    std::vector<Response> responses;
    if (answers.size() != this->parts_.size()) return Error{Errc::Internal, "not as many answers as questions"};
    for (const Bytes& each : answers) {
      Result<Response> decoded = kafka::decode_response<Response>(each, this->version());
      if (!decoded) return std::move(decoded).error();
      responses.push_back(std::move(*decoded));
    }
    return merge(std::move(responses));
  }

  virtual Result<Step> merge(std::vector<Response> responses) {
    Response merged{};
    std::vector<decltype(find_all(Api::topics(merged)))> found;
    for (Response& each : responses) found.push_back(find_all(Api::topics(each)));
    std::vector<ResponseTopic> topics;
    for (auto& [key, places] : this->places_) {
      ResponseTopic& topic = topics.emplace_back();
      set_key(topic, key);
      for (Place& place : places) partitions_of(topic).push_back(result_of(key, place, found));
    }
    merge_heads(merged, responses);
    Api::topics(merged) = std::move(topics);
    return this->answer(merged);
  }

  template <class Found>
  typename Base::ResponsePartition result_of(const TopicKey& key, Place& place, const std::vector<Found>& found) {
    if (place.refused) return std::move(*place.refused);
    typename Base::ResponsePartition result{};
    const auto entry = found.at(place.part).find({key, place.upstream});
    if (entry == found[place.part].end()) {
      Api::refuse(result, kafka::error::unknown_server_error);
    } else {
      result = *entry->second;
      if constexpr (requires { Api::adapt(*place.rule, place.index, result); }) {
        if (place.rule != nullptr) Api::adapt(*place.rule, place.index, result);
      }
    }
    index_of(result) = place.index;
    return result;
  }

  static void merge_heads(Response& merged, std::vector<Response>& responses) {
    for (Response& each : responses) Api::topics(each).clear();
    if (!responses.empty()) merged = std::move(responses.front());
    for (std::size_t i = 1; i < responses.size(); ++i) {
      merged.throttle_time_ms = std::max(merged.throttle_time_ms, responses[i].throttle_time_ms);
      if constexpr (requires { merged.error_code; }) {
        if (merged.error_code == kafka::error::none) merged.error_code = responses[i].error_code;
      }
      if constexpr (requires { Api::merge(merged, responses[i]); }) Api::merge(merged, responses[i]);
    }
  }
};

}  // namespace kp::virt
