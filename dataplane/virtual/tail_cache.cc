#include "virtual/tail_cache.h"

namespace kp::virt {
namespace {

/// Beside the frame: what a read takes in both tables, roughly.
constexpr std::size_t each_read = 1024;

}  // namespace

void TailCache::limit(std::size_t most) {
  most_ = most;
  while (bytes_ > most_) forget_oldest();
}

std::shared_ptr<const TailRead> TailCache::find(const TailPlace& place, Time now) {
  forget_until(now - good_for);
  auto at = reads_.upper_bound(place);
  if (at == reads_.begin()) return nullptr;
  --at;
  const bool there = at->first.first == place.first && place.second < at->second->next_offset();
  return there ? at->second : nullptr;
}

void TailCache::keep(std::vector<std::pair<TailPlace, std::shared_ptr<const TailRead>>> reads, Time now) {
  forget_until(now - good_for);
  Kept kept{now, reads[0].second->frame->capacity(), std::move(reads)};
  for (const auto& [place, read] : kept.reads) kept.bytes += each_read + read->sieve.table_bytes();
  if (kept.bytes > most_) return;
  while (bytes_ + kept.bytes > most_) forget_oldest();
  for (const auto& [place, read] : kept.reads) reads_.insert_or_assign(place, read);
  bytes_ += kept.bytes;
  kept_.push_back(std::move(kept));
}

void TailCache::forget_until(Time since) {
  while (!kept_.empty() && kept_.front().since < since) forget_oldest();
}

void TailCache::forget_oldest() {
  for (const auto& [place, read] : kept_.front().reads) {
    const auto at = reads_.find(place);
    if (at != reads_.end() && at->second == read) reads_.erase(at);
  }
  bytes_ -= kept_.front().bytes;
  kept_.pop_front();
}

}  // namespace kp::virt
