#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "kafka/errors.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/02_list_offsets.h"
#include "virtual/apis/apis.h"
#include "virtual/apis/fetch_plan.h"
#include "virtual/apis/fetch_tail.h"
#include "virtual/fields.h"
#include "virtual/filler.h"
#include "virtual/sieve.h"

namespace kp::virt {
namespace {

using Request = kafka::FetchRequest;
using Response = kafka::FetchResponse;
using Asked = Request::Topic::Partition;
using Answered = Response::Topic::Partition;

constexpr kafka::Version list_offsets_version = 1;  ///< every broker has it
constexpr std::int64_t earliest = -2;

/// What was read of one physical partition, once, for all that want something of it.
struct Read {
  std::optional<Sieve> sieve;
  std::shared_ptr<const TailRead> shared;  ///< in its place: others may have it too
  std::int16_t error_code = kafka::error::none;
};

MutableBytes mutable_part(Bytes& whole, BytesView part) {
  return MutableBytes(whole).subspan(static_cast<std::size_t>(part.data() - whole.data()), part.size());
}

class Fetch : public Exchange {
 public:
  using Exchange::Exchange;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    request_ = std::move(*decoded);
    std::vector<kafka::Uuid> wanted;
    for (const auto& topic : request_.topics) wanted.push_back(topic.topic_id);
    return with_names(wanted, [this] { return start(); });
  }

 private:
  Result<Step> start() {
    const bool any_virtual = std::ranges::any_of(
        request_.topics, [this](const auto& topic) { return rule(topic.topic, topic.topic_id) != nullptr; });
    // We keep no sessions, and a broker's may hold what has become virtual since: the client sends everything again.
    const bool in_full = request_.session_epoch <= 0;
    bool* const before = fetches_in_full();
    if (in_full && before != nullptr) *before = true;
    if ((any_virtual && request_.session_id != 0) || (!in_full && before != nullptr && !*before)) {
      Response none;
      none.error_code = kafka::error::fetch_session_id_not_found;
      return answer(none);
    }
    if (!any_virtual) return Step{};
    if (Status noted = note_wants(); !noted) return std::move(noted).error();
    tail_.emplace(context(), version(), request_);
    return begin_read(now() + std::chrono::milliseconds(request_.max_wait_ms), true);
  }

