#include "virtual/apis/fetch_tail.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "kafka/errors.h"

namespace kp::virt {
namespace {

/// So many records before the end still are its tail. What lies further back would only drive out what is wanted more.
constexpr std::int64_t near_the_end = 10'000;
constexpr std::int8_t read_committed = 1;
/// In bytes. It stands in each question that is kept, so a client's invention must not be any size.
constexpr std::size_t longest_rack = 255;

/// Others may read what no consumer sees, or learn something else than records.
bool asks_as_a_consumer(const kafka::FetchRequest& request) {
  return request.replica_id == -1 && !request.replica_state && !request.cluster_id &&
         request.rack_id.size() <= longest_rack;
}

/// Who always gets what others read would never ask, and brokers (connections.max.idle.ms), or what stands before them,
/// close a connection on which nothing moves.
constexpr std::chrono::seconds longest_rest{30};

bool may_share(const Context& context, const kafka::FetchRequest& request) {
  return !context.reader.empty() && context.now - context.used <= longest_rest && asks_as_a_consumer(request);
}

}  // namespace

FetchTail::FetchTail(const Context& context, kafka::Version version, const kafka::FetchRequest& request)
    : tail_(may_share(context, request) ? context.tail : nullptr),
      reader_(context.reader),
      version_(version),
      request_(request) {}

/// A last fetched epoch asks whether the log has been cut: that is a broker's to say.
bool FetchTail::shares(const Want& want) const {
  return tail_ != nullptr && !tail_->crowded && want.rule != nullptr && want.rule->groups() > 1 && !want.refused &&
         want.asked.last_fetched_epoch < 0;
}

/// Who begins in the middle of it must see what he would have seen: with aborted transactions, what ended before would
/// look as if it went on.
bool FetchTail::shares(const Answered& answered, const Sieve& sieve) const {
  const bool ordinary = answered.error_code == kafka::error::none && answered.preferred_read_replica < 0 &&
                        (!answered.aborted_transactions || answered.aborted_transactions->empty()) &&
                        (!answered.diverging_epoch || answered.diverging_epoch->end_offset < 0);
  const bool committed = request_.isolation_level == read_committed;
  const std::int64_t visible = committed ? answered.last_stable_offset : answered.high_watermark;
  return ordinary && sieve.end() >= visible - near_the_end;
}

TailPlace FetchTail::place_of(const Want& want) const {
  return {{reader_, version_, request_.isolation_level, request_.rack_id, want.key, want.upstream(),
           want.asked.current_leader_epoch},
          want.from};
}

std::vector<FetchTail::Hit> FetchTail::hits(std::deque<Want>& wants, Time now) {
  std::vector<Hit> found;
  std::map<const TailRead*, std::size_t> counted;
  std::int64_t bytes = 0;
  for (Want& want : wants) {
    if (!shares(want)) continue;
    std::shared_ptr<const TailRead> read = tail_->cache.find(place_of(want), now);
    if (read == nullptr) continue;
    const std::size_t all = read->sieve.bytes_from(want.from);
    std::size_t& so_far = counted[read.get()];
    const auto more = static_cast<std::int64_t>(all - std::min(all, so_far));
    // A broker would cut it: that is left to it.
    if (std::cmp_greater(all, want.asked.partition_max_bytes) || bytes + more > request_.max_bytes) continue;
    bytes += more;
    so_far = std::max(all, so_far);
    found.push_back({&want, std::move(read), static_cast<std::size_t>(more)});
  }
  if (bytes < request_.min_bytes) return {};
  if (tail_ != nullptr) tail_->hits += found.size();
  return found;
}

std::shared_ptr<TailWait> FetchTail::wait(std::span<Want* const> wants, Time until) const {
  if (tail_ == nullptr || request_.max_wait_ms <= 0) return nullptr;
  std::vector<TailPlace> places;
  for (const Want* const want : wants) {
    if (want->refused) continue;
    if (!shares(*want)) return nullptr;
    places.push_back(place_of(*want));
  }
  return tail_->under_way.wait(places, {request_.min_bytes, until});
}

void FetchTail::asked(std::span<const Cluster> clusters, bool waits, Time now) {
  if (tail_ == nullptr) return;
  std::vector<TailPlace> places;
  for (const Cluster& cluster : clusters) {
    if (!shares(*cluster.wants[0])) continue;
    tail_->misses += cluster.wants.size();
    places.push_back(place_of(*cluster.wants[0]));
  }
  if (!waits || places.empty()) return;
  const Time until = now + std::chrono::milliseconds(request_.max_wait_ms);
  reading_ = std::make_unique<ReadsUnderWay::Read>(tail_->under_way, std::move(places),
                                                   ReadsUnderWay::Terms{request_.min_bytes, until});
}

std::shared_ptr<const TailRead> FetchTail::share(const Cluster& cluster, const std::shared_ptr<const Bytes>& frame,
                                                 const Answered& answered, const Sieve& sieve) {
  const Want& first = *cluster.wants[0];
  if (!shares(first) || sieve.end() <= first.from || !shares(answered, sieve)) return nullptr;
  auto read = std::make_shared<const TailRead>(TailRead{frame, answered, sieve});
  shared_[frame.get()].emplace_back(place_of(first), read);
  return read;
}

void FetchTail::answered(Time now) {
  for (auto& [frame, reads] : shared_) tail_->cache.keep(std::move(reads), now);
  shared_.clear();
  reading_.reset();
}

}  // namespace kp::virt
