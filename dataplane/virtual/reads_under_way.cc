#include "virtual/reads_under_way.h"

#include <set>

namespace kp::virt {

ReadsUnderWay::Read::Read(ReadsUnderWay& of, std::vector<TailPlace> places, Terms terms) : of_(of), terms_(terms) {
  for (TailPlace& place : places) entries_.push_back(of_.reads_.emplace(std::move(place), this));
}

ReadsUnderWay::Read::~Read() {
  for (const auto entry : entries_) of_.reads_.erase(entry);
  for (const auto& each : waits_) {
    const std::shared_ptr<TailWait> wait = each.lock();
    if (wait == nullptr || wait->over) continue;
    wait->over = true;
    if (wait->wake) wait->wake();
  }
}

ReadsUnderWay::Read* ReadsUnderWay::find(const TailPlace& place, Terms terms) const {
  const auto [first, last] = reads_.equal_range(place);
  for (auto at = first; at != last; ++at) {
    Read* const read = at->second;
    if (read->terms_.min_bytes <= terms.min_bytes && read->terms_.until <= terms.until) return read;
  }
  return nullptr;
}

std::shared_ptr<TailWait> ReadsUnderWay::wait(const std::vector<TailPlace>& places, Terms terms) {
  std::set<Read*> reads;
  for (const TailPlace& place : places) {
    Read* const read = find(place, terms);
    if (read == nullptr) return nullptr;
    reads.insert(read);
  }
  if (reads.empty()) return nullptr;
  const auto wait = std::make_shared<TailWait>(TailWait{terms.until});
  for (Read* const read : reads) read->waits_.push_back(wait);
  return wait;
}

}  // namespace kp::virt
