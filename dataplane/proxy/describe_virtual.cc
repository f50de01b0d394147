// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include "proxy/describe_virtual.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <future>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "broker/exchange.h"
#include "broker/login.h"
#include "config/files.h"
#include "kafka/errors.h"
#include "kafka/header.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/02_list_offsets.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/09_offset_fetch.h"
#include "kafka/messages/16_list_groups.h"
#include "proxy/runtime.h"
#include "virtual/batch.h"
#include "virtual/shadow.h"

namespace kp::proxy {
namespace {

using Group = kafka::ListGroupsResponse::Group;

constexpr std::string_view client_id = "kafkaproxy";
constexpr std::chrono::seconds answer_limit{30};
constexpr kafka::Version metadata_version = 9, list_offsets_version = 5, list_groups_version = 0;
constexpr kafka::Version offset_fetch_version = 8, fetch_version = 11;
constexpr std::int32_t read_bytes = 8 << 20;
constexpr std::size_t record_count_at = 57;
constexpr std::size_t most_offsets = 10'000;  ///< that one OffsetFetch asks for: clusters have thousands of groups

struct Commit {
  std::int64_t offset = 0;
  std::int64_t lag = 0;
};
struct Physical {
  HostPort leader;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t lowest = 0;  ///< commit of any group; the end where there is none
};

/// Whoever may use a group chooses its name, and terminals obey control characters.
std::string printable(std::string name) {
  for (char& each : name) {
    if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = '?';
  }
  return name;
}

class Description {
 public:
  Description(net::Loop& loop, const Runtime& runtime, const virt::TopicRule& rule, std::string topic)
      : loop_(loop), runtime_(runtime), rule_(rule), topic_(std::move(topic)) {}

  net::Task<void> make(std::optional<Result<std::string>>* made) {
    Status done = co_await learn();
    if (done) done = co_await learn_offsets();
    if (done) done = co_await learn_commits();
    if (done) done = co_await count();
    if (done)
      made->emplace(text());
    else
      made->emplace(std::move(done).error());
  }

 private:
  net::Task<Result<net::Stream*>> connected(HostPort to) {
    const auto known = streams_.find(to_string(to));
    if (known != streams_.end()) co_return &known->second;
    Result<net::Stream> dialled = co_await runtime_.dialer->dial(loop_, to);
    if (!dialled) co_return std::move(dialled).error();
    net::Stream& made = streams_.emplace(to_string(to), std::move(*dialled)).first->second;
    if (!runtime_.swap->makes_logins()) co_return &made;
    net::Deadline deadline(loop_, [&made] { made.cancel(); });
    deadline.after(answer_limit);
    auth::BrokerLogin login(runtime_.swap->upstream_mechanism(), runtime_.swap->own(), std::string(client_id));
    Status logged_in = co_await broker::log_in(made, login);
    if (!logged_in) co_return std::move(logged_in).error().within(to_string(to));
    co_return &made;
  }

  net::Task<Result<Bytes>> ask(HostPort to, Bytes request) {
    Result<net::Stream*> stream = co_await connected(to);
    if (!stream) co_return std::move(stream).error();
    net::Deadline deadline(loop_, [&stream] { (*stream)->cancel(); });
    deadline.after(answer_limit);
    Result<Bytes> answer =
        co_await broker::exchange(**stream, std::move(request), runtime_.config->limits.max_frame_bytes);
    if (!answer) co_return std::move(answer).error().within(to_string(to));
    co_return answer;
  }

