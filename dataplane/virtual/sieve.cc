#include "virtual/sieve.h"

#include <algorithm>
#include <limits>

#include "virtual/batch.h"
#include "virtual/filler.h"

namespace kp::virt {
namespace {

std::int64_t behind(std::int64_t last) { return last == std::numeric_limits<std::int64_t>::max() ? last : last + 1; }

}  // namespace

Result<Sieve> Sieve::over(MutableBytes records) {
  Sieve sieve(records);
  BatchWalk walk(records);
  while (true) {
    Result<std::optional<Batch>> batch = walk.next();
    if (!batch) return std::move(batch).error();
    if (!*batch) return sieve;
    const std::size_t size = (*batch)->bytes().size();
    const std::int64_t base = (*batch)->base_offset();
    if (!sieve.seen_.empty() && base <= sieve.seen_.back().last) {
      return Error{Errc::Malformed, "record batches: their offsets don't ascend"};
    }
    sieve.seen_.push_back(
        {records.size() - walk.left() - size, size, base, (*batch)->last_offset(), (*batch)->group()});
  }
}

std::int64_t Sieve::end() const { return seen_.empty() ? 0 : behind(seen_.back().last); }

/// Each kept batch, ending where the run of dropped ones behind it ends.
std::vector<Sieve::Seen> Sieve::kept_of(std::int32_t group, std::int64_t offset, Filler filler, Taken& taken) const {
  std::vector<Seen> kept;
  taken.next_offset = offset;
  for (const Seen& each : seen_) {
    if (each.last < offset) continue;
    taken.next_offset = behind(each.last);
    if (each.group == group) {
      kept.push_back(each);
      continue;
    }
    ++taken.dropped;
    if (!kept.empty()) {
      kept.back().last = std::min(each.last, kept.back().base + std::numeric_limits<std::int32_t>::max());
    }
  }
  taken.kept = kept.size();
  if (kept.empty() && taken.dropped > 0 && filler == Filler::Control) fill(offset, taken);
  return kept;
}

/// As their producers wrote them.
void Sieve::copy_to(Taken& taken, std::span<const Seen> kept) const {
  taken.made.reserve(size_of(kept));
  for (const Seen& each : kept) {
    const BytesView batch = BytesView(records_).subspan(each.at, each.size);
    taken.made.insert(taken.made.end(), batch.begin(), batch.end());
    Batch(MutableBytes(taken.made).last(each.size)).restore(each.last);
  }
  taken.records = taken.made;
}

void Sieve::fill(std::int64_t offset, Taken& taken) const {
  const auto first = std::ranges::find_if(seen_, [&](const Seen& each) { return each.last >= offset; });
  const Seen& last = seen_.back();
  const Batch batch(records_.subspan(last.at, last.size));
  append_filler({std::max(first->base, offset), last.last, batch.leader_epoch(), batch.max_timestamp()}, taken.made);
  taken.records = taken.made;
}

Sieve::Taken Sieve::take(std::int32_t group, std::int64_t offset, Filler filler) {
  Taken taken;
  const std::vector<Seen> kept = kept_of(group, offset, filler, taken);
  if (kept.empty()) return taken;
  const std::size_t span = kept.back().at + kept.back().size - kept.front().at;
  if (span != size_of(kept)) {
    copy_to(taken, kept);
    return taken;
  }
  for (const Seen& each : kept) Batch(records_.subspan(each.at, each.size)).restore(each.last);
  taken.records = records_.subspan(kept.front().at, span);
  return taken;
}

Sieve::Taken Sieve::copy(std::int32_t group, std::int64_t offset, Filler filler) const {
  Taken taken;
  const std::vector<Seen> kept = kept_of(group, offset, filler, taken);
  if (!kept.empty()) copy_to(taken, kept);
  return taken;
}

std::size_t Sieve::bytes_from(std::int64_t offset) const {
  const auto first = std::ranges::find_if(seen_, [&](const Seen& each) { return each.last >= offset; });
  return size_of({first, seen_.end()});
}

std::size_t Sieve::size_of(std::span<const Seen> seen) {
  std::size_t bytes = 0;
  for (const Seen& each : seen) bytes += each.size;
  return bytes;
}

}  // namespace kp::virt
