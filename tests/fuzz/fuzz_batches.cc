#include <algorithm>
#include <cstdint>
#include <vector>

#include "fuzz/check.h"
#include "virtual/batch.h"
#include "virtual/sieve.h"

namespace {

using kp::Bytes;
using kp::BytesView;
using kp::virt::Batch;
using kp::virt::BatchWalk;
using kp::virt::Sieve;

/// What there is of a record set, in as far as it can be walked.
std::size_t walk(Bytes records) {
  BatchWalk walk(records);
  std::size_t bytes = 0;
  while (true) {
    const auto batch = walk.next();
    if (!batch || !*batch) break;
    check((*batch)->last_offset() >= (*batch)->base_offset(), "a batch ends where it begins, or later");
    bytes += (*batch)->bytes().size();
  }
  check(bytes <= records.size(), "no more is walked than there is");
  return bytes;
}

void produce(const Bytes& before, std::int32_t group) {
  Bytes records = before;
  if (!kp::virt::tag_all(records, group)) {
    check(records == before, "what is refused is left as it was");
    return;
  }
  check(walk(records) == records.size(), "what is tagged is a whole number of batches");
  BatchWalk all(records);
  while (true) {
    auto batch = all.next();
    if (!batch || !*batch) break;
    check((*batch)->group() == group, "a tag can be read");
    (*batch)->restore((*batch)->last_offset());
  }
  // A plain batch's epoch and sequence come back as -1, whatever they were.
  check(records.size() == before.size(), "nothing moves");
  for (std::size_t i = 0; i < records.size(); ++i)
    check(records[i] == before[i] || group > 0, "group 0 stays as it is");
}

void fetch(Bytes records, std::int32_t group, std::int64_t offset, bool filler) {
  auto sieve = Sieve::over(records);
  if (!sieve) return;
  const Sieve::Taken taken = sieve->take(group, offset, filler ? kp::virt::Filler::Control : kp::virt::Filler::None);
  check(taken.next_offset >= offset, "nobody goes back");
  check(taken.dropped + taken.kept > 0 || taken.records.empty(), "nothing comes of nothing");
  Bytes copy(taken.records.begin(), taken.records.end());
  check(walk(copy) == copy.size(), "what is taken can be walked");
  BatchWalk batches(copy);
  std::int64_t position = -1;
  while (true) {
    const auto batch = batches.next();
    if (!batch || !*batch) break;
    check((*batch)->base_offset() > position, "offsets ascend");
    check((*batch)->last_offset() >= offset, "nothing from before the offset");
    position = (*batch)->last_offset();
  }
}

}  // namespace

/// Input: group, offset, filler, then the records.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::int32_t group = data[0] | ((data[1] & 0x7f) << 8);
  const std::int64_t offset = data[2];
  const Bytes records(data + 4, data + size);
  walk(records);
  produce(records, group);
  fetch(records, group, offset, (data[3] & 1) != 0);
  return 0;
}