  /// Where the brokers are, and which of them lead.
  net::Task<Status> learn() {
    kafka::MetadataRequest request;
    request.topics.emplace().emplace_back().name = topic_;
    request.allow_auto_topic_creation = false;
    Result<Bytes> answer = Error{Errc::NotFound, "no bootstrap server"};
    for (const HostPort& server : runtime_.bootstrap) {
      Bytes frame = kafka::encode_request(request, metadata_version, 1, client_id);
      Result<Bytes> one = co_await ask(server, std::move(frame));
      answer = std::move(one);
      if (answer) break;
    }
    if (!answer) co_return std::move(answer).error();
    const auto known = kafka::decode_response<kafka::MetadataResponse>(*answer, metadata_version);
    if (!known) co_return known.error();
    for (const auto& each : known->brokers)
      brokers_[each.node_id] = HostPort{each.host, static_cast<std::uint16_t>(each.port)};
    co_return place(*known);
  }

  Status place(const kafka::MetadataResponse& known) {
    const auto wanted = static_cast<std::size_t>(rule_.physical_partitions);
    if (known.topics.empty() || known.topics[0].error_code != kafka::error::none)
      return Error{Errc::NotFound, topic_ + ": the brokers don't know it, or may not show it to us"};
    const auto& partitions = known.topics[0].partitions;
    if (partitions.size() != wanted)
      return Error{Errc::Invalid, fmt::format("{} has {} partitions, where partition_mapping says {}", topic_,
                                              partitions.size(), wanted)};
    physical_.resize(wanted);
    for (const auto& each : partitions) {
      const auto leader = brokers_.find(each.leader_id);
      if (leader == brokers_.end() || each.partition_index < 0 || each.partition_index >= rule_.physical_partitions)
        return Error{Errc::NotFound, fmt::format("{}: partition {} has no leader", topic_, each.partition_index)};
      physical_[static_cast<std::size_t>(each.partition_index)].leader = leader->second;
    }
    return Done{};
  }

  net::Task<Status> learn_offsets() {
    for (std::size_t p = 0; p < physical_.size(); ++p) {
      for (const bool end : {false, true}) {
        kafka::ListOffsetsRequest request;
        request.replica_id = -1;
        auto& topic = request.topics.emplace_back();
        topic.name = topic_;
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = static_cast<std::int32_t>(p);
        partition.timestamp = end ? -1 : -2;
        Bytes frame = kafka::encode_request(request, list_offsets_version, 1, client_id);
        Result<Bytes> answer = co_await ask(physical_[p].leader, std::move(frame));
        if (!answer) co_return std::move(answer).error();
        const auto said = kafka::decode_response<kafka::ListOffsetsResponse>(*answer, list_offsets_version);
        if (!said) co_return said.error();
        if (said->topics.empty() || said->topics[0].partitions.empty() ||
            said->topics[0].partitions[0].error_code != kafka::error::none)
          co_return Error{Errc::NotFound, fmt::format("{}: partition {} has no offsets now", topic_, p)};
        (end ? physical_[p].end : physical_[p].start) = said->topics[0].partitions[0].offset;
      }
      physical_[p].lowest = physical_[p].end;
    }
    co_return Done{};
  }

  /// Each broker knows the groups that it coordinates, shadows among them.
  net::Task<Status> learn_commits() {
    for (const auto& [id, address] : brokers_) {
      Bytes list = kafka::encode_request(kafka::ListGroupsRequest{}, list_groups_version, 1, client_id);
      Result<Bytes> answer = co_await ask(address, std::move(list));
      if (!answer) co_return std::move(answer).error();
      const auto listed = kafka::decode_response<kafka::ListGroupsResponse>(*answer, list_groups_version);
      if (!listed) co_return listed.error();
      if (listed->error_code != kafka::error::none)
        co_return Error{Errc::Busy, fmt::format("{}: doesn't know its consumer groups now, error {}",
                                                to_string(address), listed->error_code)};
      const std::size_t at_once = std::max<std::size_t>(most_offsets / physical_.size(), 1);
      for (std::span<const Group> left = listed->groups; !left.empty();) {
        const std::span<const Group> asked = left.first(std::min(at_once, left.size()));
        left = left.subspan(asked.size());
        Status learnt = co_await learn_commits(address, asked);
        if (!learnt) co_return learnt;
      }
    }
    co_return Done{};
  }