  /// From what others have just read, from what they read, or from the broker.
  Result<Step> begin_read(Policies::Time until, bool may_wait) {
    for (const FetchTail::Hit& hit : tail_->hits(wants_, now())) {
      hit.want->answer = &hit.read->answered;
      hit.want->read = reads_.size();
      reads_.emplace_back().shared = hit.read;
      request_.max_bytes -= static_cast<std::int32_t>(hit.bytes);
      request_.max_wait_ms = 0;
    }
    std::vector<Want*> rest;
    for (Want& want : wants_)
      if (want.answer == nullptr) rest.push_back(&want);
    if (auto other = may_wait ? tail_->wait(rest, until) : nullptr) {
      return wait_for(std::move(other), [this, until](std::vector<Bytes>&) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now()).count();
        request_.max_wait_ms = static_cast<std::int32_t>(std::max<std::int64_t>(left, 0));
        return begin_read(until, false);
      });
    }
    return read(rest, [this](std::vector<Bytes>& answers) { return after_read(answers); });
  }

  Status note_wants() {
    std::set<std::pair<TopicKey, std::int32_t>> seen;
    for (const auto& topic : request_.topics) {
      const TopicRule* const of = rule(topic.topic, topic.topic_id);
      if (topic.topic.size() > longest_topic_name)
        return Error{Errc::Malformed, "a topic's name that Kafka can't have"};
      for (const Asked& asked : topic.partitions) {
        if (!seen.emplace(key_of(topic), asked.partition).second) continue;
        Want& want = wants_.emplace_back();
        want.key = key_of(topic);
        want.partition = asked.partition;
        want.rule = of;
        want.asked = asked;
        want.from = asked.fetch_offset;
        if (of == nullptr) continue;
        want.refused = !of->has(asked.partition);
        if (!of->filler) want.from = skips().next(topic_name(want), asked.partition, want.from);
      }
    }
    return Done{};
  }

  const std::string& topic_name(const Want& want) {
    const std::string* const by_id = ids().name_of(id_in(want.key));
    return by_id == nullptr ? std::get<0>(want.key) : *by_id;
  }

  // ------ asking

  Result<Step> read(const std::vector<Want*>& wants, Then then) {
    std::vector<Want*> wanted;
    for (Want* const want : wants)
      if (!want->refused) wanted.push_back(want);
    FetchPlan plan = plan_fetch(std::move(wanted), turns());
    clusters_ = std::move(plan.clusters);
    const std::size_t count = plan.asks;
    if (count == 0) return finish();
    std::vector<Request> requests(count, head());
    // Several come one after the other on the connection, so none may wait for something new.
    if (count > 1 || round_ > 0) {
      for (Request& each : requests) each.max_wait_ms = 0;
    }
    // Together they bring what the client has room for; of each, brokers send one batch at least.
    const auto share = static_cast<std::int64_t>(request_.max_bytes) / static_cast<std::int64_t>(count);
    for (Request& each : requests) each.max_bytes = static_cast<std::int32_t>(std::max<std::int64_t>(share, 1));
    // In the client's order, which is how it shares the bytes out fairly.
    std::map<const Want*, const Cluster*> lowest;
    for (const Cluster& cluster : clusters_) lowest[cluster.wants[0]] = &cluster;
    for (const Want& want : wants_) {
      if (const auto found = lowest.find(&want); found != lowest.end())
        add(*found->second, requests[found->second->ask]);
    }
    if (round_ == 0) tail_->asked(clusters_, count == 1 && request_.max_wait_ms > 0, now());
    std::vector<Ask> asks;
    for (const Request& each : requests) asks.push_back(ask(each));
    return ask_all(std::move(asks), std::move(then));
  }

  Request head() const {
    Request out = request_;
    out.topics.clear();
    out.forgotten_topics_data.clear();
    out.session_id = 0;
    out.session_epoch = -1;
    return out;
  }

  static void add(const Cluster& cluster, Request& request) {
    const Want& first = *cluster.wants[0];
    if (request.topics.empty() || key_of(request.topics.back()) != first.key) {
      set_key(request.topics.emplace_back(), first.key);
    }
    Asked& asked = request.topics.back().partitions.emplace_back(first.asked);
    asked.partition = first.upstream();
    asked.fetch_offset = first.from;
    for (const Want* const want : cluster.wants) {
      asked.partition_max_bytes = std::max(asked.partition_max_bytes, want->asked.partition_max_bytes);
    }
    if (cluster.wants.size() > 1) asked.last_fetched_epoch = -1;
  }

  // ------ what comes back

  /// Gives each want its answer. An error ends the whole: it is the client's to hear.
  Status take(std::vector<Bytes>& answers) {
    std::vector<decltype(find_all(responses_[0].responses))> found;
    for (Bytes& each : answers) {
      const auto& kept = answers_.emplace_back(std::make_shared<Bytes>(std::move(each)));
      auto decoded = kafka::decode_response<Response>(*kept, version());
      if (!decoded) return std::move(decoded).error();
      found.push_back(find_all(responses_.emplace_back(std::move(*decoded)).responses));
    }
    for (const Cluster& cluster : clusters_) {
      const Want& first = *cluster.wants[0];
      if (cluster.ask >= found.size()) return Error{Errc::Internal, "not as many answers as questions"};
      const auto entry = found[cluster.ask].find({first.key, first.upstream()});
      if (entry == found[cluster.ask].end()) continue;  // as a broker does of which a quota wants less
      reads_.push_back(make_read(*entry->second, answers_[answers_.size() - found.size() + cluster.ask], cluster));
      const Answered*& known = known_[first.physical()];
      if (known == nullptr || known->error_code == kafka::error::offset_out_of_range) known = entry->second;
      for (Want* const want : cluster.wants) {
        want->answer = entry->second;
        want->read = reads_.size() - 1;
      }
    }
    tail_->answered(now());
    return Done{};
  }

  Read make_read(const Answered& answered, const std::shared_ptr<Bytes>& frame, const Cluster& cluster) {
    Read read;
    if (cluster.wants[0]->rule == nullptr || !answered.records) return read;
    auto sieve = Sieve::over(mutable_part(*frame, answered.records->bytes));
    if (sieve) {
      read.shared = tail_->share(cluster, frame, answered, *sieve);
      if (read.shared == nullptr) read.sieve = std::move(*sieve);
    } else {
      read.error_code = sieve.error().code == Errc::Unsupported ? kafka::error::unsupported_for_message_format
                                                                : kafka::error::corrupt_message;
    }
    return read;
  }

  /// Comes here three times at most: each want looks for the log's start once, and is read alone once.
  Result<Step> after_read(std::vector<Bytes>& answers) {
    if (Status taken = take(answers); !taken) return std::move(taken).error();
    again_.clear();
    starts_asked_.clear();
    kafka::ListOffsetsRequest starts;
    starts.replica_id = -1;
    for (const Cluster& cluster : clusters_) look_again(cluster, starts);
    if (again_.empty()) return finish();
    ++round_;
    if (starts.topics.empty()) return read_again();
    return ask_one(ask(starts, list_offsets_version), [this](std::vector<Bytes>& found) { return start_again(found); });
  }

  /// Which of a cluster have to be read once more: all where the lowest offset was out of range, and who stands behind
  /// what the broker has, which it can only say to one that asks from there.
  void look_again(const Cluster& cluster, kafka::ListOffsetsRequest& starts) {
    const Want& first = *cluster.wants[0];
    if (first.rule == nullptr || first.answer == nullptr) return;
    if (first.answer->error_code == kafka::error::offset_out_of_range) {
      if (first.placed) return;
      for (Want* const want : cluster.wants) want->placed = true;
      again_.insert(again_.end(), cluster.wants.begin(), cluster.wants.end());
      // Brokers refuse a partition that is named twice.
      if (!starts_asked_.emplace(topic_name(first), first.upstream()).second) return;
      auto& topic = starts.topics.emplace_back();
      topic.name = topic_name(first);
      auto& partition = topic.partitions.emplace_back();
      partition.partition_index = first.upstream();
      partition.timestamp = earliest;
    } else if (first.answer->error_code == kafka::error::none) {
      for (Want* const want : cluster.wants) {
        if (want->from <= first.answer->high_watermark || want == cluster.wants[0]) continue;
        want->alone = true;
        again_.push_back(want);
      }
    }
  }

  Result<Step> start_again(const std::vector<Bytes>& answers) {
    auto found = kafka::decode_response<kafka::ListOffsetsResponse>(answers.at(0), list_offsets_version);
    if (!found) return std::move(found).error();
    std::map<std::pair<std::string, std::int32_t>, std::int64_t> starts;
    for (const auto& topic : found->topics) {
      for (const auto& each : topic.partitions) {
        if (each.error_code == kafka::error::none) starts[{topic.name, each.partition_index}] = each.offset;
      }
    }
    for (Want* const want : again_) {
      if (want->answer->error_code != kafka::error::offset_out_of_range) continue;
      const std::string& name = topic_name(*want);
      if (want->from != want->asked.fetch_offset) skips().forget(name, want->partition, want->asked.fetch_offset);
      want->from = want->asked.fetch_offset;
      const auto start = starts.find({name, want->upstream()});
      if (start == starts.end() || want->from >= start->second) continue;
      // What is missing belonged to retention, whoever's traffic pushed it out.
      if (mapping().resume_at_log_start())
        want->from = start->second;
      else
        want->refused = true;
    }
    return read_again();
  }

  Result<Step> read_again() {
    return read(again_, [this](std::vector<Bytes>& answers) { return after_read(answers); });
  }

  // ------ the answer

  Result<Step> finish() {
    Response out;
    for (Response& each : responses_) {
      out.throttle_time_ms = std::max(out.throttle_time_ms, each.throttle_time_ms);
      if (out.error_code == kafka::error::none) out.error_code = each.error_code;
      add_endpoints(out, each);
    }
    if (out.error_code == kafka::error::none)
      for (Want& want : wants_) add(want, out);
    Step done = out.node_endpoints ? answer(out) : answer_lending(out);
    reads_.clear();  // shared frames: the answer has copies, and a slow client must not keep what nobody counts
    return done;
  }

  static void add_endpoints(Response& out, Response& from) {
    if (!from.node_endpoints) return;
    if (!out.node_endpoints) out.node_endpoints.emplace();
    for (auto& each : *from.node_endpoints) {
      const auto same = [&](const auto& known) { return known.node_id == each.node_id; };
      if (std::ranges::none_of(*out.node_endpoints, same)) out.node_endpoints->push_back(std::move(each));
    }
  }

  void add(const Want& want, Response& out) {
    if (want.left_out) return add_left_out(want, out);
    if (!want.refused && want.answer == nullptr) return;
    Answered& answered = place_for(want, out);
    if (want.refused) {
      answered.error_code =
          want.rule->has(want.partition) ? kafka::error::offset_out_of_range : kafka::error::unknown_topic_or_partition;
      answered.high_watermark = -1;
      answered.records.emplace();
    } else {
      answered = *want.answer;
      if (want.rule != nullptr) take_own(want, answered);
    }
    answered.partition_index = want.partition;
  }

  static Answered& place_for(const Want& want, Response& out) {
    if (out.responses.empty() || key_of(out.responses.back()) != want.key) {
      set_key(out.responses.emplace_back(), want.key);
    }
    return out.responses.back().partitions.emplace_back();
  }

  /// As brokers answer when the bytes of a Fetch are used up: without records, with the offsets of the partition. To
  /// clients that is no error, and no end of a partition either. They would drop an answer that doesn't name all.
  void add_left_out(const Want& want, Response& out) {
    const auto known = known_.find(want.physical());
    if (known == known_.end()) return;
    Answered& answered = place_for(want, out);
    if (known->second->error_code == kafka::error::offset_out_of_range)
      answered.high_watermark = -1;  // where others stand is no matter of this one's
    else
      answered = *known->second;
    answered.partition_index = want.partition;
    answered.diverging_epoch = {};
    if (answered.aborted_transactions) answered.aborted_transactions->clear();
    answered.records.emplace();
  }

  void take_own(const Want& want, Answered& answered) {
    // Nobody writes to a virtual topic in a transaction; what is there from before is group 0's.
    const std::int32_t group = want.rule->group_of(want.partition);
    if (group != 0 && answered.aborted_transactions) answered.aborted_transactions->clear();
    Read& read = reads_.at(want.read);
    if (read.error_code != kafka::error::none) {
      answered.error_code = read.error_code;
      answered.records.emplace();
    }
    if (!read.sieve && read.shared == nullptr) return;
    const Filler filler = want.rule->filler ? Filler::Control : Filler::None;
    const std::int64_t offset = want.asked.fetch_offset;
    Sieve::Taken& taken = taken_.emplace_back(read.sieve ? read.sieve->take(group, offset, filler)
                                                         : read.shared->sieve.copy(group, offset, filler));
    // Retention has taken all that there was: a client that stays before the log's start asks again at once.
    if (filler == Filler::Control && want.from > offset && taken.records.empty() && answered.error_code == 0) {
      append_filler({.first = offset, .last = want.from - 1}, taken.made);
      taken.records = taken.made;
    }
    answered.records = kafka::Records{taken.records};
    made_ += taken.made.size();
    if (filler == Filler::None && taken.kept == 0) {
      skips().note(topic_name(want), want.partition, want.asked.fetch_offset, std::max(taken.next_offset, want.from));
      if (answered.error_code != kafka::error::none) return;
      // kafka-go closes a connection on which it finds nothing before the high watermark.
      answered.high_watermark = want.asked.fetch_offset;
      answered.last_stable_offset = std::min(answered.last_stable_offset, answered.high_watermark);
    }
  }

  Request request_;
  std::deque<Want> wants_;  ///< in the client's order; they don't move
  std::vector<Cluster> clusters_;
  std::vector<Want*> again_;
  std::set<std::pair<std::string, std::int32_t>> starts_asked_;  ///< of this round: topic, physical partition
  int round_ = 0;
  std::optional<FetchTail> tail_;
  std::vector<std::shared_ptr<Bytes>> answers_;  ///< all that is below borrows from them
  std::deque<Response> responses_;
  std::map<Turns::Key, const Answered*> known_;  ///< one for each physical partition
  std::vector<Read> reads_;
  std::deque<Sieve::Taken> taken_;
};

}  // namespace

std::unique_ptr<Exchange> make_fetch(const Context& context, Bytes frame, std::size_t body_at) {
  return make<Fetch>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
