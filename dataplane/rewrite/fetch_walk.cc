#include "rewrite/fetch_walk.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "kafka/messages/01_fetch.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/reader.h"
#include "rewrite/walk_steps.h"

namespace kp::rewrite {

namespace {

using Kind = WalkStep::Kind;
using Steps = std::vector<WalkStep>;

constexpr std::string_view last_before_tail = "Responses";
constexpr std::size_t max_uvarint_bytes = 5;

using Programs = std::map<std::pair<std::int16_t, kafka::Version>, Steps>;

void add_programs(Programs& programs, const kafka::MessageInfo& message) {
  const kafka::Rewriting& ours = kafka::find_api(message.key)->rewriting;
  for (kafka::Version v = ours.min; v <= ours.max; ++v)
    programs[{message.key, v}] = steps_to(message, v, last_before_tail);
}

const Programs& programs() {
  static const Programs all = [] {
    Programs made;
    add_programs(made, kafka::describe<kafka::FetchResponse>());
    add_programs(made, kafka::describe<kafka::ShareFetchResponse>());
    return made;
  }();
  return all;
}

Error malformed(std::string_view what) { return {Errc::Malformed, "fetch response: " + std::string(what)}; }

}  // namespace

bool can_walk(std::int16_t key, kafka::Version version) { return programs().contains({key, version}); }

FetchWalk::FetchWalk(std::int16_t key, kafka::Version version, std::uint64_t size) : size_(size) {
  enter(programs().at({key, version}), 1);
}

Result<std::size_t> FetchWalk::feed(BytesView bytes) {
  const std::size_t given = bytes.size();
  while (!at_tail_) {
    const auto passing = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    bytes = bytes.subspan(passing);
    skipped(passing);
    if (skip_ > 0 || at_tail_) break;
    Level& level = levels_.back();
    const Result<bool> taken = take((*level.steps)[level.next], bytes);
    if (!taken) return taken.error();
    if (!*taken) break;
  }
  return given - bytes.size();
}

void FetchWalk::skipped(std::uint64_t bytes) {
  skip_ -= bytes;
  passed_ += bytes;
  settle();
}

// Nothing inside a frame can be longer, or more often, than the bytes that are left of it.
Status FetchWalk::expect(std::uint64_t bytes) {
  if (bytes > size_ - passed_) return malformed("a length reaches beyond the frame");
  return Done{};
}

void FetchWalk::enter(const std::vector<WalkStep>& steps, std::uint64_t rounds) {
  if (rounds > 0) levels_.push_back({&steps, 0, rounds});
}

// Leaves what is finished, so that the innermost level always has a step to do; or reaches the tail.
void FetchWalk::settle() {
  while (skip_ == 0 && !levels_.empty() && levels_.back().next == levels_.back().steps->size()) {
    levels_.back().next = 0;
    if (--levels_.back().rounds == 0) levels_.pop_back();
  }
  at_tail_ = levels_.empty();
}

// Does one step on the front of `bytes` and takes away what it read; false: not all of it is there yet.
Result<bool> FetchWalk::take(const WalkStep& step, BytesView& bytes) {
  const BytesView before = bytes;
  std::uint64_t length = step.bytes;
  for (int varints = step.kind == Kind::Tag ? 2 : step.kind == Kind::Fixed ? 0 : 1; varints > 0; --varints) {
    kafka::Reader in(bytes.first(std::min(bytes.size(), max_uvarint_bytes)));
    length = in.uvarint();
    if (in.bad() && bytes.size() >= max_uvarint_bytes) return malformed("a varint of more than 32 bits");
    if (in.bad()) {
      bytes = before;
      return false;
    }
    bytes = bytes.subspan(std::min(bytes.size(), max_uvarint_bytes) - in.left());
  }
  if ((step.kind == Kind::Counted || step.kind == Kind::Array) && length > 0) --length;  // 0 is null, 1 is none
  passed_ += before.size() - bytes.size();
  const Status fits = passed_ <= size_ ? expect(length) : malformed("longer than its frame");
  if (!fits) return fits.error();

  ++levels_.back().next;
  if (step.kind == Kind::Array || step.kind == Kind::Tags) {
    enter(step.element, length);
  } else {
    skip_ = length;
  }
  settle();
  return true;
}

}  // namespace kp::rewrite