  net::Task<Status> learn_commits(HostPort coordinator, std::span<const Group> groups) {
    kafka::OffsetFetchRequest request;
    for (const auto& group : groups) {
      auto& asked = request.groups.emplace_back();
      asked.group_id = group.group_id;
      auto& topic = asked.topics.emplace().emplace_back();
      topic.name = topic_;
      for (std::int32_t p = 0; p < rule_.physical_partitions; ++p) topic.partition_indexes.push_back(p);
    }
    Bytes fetch = kafka::encode_request(request, offset_fetch_version, 1, client_id);
    Result<Bytes> offsets = co_await ask(std::move(coordinator), std::move(fetch));
    if (!offsets) co_return std::move(offsets).error();
    const auto said = kafka::decode_response<kafka::OffsetFetchResponse>(*offsets, offset_fetch_version);
    if (!said) co_return said.error();
    for (const auto& group : said->groups) note(group);
    co_return Done{};
  }

  void note(const kafka::OffsetFetchResponse::Group& group) {
    const auto shadow = virt::parse_shadow(group.group_id);
    const std::int32_t number = shadow ? shadow->number : 0;
    if (number >= rule_.groups()) return;
    const std::string name = shadow ? std::string(shadow->group) : group.group_id;
    if (group.error_code != kafka::error::none && group.error_code != kafka::error::group_id_not_found)
      unknown_[name] = group.error_code;
    for (const auto& topic : group.topics) {
      for (const auto& each : topic.partitions) {
        const bool ours = each.partition_index >= 0 && each.partition_index < rule_.physical_partitions;
        if (each.error_code != kafka::error::none || each.committed_offset < 0 || !ours) continue;
        commits_[name][rule_.virtual_of(number, each.partition_index)].offset = each.committed_offset;
        auto& lowest = physical_[static_cast<std::size_t>(each.partition_index)].lowest;
        lowest = std::min(lowest, each.committed_offset);
      }
    }
  }

  net::Task<Status> count() {
    for (std::int32_t p = 0; p < rule_.physical_partitions; ++p) {
      const Physical& of = physical_[static_cast<std::size_t>(p)];
      std::int64_t from = std::max(of.lowest, of.start);
      while (from < of.end) {
        Result<std::int64_t> next = co_await read(p, from);
        if (!next) co_return std::move(next).error();
        if (*next <= from) co_return Error{Errc::Io, fmt::format("{}: nothing comes from partition {}", topic_, p)};
        from = *next;
      }
    }
    co_return Done{};
  }

  /// What stands from there on, as much as one answer holds; where the next begins.
  net::Task<Result<std::int64_t>> read(std::int32_t p, std::int64_t from) {
    kafka::FetchRequest request;
    request.max_wait_ms = 1000;
    request.min_bytes = 1;
    request.max_bytes = read_bytes;
    request.session_epoch = -1;
    auto& topic = request.topics.emplace_back();
    topic.topic = topic_;
    auto& partition = topic.partitions.emplace_back();
    partition.partition = p;
    partition.fetch_offset = from;
    partition.partition_max_bytes = read_bytes;
    Bytes frame = kafka::encode_request(request, fetch_version, 1, client_id);
    Result<Bytes> answer = co_await ask(physical_[static_cast<std::size_t>(p)].leader, std::move(frame));
    if (!answer) co_return std::move(answer).error();
    const auto said = kafka::decode_response<kafka::FetchResponse>(*answer, fetch_version);
    if (!said) co_return said.error();
    if (said->responses.empty() || said->responses[0].partitions.empty()) co_return from;
    const auto& got = said->responses[0].partitions[0];
    if (got.error_code != kafka::error::none)
      co_return Error{Errc::Io, fmt::format("{}: partition {} answers error {}", topic_, p, got.error_code)};
    if (!got.records) co_return from;
    const auto at = static_cast<std::size_t>(got.records->bytes.data() - answer->data());
    virt::BatchWalk walk(MutableBytes(*answer).subspan(at, got.records->bytes.size()));
    std::int64_t next = from;
    for (Result<std::optional<virt::Batch>> batch = walk.next();; batch = walk.next()) {
      if (!batch) co_return std::move(batch).error();
      if (!*batch) co_return next;
      next = std::max(next, (*batch)->last_offset() + 1);
      count_in(p, **batch);
    }
  }

