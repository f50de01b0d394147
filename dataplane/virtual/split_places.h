#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "kafka/errors.h"
#include "virtual/exchange.h"
#include "virtual/fields.h"

namespace kp::virt {

/// Which virtual partition is asked for in which request, and what its answer is there; see split.h.
template <class Api>
class SplitPlaces : public Exchange {
 public:
  using Request = typename Api::Request;
  using Response = typename Api::Response;
  using RequestTopic = std::decay_t<decltype(Api::topics(std::declval<Request&>())[0])>;
  using ResponseTopic = std::decay_t<decltype(Api::topics(std::declval<Response&>())[0])>;
  using RequestPartition = std::decay_t<decltype(partitions_of(std::declval<RequestTopic&>())[0])>;
  using ResponsePartition = std::decay_t<decltype(partitions_of(std::declval<ResponseTopic&>())[0])>;

  using Exchange::Exchange;
  using Exchange::own;

  /// Of a Produce request.
  bool transactional() const
    requires requires(const Request& r) { r.transactional_id; }
  {
    return request_.transactional_id.has_value();
  }

 protected:
  /// One request to be sent.
  struct Part {
    std::int32_t number = 0;
    std::vector<RequestTopic> topics;
    std::map<std::pair<TopicKey, std::int32_t>, const RequestPartition*> asked;  ///< of the client's request
  };

  /// What the client asked for, and where its answer will be.
  struct Place {
    std::int32_t index = 0;  ///< as the client knows it
    std::int32_t upstream = 0;
    std::size_t part = 0;
    const TopicRule* rule = nullptr;  ///< null: not virtual
    std::optional<ResponsePartition> refused;
  };

  /// Nothing where no topic is virtual: such a request passes. Else a partition counts once; brokers don't agree among
  /// their APIs on what one named again means, and each such would need a request of its own.
  void place_all() {
    any_virtual_ = std::ranges::any_of(Api::topics(request_), [this](const RequestTopic& topic) {
      return rule(name_of(topic), id_of(topic)) != nullptr;
    });
    if (!any_virtual_) return;
    std::set<std::pair<TopicKey, std::int32_t>> seen;
    for (RequestTopic& topic : Api::topics(request_)) {
      const TopicRule* const found = rule(name_of(topic), id_of(topic));
      const bool exists = name_of(topic).size() <= longest_topic_name;
      auto& places = places_.emplace_back(key_of(topic), std::vector<Place>()).second;
      for (RequestPartition& partition : partitions_of(topic)) {
        Place& place = places.emplace_back();
        place.index = index_of(partition);
        place.upstream = place.index;
        place.rule = found;
        if (!exists)
          refuse(place, kafka::error::invalid_topic);
        else if (!seen.emplace(key_of(topic), place.index).second)
          refuse(place, kafka::error::invalid_request);
        else
          found != nullptr ? place_virtual(topic, partition, place) : put(topic, partition, place, 0);
      }
    }
  }

  void place_virtual(const RequestTopic& topic, RequestPartition& partition, Place& place) {
    const TopicRule& of = *place.rule;
    if (!of.has(place.index)) return refuse(place, kafka::error::unknown_topic_or_partition);
    place.upstream = of.physical_of(place.index);
    if constexpr (requires(ResponsePartition& answer) { Api::prepare(*this, of, place.index, partition, answer); }) {
      ResponsePartition answer{};
      if (!Api::prepare(*this, of, place.index, partition, answer)) {
        index_of(answer) = place.index;
        place.refused = std::move(answer);
        return;
      }
    }
    std::int32_t number = 0;
    if constexpr (requires { Api::part(of, place.index); }) number = Api::part(of, place.index);
    put(topic, partition, place, number);
  }

  void refuse(Place& place, std::int16_t code) {
    ResponsePartition answer{};
    index_of(answer) = place.index;
    Api::refuse(answer, code);
    place.refused = std::move(answer);
  }

  void put(const RequestTopic& topic, const RequestPartition& partition, Place& place, std::int32_t number) {
    const std::pair key{key_of(topic), place.upstream};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      if (part.number != number) continue;
      const auto [entry, added] = part.asked.emplace(key, &partition);
      place.part = i;
      if (added) return add(part, topic, partition, place.upstream);
      if (same(*entry->second, partition)) return;
      if constexpr (requires { Api::conflict; }) return refuse(place, Api::conflict);
    }
    place.part = parts_.size();
    Part& part = parts_.emplace_back();
    part.number = number;
    part.asked.emplace(key, &partition);
    add(part, topic, partition, place.upstream);
  }

  static bool same(const RequestPartition& a, const RequestPartition& b) {
    if constexpr (requires { Api::same(a, b); }) return Api::same(a, b);
    return true;
  }

  static void add(Part& part, const RequestTopic& topic, const RequestPartition& partition, std::int32_t upstream) {
    if (part.topics.empty() || key_of(part.topics.back()) != key_of(topic)) {
      RequestTopic& added = part.topics.emplace_back();
      set_key(added, key_of(topic));
      added.unknown_tags = topic.unknown_tags;
    }
    auto& partitions = partitions_of(part.topics.back());
    partitions.push_back(partition);
    index_of(partitions.back()) = upstream;
  }

  Request request_;
  std::vector<Part> parts_;
  std::vector<std::pair<TopicKey, std::vector<Place>>> places_;
  bool any_virtual_ = false;
};

}  // namespace kp::virt
