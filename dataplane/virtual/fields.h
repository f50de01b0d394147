#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>

#include "kafka/schema.h"

/// The same things under the names that they have in the tables of different messages.
namespace kp::virt {

template <class Partition>
auto& index_of(Partition& partition) {
  if constexpr (std::is_integral_v<Partition>) {
    return partition;
  } else if constexpr (requires { partition.partition_index; }) {
    return partition.partition_index;
  } else if constexpr (requires { partition.partition_id; }) {
    return partition.partition_id;
  } else if constexpr (requires { partition.index; }) {
    return partition.index;
  } else {
    return partition.partition;
  }
}

template <class Topic>
auto& partitions_of(Topic& topic) {
  if constexpr (requires { topic.partition_indexes; }) {
    return topic.partition_indexes;
  } else if constexpr (requires { topic.partition_data; }) {
    return topic.partition_data;
  } else if constexpr (requires { topic.partition_responses; }) {
    return topic.partition_responses;
  } else if constexpr (requires { topic.partition_result; }) {
    return topic.partition_result;
  } else {
    return topic.partitions;
  }
}

template <class Topic>
auto& name_of(Topic& topic) {
  if constexpr (requires { topic.topic_name; }) {
    return topic.topic_name;
  } else if constexpr (requires { topic.name; } && !requires { topic.topic; }) {
    return topic.name;
  } else {
    return topic.topic;
  }
}

template <class Topic>
kafka::Uuid id_of(const Topic& topic) {
  if constexpr (requires { topic.topic_id; }) {
    return topic.topic_id;
  } else {
    return {};
  }
}

/// A topic, by name or by id, whichever the message has.
using TopicKey = std::tuple<std::string, std::uint64_t, std::uint64_t>;

/// In characters: Kafka's own bound. Names are copied for each partition, so none may be of any length.
constexpr std::size_t longest_topic_name = 249;

template <class Topic>
TopicKey key_of(const Topic& topic) {
  return {name_of(topic), id_of(topic).high, id_of(topic).low};
}

template <class Topic>
void set_key(Topic& topic, const TopicKey& key) {
  name_of(topic) = std::get<0>(key);
  if constexpr (requires { topic.topic_id; }) topic.topic_id = {std::get<1>(key), std::get<2>(key)};
}

inline kafka::Uuid id_in(const TopicKey& key) { return {std::get<1>(key), std::get<2>(key)}; }

/// The partitions of a message's topics, by topic and index; borrows them.
template <class Topics>
auto find_all(const Topics& topics) {
  using Partition = std::decay_t<decltype(partitions_of(topics[0])[0])>;
  std::map<std::pair<TopicKey, std::int32_t>, const Partition*> found;
  for (const auto& topic : topics) {
    for (const auto& partition : partitions_of(topic))
      found.emplace(std::pair{key_of(topic), index_of(partition)}, &partition);
  }
  return found;
}

}  // namespace kp::virt