  void count_in(std::int32_t p, const virt::Batch& batch) {
    if (batch.control() || batch.group() < 0 || batch.group() >= rule_.groups()) return;
    const std::int32_t v = rule_.virtual_of(batch.group(), p);
    const std::int64_t records = big_endian_i32(batch.bytes().subspan(record_count_at));
    for (auto& [group, offsets] : commits_) {
      const auto commit = offsets.find(v);
      if (commit == offsets.end() || batch.last_offset() < commit->second.offset) continue;
      commit->second.lag += std::min(records, batch.last_offset() - commit->second.offset + 1);
    }
  }

  std::string text() const {
    std::string out =
        fmt::format("{}: {} virtual partitions on {}\n\n{:>9} {:>9} {:>7} {:>14}\n", topic_, rule_.virtual_partitions,
                    rule_.physical_partitions, "PARTITION", "PHYSICAL", "GROUP", "END");
    for (std::int32_t v = 0; v < rule_.virtual_partitions; ++v) {
      const std::int32_t p = rule_.physical_of(v);
      out += fmt::format("{:>9} {:>9} {:>7} {:>14}\n", v, p, rule_.group_of(v),
                         physical_[static_cast<std::size_t>(p)].end);
    }
    for (const auto& [group, offsets] : commits_) {
      std::int64_t total = 0;
      std::string rows;
      for (const auto& [v, commit] : offsets) {
        total += commit.lag;
        rows += fmt::format("{:>9} {:>14} {:>14}\n", v, commit.offset, commit.lag);
      }
      out += fmt::format("\nconsumer group {}: {} records behind\n{:>9} {:>14} {:>14}\n{}", printable(group), total,
                         "PARTITION", "COMMITTED", "LAG", rows);
    }
    for (const auto& [group, error] : unknown_)
      out += fmt::format("\nconsumer group {}: not all of its offsets are known, error {}\n", printable(group), error);
    return out;
  }

  net::Loop& loop_;
  const Runtime& runtime_;
  const virt::TopicRule rule_;
  const std::string topic_;
  std::map<std::string, net::Stream> streams_;  ///< by address
  std::map<std::int32_t, HostPort> brokers_;
  std::vector<Physical> physical_;
  std::map<std::string, std::map<std::int32_t, Commit>> commits_;  ///< group → virtual partition
  std::map<std::string, std::int16_t> unknown_;                    ///< groups whose offsets, or some, nobody told
};

}  // namespace

Result<std::string> describe_virtual(const config::Config& config, const std::string& topic) {
  auto runtime = Runtime::build(std::make_shared<const config::Config>(config), config::read_files(config));
  if (!runtime) return std::move(runtime).error();
  const virt::TopicRule* const rule = (*runtime)->mapping == nullptr ? nullptr : (*runtime)->mapping->find(topic);
  if (rule == nullptr) return Error{Errc::Invalid, topic + " is not virtual: partition_mapping.topics doesn't name it"};
  if ((*runtime)->passive())
    return Error{Errc::Unauthorized,
                 "the brokers want a login that only clients have; add auth_swap.upstream_credentials"};
  net::Loop loop;
  loop.start();
  Description description(loop, **runtime, *rule, topic);
  std::optional<Result<std::string>> made;
  std::promise<void> done;
  net::asio::co_spawn(loop.executor(), description.make(&made), [&done](const std::exception_ptr& failed) {
    if (failed)
      done.set_exception(failed);
    else
      done.set_value();
  });
  done.get_future().get();
  loop.stop();
  return *std::move(made);
}

}  // namespace kp::proxy
