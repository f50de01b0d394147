#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "kafka/header.h"
#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/02_list_offsets.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/08_offset_commit.h"
#include "kafka/messages/09_offset_fetch.h"
#include "kafka/messages/12_heartbeat.h"
#include "kafka/messages/15_describe_groups.h"
#include "kafka/messages/16_list_groups.h"
#include "kafka/messages/28_txn_offset_commit.h"
#include "virtual/exchange.h"
#include "virtual/translate.h"

namespace kp::virt {

/// As much of a broker as the translations talk to: logs of physical partitions, committed offsets of groups. Answers
/// as a real one does where it matters here: a partition twice in a Produce is dropped in silence, commits for
/// partitions that don't exist are refused.
class ModelBroker {
 public:
  struct Log {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::vector<std::pair<std::int64_t, Bytes>> batches;  ///< by base offset
  };
  struct Commit {
    std::int64_t offset = -1;
    std::int64_t retention_ms = -1;
  };

  void add_topic(const std::string& name, std::int32_t partitions) {
    topics[name].resize(static_cast<std::size_t>(partitions));
    ids[name] = {0xabc, ids.size() + 1};
  }

  Bytes answer(const Ask& ask);

  std::map<std::string, std::vector<Log>> topics;
  std::map<std::string, kafka::Uuid> ids;
  std::map<std::tuple<std::string, std::string, std::int32_t>, Commit> commits;  ///< group, topic, partition
  std::int16_t heartbeat_error = 0;
  std::int16_t list_error = 0;       ///< of ListGroups, which lists nothing then
  std::string group_state;           ///< of every group that is described
  std::size_t fetch_batches = 1000;  ///< at most so many for a partition
  std::vector<Ask> asked;

 private:
  std::string name_of(const std::string& name, const kafka::Uuid& id) const;
  Log* log(const std::string& topic, std::int32_t partition);
  Bytes produce(const Ask& ask);
  Bytes fetch(const Ask& ask);
  Bytes list_offsets(const Ask& ask);
  Bytes metadata(const Ask& ask);
  Bytes offset_commit(const Ask& ask);
  Bytes txn_offset_commit(const Ask& ask);
  Bytes offset_fetch(const Ask& ask);
  Bytes heartbeat(const Ask& ask);
  Bytes describe_groups(const Ask& ask);
  Bytes list_groups(const Ask& ask);
};

/// It owes nothing to an exchange.
inline Ask whole(const Ask& ask) {
  Ask out = ask;
  out.frame = ask.frame.whole();
  return out;
}

/// The message of a whole request.
template <class Message>
Message asked_for(const Ask& ask) {
  const auto body = kafka::request_body(ask.frame.own);
  if (!body) throw std::runtime_error(body.error().message);
  auto message = kafka::decode<Message>(BytesView(ask.frame.own).subspan(*body), ask.version);
  if (!message) throw std::runtime_error(message.error().message);
  return *message;
}

template <class Message>
Message said(BytesView frame, kafka::Version version) {
  auto message = kafka::decode_response<Message>(frame, version);
  if (!message) throw std::runtime_error(message.error().message);
  return *message;
}

/// A proxy before the model broker: one loop's state, and the way of a request through it.
class ModelProxy {
 public:
  explicit ModelProxy(ModelBroker& broker) : broker_(broker) {
    config::PartitionMapping config;
    config.virtual_partitions = 20;
    config.physical_partitions = 2;
    config.topics.emplace_back().topic = "orders";
    config.topics.emplace_back().topic = "silent";
    config.topics.back().filler = "none";
    config.topics.emplace_back().topic = "wide";
    config.topics.back().virtual_partitions = 64;
    config.topics.back().physical_partitions = 1;
    context.mapping = std::make_shared<Mapping>(config);
    context.ids = &ids;
    context.skips = &skips;
    context.turns = &turns;
  }

  /// The answer's frame; empty: none is waited for. Keeps it, since what is decoded borrows from it.
  const Bytes& send(Bytes request) {
    asks = 0;
    lent = 0;
    passed = false;
    auto exchange = translate(context, std::move(request));
    if (!exchange) throw std::runtime_error(exchange.error().message);
    auto step = (*exchange)->begin();
    while (true) {
      if (!step) throw std::runtime_error(step.error().message);
      if (step->kind == Step::Kind::Answer) {
        const kafka::Gathered answer = std::move(step->answer).value_or(Bytes{});
        lent += answer.loans.size();
        return answers_.emplace_back(answer.whole());
      }
      if (step->kind == Step::Kind::Pass) {
        passed = true;
        Ask ask;
        ask.frame = (*exchange)->take_frame();
        const auto head = kafka::peek_request(ask.frame.own);
        ask.key = head.api_key;
        ask.version = head.api_version;
        return answers_.emplace_back(broker_.answer(ask));
      }
      std::vector<Bytes> answers;
      for (const Ask& ask : step->asks) {
        ++asks;
        lent += ask.frame.loans.size();
        Bytes answer = broker_.answer(whole(ask));
        if (ask.answered) answers.push_back(std::move(answer));
      }
      if (!answers.empty() || step->asks.empty() || step->asks[0].answered) {
        step = (*exchange)->proceed(std::move(answers));
      } else {
        step = (*exchange)->proceed({});
      }
    }
  }

  template <class Response, class Request>
  Response ask(const Request& request, kafka::Version version) {
    return said<Response>(send(kafka::encode_request(request, version, 77, "me")), version);
  }

  Context context;
  TopicIds ids;
  Skips skips;
  Turns turns;
  int asks = 0;
  std::size_t lent = 0;  ///< record fields that weren't copied, in requests and the answer
  bool passed = false;

 private:
  ModelBroker& broker_;
  std::vector<Bytes> answers_;
};

}  // namespace kp::virt
