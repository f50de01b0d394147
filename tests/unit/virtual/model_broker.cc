#include "unit/virtual/model_broker.h"

#include <algorithm>
#include <set>

#include "kafka/errors.h"
#include "kafka/writer.h"
#include "virtual/batch.h"

namespace kp::virt {
namespace {

template <class Message>
Bytes respond(const Message& message, const Ask& ask) {
  return kafka::encode_response(message, ask.version, kafka::peek_request(ask.frame.own).correlation_id);
}

}  // namespace

Bytes ModelBroker::answer(const Ask& ask) {
  asked.push_back(ask);
  switch (ask.key) {
    case 0:
      return produce(ask);
    case 1:
      return fetch(ask);
    case 2:
      return list_offsets(ask);
    case 3:
      return metadata(ask);
    case 8:
      return offset_commit(ask);
    case 9:
      return offset_fetch(ask);
    case 12:
      return heartbeat(ask);
    case 15:
      return describe_groups(ask);
    case 16:
      return list_groups(ask);
    case 28:
      return txn_offset_commit(ask);
    default:
      throw std::runtime_error("the model doesn't know API " + std::to_string(ask.key));
  }
}

std::string ModelBroker::name_of(const std::string& name, const kafka::Uuid& id) const {
  for (const auto& [known, its] : ids) {
    if (its == id) return known;
  }
  return name;
}

ModelBroker::Log* ModelBroker::log(const std::string& topic, std::int32_t partition) {
  const auto found = topics.find(topic);
  if (found == topics.end() || partition < 0 || static_cast<std::size_t>(partition) >= found->second.size())
    return nullptr;
  return &found->second[static_cast<std::size_t>(partition)];
}

Bytes ModelBroker::produce(const Ask& ask) {
  auto request = asked_for<kafka::ProduceRequest>(ask);
  kafka::ProduceResponse response;
  for (auto& topic : request.topic_data) {
    auto& added = response.responses.emplace_back();
    added.name = topic.name;
    added.topic_id = topic.topic_id;
    std::set<std::int32_t> seen;
    for (auto& each : topic.partition_data) {
      if (!seen.insert(each.index).second) continue;
      auto& partition = added.partition_responses.emplace_back();
      partition.index = each.index;
      Log* const to = log(name_of(topic.name, topic.topic_id), each.index);
      if (to == nullptr) {
        partition.error_code = kafka::error::unknown_topic_or_partition;
        continue;
      }
      partition.base_offset = to->end;
      Bytes records(each.records->bytes.begin(), each.records->bytes.end());
      BatchWalk walk(records);
      for (auto batch = walk.next(); batch && *batch; batch = walk.next()) {
        Bytes stored((*batch)->bytes().begin(), (*batch)->bytes().end());
        const auto delta = (*batch)->last_offset() - (*batch)->base_offset();
        Bytes base;
        kafka::Writer(base).integer(to->end);
        std::copy(base.begin(), base.end(), stored.begin());
        to->batches.emplace_back(to->end, std::move(stored));
        to->end += delta + 1;
      }
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::fetch(const Ask& ask) {
  const auto request = asked_for<kafka::FetchRequest>(ask);
  kafka::FetchResponse response;
  std::vector<Bytes> records;
  records.reserve(1000);
  for (const auto& topic : request.topics) {
    auto& added = response.responses.emplace_back();
    added.topic = topic.topic;
    added.topic_id = topic.topic_id;
    std::set<std::int32_t> seen;
    for (const auto& each : topic.partitions) {
      if (!seen.insert(each.partition).second) throw std::runtime_error("a partition twice in a Fetch");
      auto& partition = added.partitions.emplace_back();
      partition.partition_index = each.partition;
      const Log* const from = log(name_of(topic.topic, topic.topic_id), each.partition);
      partition.records.emplace();
      if (from == nullptr || each.fetch_offset < from->start || each.fetch_offset > from->end) {
        partition.error_code =
            from == nullptr ? kafka::error::unknown_topic_or_partition : kafka::error::offset_out_of_range;
        partition.high_watermark = -1;
        continue;
      }
      partition.high_watermark = from->end;
      partition.last_stable_offset = from->end;
      partition.log_start_offset = from->start;
      Bytes& out = records.emplace_back();
      std::size_t count = 0;
      for (auto batch = from->batches.begin(); batch != from->batches.end(); ++batch) {
        const std::int64_t next = std::next(batch) == from->batches.end() ? from->end : std::next(batch)->first;
        if (next <= each.fetch_offset || next <= from->start) continue;
        if (count++ == fetch_batches) break;
        out.insert(out.end(), batch->second.begin(), batch->second.end());
      }
      partition.records->bytes = out;
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::list_offsets(const Ask& ask) {
  const auto request = asked_for<kafka::ListOffsetsRequest>(ask);
  std::map<std::pair<std::string, std::int32_t>, int> times;
  for (const auto& topic : request.topics) {
    for (const auto& each : topic.partitions) ++times[{topic.name, each.partition_index}];
  }
  kafka::ListOffsetsResponse response;
  for (const auto& topic : request.topics) {
    auto& added = response.topics.emplace_back();
    added.name = topic.name;
    for (const auto& each : topic.partitions) {
      auto& partition = added.partitions.emplace_back();
      partition.partition_index = each.partition_index;
      const Log* const of = log(topic.name, each.partition_index);
      if (times[{topic.name, each.partition_index}] > 1)
        partition.error_code = kafka::error::invalid_request;
      else if (of == nullptr)
        partition.error_code = kafka::error::unknown_topic_or_partition;
      else
        partition.offset = each.timestamp == -2 ? of->start : of->end;
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::metadata(const Ask& ask) {
  const auto request = asked_for<kafka::MetadataRequest>(ask);
  kafka::MetadataResponse response;
  response.brokers.push_back({1, "b1", 9092, std::nullopt, {}});
  for (const auto& [name, logs] : topics) {
    const bool wanted = !request.topics || (ask.version == 0 && request.topics->empty()) ||
                        std::ranges::any_of(*request.topics, [&](const auto& each) {
                          return each.name == name || (each.topic_id != kafka::Uuid{} && each.topic_id == ids.at(name));
                        });
    if (!wanted) continue;
    auto& topic = response.topics.emplace_back();
    topic.name = name;
    topic.topic_id = ids.at(name);
    for (std::size_t i = 0; i < logs.size(); ++i) {
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = static_cast<std::int32_t>(i);
      partition.leader_id = static_cast<std::int32_t>(i + 1);
      partition.replica_nodes = {static_cast<std::int32_t>(i + 1), 9};
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::offset_commit(const Ask& ask) {
  const auto request = asked_for<kafka::OffsetCommitRequest>(ask);
  kafka::OffsetCommitResponse response;
  for (const auto& topic : request.topics) {
    auto& added = response.topics.emplace_back();
    added.name = topic.name;
    added.topic_id = topic.topic_id;
    const std::string name = name_of(topic.name, topic.topic_id);
    for (const auto& each : topic.partitions) {
      auto& partition = added.partitions.emplace_back();
      partition.partition_index = each.partition_index;
      if (log(name, each.partition_index) == nullptr)
        partition.error_code = kafka::error::unknown_topic_or_partition;
      else if (heartbeat_error != 0 && request.generation_id_or_member_epoch >= 0)
        partition.error_code = heartbeat_error;
      else
        commits[{request.group_id, name, each.partition_index}] = {each.committed_offset, request.retention_time_ms};
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::txn_offset_commit(const Ask& ask) {
  const auto request = asked_for<kafka::TxnOffsetCommitRequest>(ask);
  kafka::TxnOffsetCommitResponse response;
  for (const auto& topic : request.topics) {
    auto& added = response.topics.emplace_back();
    added.name = topic.name;
    for (const auto& each : topic.partitions) {
      auto& partition = added.partitions.emplace_back();
      partition.partition_index = each.partition_index;
      if (log(topic.name, each.partition_index) == nullptr)
        partition.error_code = kafka::error::unknown_topic_or_partition;
      else
        commits[{request.group_id, topic.name, each.partition_index}] = {each.committed_offset, -1};
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::offset_fetch(const Ask& ask) {
  const auto request = asked_for<kafka::OffsetFetchRequest>(ask);
  kafka::OffsetFetchResponse response;
  const auto fill = [&](const std::string& group, const auto& wanted, auto& found) {
    if (wanted) {
      for (const auto& topic : *wanted) {
        auto& added = found.emplace_back();
        added.name = topic.name;
        std::string name = topic.name;
        if constexpr (requires { topic.topic_id; }) {
          added.topic_id = topic.topic_id;
          name = name_of(topic.name, topic.topic_id);
        }
        for (const std::int32_t index : topic.partition_indexes) {
          auto& partition = added.partitions.emplace_back();
          partition.partition_index = index;
          const auto commit = commits.find({group, name, index});
          partition.committed_offset = commit == commits.end() ? -1 : commit->second.offset;
        }
      }
      return;
    }
    for (const auto& [key, commit] : commits) {
      if (std::get<0>(key) != group) continue;
      auto& added = found.emplace_back();
      if constexpr (requires { added.topic_id; }) {
        if (ask.version >= 10)
          added.topic_id = ids.at(std::get<1>(key));
        else
          added.name = std::get<1>(key);
      } else {
        added.name = std::get<1>(key);
      }
      auto& partition = added.partitions.emplace_back();
      partition.partition_index = std::get<2>(key);
      partition.committed_offset = commit.offset;
    }
  };
  if (ask.version < 8) {
    fill(request.group_id, request.topics, response.topics);
  } else {
    for (const auto& group : request.groups) {
      auto& added = response.groups.emplace_back();
      added.group_id = group.group_id;
      fill(group.group_id, group.topics, added.topics);
    }
  }
  return respond(response, ask);
}

Bytes ModelBroker::heartbeat(const Ask& ask) {
  kafka::HeartbeatResponse response;
  response.error_code = heartbeat_error;
  return respond(response, ask);
}

Bytes ModelBroker::describe_groups(const Ask& ask) {
  kafka::DescribeGroupsResponse response;
  for (const std::string& id : asked_for<kafka::DescribeGroupsRequest>(ask).groups) {
    auto& group = response.groups.emplace_back();
    group.group_id = id;
    group.group_state = group_state;
  }
  return respond(response, ask);
}

Bytes ModelBroker::list_groups(const Ask& ask) {
  kafka::ListGroupsResponse response;
  response.error_code = list_error;
  if (list_error != 0) return respond(response, ask);
  std::set<std::string> groups;
  for (const auto& [key, commit] : commits) groups.insert(std::get<0>(key));
  for (const std::string& group : groups) response.groups.emplace_back().group_id = group;
  return respond(response, ask);
}

}  // namespace kp::virt
