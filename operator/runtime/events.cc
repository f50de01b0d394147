#include "runtime/events.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace kp::runtime {

using kube::Json;

namespace {

constexpr std::size_t max_message_bytes = 1024;
constexpr std::chrono::seconds pause_after_failure{1};

/// Cut between two characters of UTF-8.
std::string shortened(std::string text) {
  if (text.size() <= max_message_bytes) return text;
  std::size_t end = max_message_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

Json reference_to(const Json& object) {
  const kube::Name name = kube::name_of(object);
  Json out{{"apiVersion", object.value("apiVersion", "")}, {"kind", object.value("kind", "")}, {"name", name.name}};
  if (!name.space.empty()) out["namespace"] = name.space;
  if (const auto metadata = object.find("metadata"); metadata != object.end() && metadata->contains("uid"))
    out["uid"] = (*metadata)["uid"];
  return out;
}

}  // namespace

EventRecorder::EventRecorder(kube::Client& client, Clock& clock, Options options)
    : client_(client), clock_(clock), options_(std::move(options)), rate_(options_.per_second, options_.burst) {}

void EventRecorder::record(const Json& about, Note note) {
  note.message = shortened(std::move(note.message));
  Json reference = reference_to(about);
  std::string text = reference.dump();
  About item{std::move(reference), std::move(text), std::move(note)};
  const std::lock_guard lock(mutex_);
  if (backlog_.size() >= options_.backlog) {
    ++dropped_;
    return;
  }
  backlog_.push_back(std::move(item));
  recorded_.notify_one();
}

void EventRecorder::run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const std::lock_guard lock(mutex_);
    recorded_.notify_one();
  });
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!backlog_.empty()) {
      About next = std::move(backlog_.front());
      backlog_.pop_front();
      lock.unlock();
      take(std::move(next));
      lock.lock();
    }
    if (stop.stop_requested()) break;
    lock.unlock();
    make_waiting();
    write_counts(false);
    forget_old();
    const Clock::Time next = next_count();
    lock.lock();
    if (backlog_.empty() && !stop.stop_requested()) clock_.wait_until(recorded_, lock, next);
  }
  lock.unlock();
  make_waiting();
  write_counts(true);
}

void EventRecorder::take(About about) {
  const Clock::Time now = clock_.now();
  auto known = series_.find(about);
  if (known != series_.end() && now - known->second.last > options_.forgotten_after) {
    series_.erase(known);
    known = series_.end();
  }
  if (known == series_.end()) {
    if (series_.size() >= options_.remembered) return drop();
    series_[std::move(about)] = {.last = now, .last_wall = clock_.wall_time(), .waiting = true};
    return make_waiting();
  }
  Series& series = known->second;
  ++series.count;
  series.last = now;
  series.last_wall = clock_.wall_time();
  series.behind = true;
}

/// As far as the rate allows.
void EventRecorder::make_waiting() {
  const Clock::Time now = clock_.now();
  if (now < try_again_at_) return;
  for (auto each = series_.begin(); each != series_.end();) {
    Series& series = each->second;
    if (!series.waiting) {
      ++each;
      continue;
    }
    if (!rate_.try_take(now)) return;
    Result<kube::Name> made = make(each->first);
    if (made) {
      series.name = *std::move(made);
      series.waiting = false;
      series.written = now;
      ++each;
      continue;
    }
    const Errc failed = made.error().code;
    if (failed == Errc::Io || failed == Errc::Timeout || failed == Errc::Busy) {
      try_again_at_ = now + pause_after_failure;
      return;
    }
    each = series_.erase(each);
    drop();
  }
}

Result<kube::Name> EventRecorder::make(const About& about) {
  const Clock::WallTime wall = clock_.wall_time();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(wall.time_since_epoch()).count();
  const std::string space = about.reference.value("namespace", "default");
  kube::Name name{
      space, about.reference.value("name", "") + "." + std::to_string(micros + static_cast<std::int64_t>(made_++))};
  const Json event{{"apiVersion", api_version(kube::event)},
                   {"kind", kube::event.kind},
                   {"metadata", {{"namespace", name.space}, {"name", name.name}}},
                   {"eventTime", micro_time(wall)},
                   {"reportingController", options_.controller},
                   {"reportingInstance", options_.instance},
                   {"action", about.note.action},
                   {"reason", about.note.reason},
                   {"type", about.note.type == Note::Type::Normal ? "Normal" : "Warning"},
                   {"regarding", about.reference},
                   {"note", about.note.message}};
  Result<Json> created = client_.create(event);
  if (!created) {
    log::warn("event not written", {{"reason", about.note.reason}, {"error", created.error().message}});
    return std::move(created).error();
  }
  const std::lock_guard lock(mutex_);
  ++written_;
  return name;
}

/// `all`: also those whose turn has not come, as far as the rate allows.
void EventRecorder::write_counts(bool all) {
  const Clock::Time now = clock_.now();
  for (auto& [about, series] : series_) {
    if (series.waiting || !series.behind || (!all && now < series.written + options_.count_every)) continue;
    if (!rate_.try_take(now)) return;
    const Json patch{{"series", {{"count", series.count}, {"lastObservedTime", micro_time(series.last_wall)}}}};
    const Result<Json> patched = client_.merge_patch(kube::event, series.name, patch);
    series.written = now;  // also when it failed: the next note tries again
    series.behind = false;
    if (!patched) continue;
    const std::lock_guard lock(mutex_);
    ++written_;
  }
}

void EventRecorder::forget_old() {
  const Clock::Time now = clock_.now();
  std::erase_if(series_, [&](const auto& each) {
    const Series& series = each.second;
    if ((series.behind && !series.waiting) || now - series.last <= options_.forgotten_after) return false;
    if (series.waiting) drop();
    return true;
  });
}

/// When a count is due; max: never.
Clock::Time EventRecorder::next_count() const {
  Clock::Time next = Clock::Time::max();
  for (const auto& [about, series] : series_)
    if (series.waiting || series.behind)
      next = std::min(next, series.waiting ? clock_.now() : series.written + options_.count_every);
  // Out of rate: not at once again.
  return next == Clock::Time::max() ? next : std::max(next, clock_.now() + std::chrono::milliseconds(200));
}

void EventRecorder::drop() {
  const std::lock_guard lock(mutex_);
  ++dropped_;
}

std::uint64_t EventRecorder::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

std::uint64_t EventRecorder::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace kp::runtime
