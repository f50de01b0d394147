#include "gateway/wal.h"

#include <boost/asio/post.hpp>
#include <map>

#include "base/log.h"
#include "base/thread.h"
#include "gateway/wal_frame.h"

namespace kp::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds breath{10};  ///< while Kafka takes nothing
constexpr std::chrono::milliseconds idle{200};   ///< when nothing comes
constexpr std::chrono::seconds note_every{1};
constexpr std::chrono::seconds complain_every{60};
constexpr std::chrono::seconds patience{5};           ///< for what is under way when it ends
constexpr std::chrono::seconds retiring_patience{2};  ///< for what is under way when a reload replaces producers
constexpr std::size_t chunk = 256 * 1024;

/// The first record that isn't in Kafka, of what `segments` still hold.
std::shared_ptr<WalConfirmed> confirmed_of(const std::string& directory, const WalSegments& segments) {
  return std::make_shared<WalConfirmed>(directory, std::max(segments.first(), segments.find(segments.first()).record));
}

}  // namespace

Result<std::shared_ptr<Wal>> Wal::open(const config::Wal& config) {
  Result<WalSegments> segments = WalSegments::open(config.directory);
  if (!segments) return std::move(segments).error();
  std::shared_ptr<Wal> made(new Wal(config, std::move(*segments)));
  made->thread_ = thread_without_signals([self = made.get()] { self->run(); });
  return made;
}

Wal::Wal(const config::Wal& config, WalSegments segments)
    : directory_(config.directory),
      confirmed_(confirmed_of(config.directory, segments)),
      segments_(std::move(segments)) {
  way_.config = config;
  old_ = segments_.next();
  at_ = segments_.find(segments_.first());
  figures_.bytes = segments_.bytes();
  figures_.segments = segments_.count();
  figures_.unsent = old_ - confirmed_->low();
  if (figures_.unsent > 0)
    log::info("records of the log are sent again", {{"directory", directory_}, {"records", figures_.unsent}});
}

Wal::~Wal() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  thread_.join();
  for (const Retiring& each : retiring_) each.producers->finish();
  if (way_.producers != nullptr) way_.producers->finish();
  segments_.finish(confirmed_->low());
  if (confirmed_->low() < segments_.next())
    log::warn("records stay in the log until the next start",
              {{"directory", directory_}, {"records", segments_.next() - confirmed_->low()}});
}

Status Wal::append(std::span<const Record> records, const std::string& identity,
                   const std::shared_ptr<Logged>& logged) {
  Entry entry{{}, records.size(), logged};
  std::size_t size = 0;
  for (const Record& record : records) {
    if (!fits_frame(record, identity)) return Error{Errc::Invalid, "a record that the log can't hold"};
    size += record.weight() + frame_head;
  }
  entry.frames.reserve(size);
  for (const Record& record : records) append_frame(entry.frames, record, identity);
  const std::lock_guard lock(mutex_);
  if (ending_) return Error{Errc::Draining, "the process ends"};
  if (waiting_bytes_ > 0 && waiting_bytes_ + entry.frames.size() > max_waiting_bytes)
    return Error{Errc::Busy, "the log is written too slowly"};
  waiting_bytes_ += entry.frames.size();
  waiting_.push_back(std::move(entry));
  if (waiting_.size() == 1) wanted_.notify_one();
  return Done{};
}

void Wal::go_on_by(const config::Wal& config, std::shared_ptr<Producers> producers,
                   std::shared_ptr<const Logins> logins) {
  const std::lock_guard lock(mutex_);
  way_.config = config;
  way_.logins = std::move(logins);
  if (way_.producers == producers) return;
  if (way_.producers != nullptr) {
    way_.producers->hurry_up();
    retiring_.push_back({std::move(way_.producers), steady_clock::now() + retiring_patience});
  }
  way_.producers = std::move(producers);
  wanted_.notify_one();
}

/// Nothing of them is under way any more.
bool Wal::Retiring::over() {
  if (producers->quiet()) return true;
  if (!given_up && steady_clock::now() >= end) {
    given_up = true;
    producers->give_up();
  }
  return false;
}

Settled Wal::settled() {
  return [confirmed = confirmed_](std::uint64_t record, const Outcome& outcome, const Record& content) {
    confirmed->settle(record, outcome, content);
  };
}

void Wal::run() {
  Way way;
  for (;;) {
    std::vector<Entry> batch = next_batch(way);
    if (way.producers == nullptr && !behind_) fall_behind();
    if (!batch.empty()) write(batch, way);
    keep_house(way);
    if (way.producers != nullptr && behind_) feed(way);
    const std::lock_guard lock(mutex_);
    if (ending_ && waiting_.empty()) break;
  }
  const auto end = steady_clock::now() + patience;
  while (way.producers != nullptr && way.producers->trouble().empty() && confirmed_->low() < segments_.next() &&
         steady_clock::now() < end) {
    if (behind_) feed(way);
    std::this_thread::sleep_for(breath);
  }
}

/// Waits until there is something to do. No producers in `way`: not yet, or those of before have not ended.
std::vector<Wal::Entry> Wal::next_batch(Way& way) {
  std::unique_lock lock(mutex_);
  const bool can_send = behind_ && way_.producers != nullptr && retiring_.empty() && !full_;
  auto patience_now = full_ || !retiring_.empty() ? breath : idle;
  if (dirty_) patience_now = std::min<std::chrono::milliseconds>(patience_now, way_.config.fsync_interval);
  if (!can_send) wanted_.wait_for(lock, patience_now, [this] { return ending_ || !waiting_.empty(); });
  way = way_;
  if (!retiring_.empty()) {
    way.producers = nullptr;
    std::erase_if(retiring_, [](Retiring& each) { return each.over(); });
    if (retiring_.empty()) noted_ = {};  // what they have given up is to be known at once
  }
  std::vector<Entry> batch;
  batch.swap(waiting_);
  return batch;
}

/// In groups, so that one large write doesn't hold up all answers.
void Wal::write(std::vector<Entry>& batch, const Way& way) {
  constexpr std::size_t group_bytes = 1 << 20;
  for (std::size_t begin = 0; begin < batch.size();) {
    std::size_t end = begin;
    std::size_t size = 0;
    for (; end < batch.size() && (end == begin || size + batch[end].frames.size() <= group_bytes); ++end)
      size += batch[end].frames.size();
    write_group({batch.data() + begin, end - begin}, way);
    begin = end;
    const std::lock_guard lock(mutex_);
    waiting_bytes_ -= size;
  }
}

void Wal::write_group(std::span<Entry> group, const Way& way) {
  std::string joined;
  std::uint64_t records = 0;
  if (group.size() > 1) {
    std::size_t size = 0;
    for (const Entry& each : group) size += each.frames.size();
    joined.reserve(size);
    for (const Entry& each : group) joined += each.frames;
  } else {
    joined = std::move(group.front().frames);
  }
  for (const Entry& each : group) records += each.records;
  Status written = segments_.append(joined, records, way.config.segment_bytes, way.config.max_bytes);
  if (written && way.config.fsync == config::Fsync::Each) {
    written = segments_.sync();
    const std::lock_guard lock(figures_mutex_);
    ++figures_.fsyncs;
  }
  dirty_ = dirty_ || (written && way.config.fsync == config::Fsync::Interval);
  {  // before it is told, so that who has an answer finds it counted
    const std::lock_guard lock(figures_mutex_);
    if (written)
      figures_.appended += records;
    else
      ++figures_.refused[written.error().code == Errc::Busy ? "full" : "io"];
  }
  tell(group, written ? "" : written.error().message);
  if (written && !behind_) return forward(joined, way);
  // After an fsync that failed there may be records that nobody was promised.
  if (!behind_ && at_.record != segments_.next()) fall_behind();
}

void Wal::fall_behind() {
  behind_ = true;
  at_ = segments_.find(at_.record);
}

void Wal::tell(std::span<Entry> group, const std::string& trouble) {
  std::map<net::Loop*, std::vector<std::shared_ptr<Logged>>> all;
  for (Entry& each : group) all[&each.logged->loop()].push_back(std::move(each.logged));
  for (auto& [loop, several] : all)
    net::asio::post(loop->context(), [told = std::move(several), trouble] {
      for (const auto& each : told) each->wake(trouble);
    });
}

/// What was written just now, from memory.
void Wal::forward(std::string_view frames, const Way& way) {
  while (!frames.empty()) {
    const Frame frame = read_frame(frames);
    if (frame.state != Frame::State::Whole || !forward_one(frame, way)) break;
    frames.remove_prefix(frame.size);
  }
  if (!frames.empty()) fall_behind();
}

/// False: not now.
bool Wal::forward_one(const Frame& frame, const Way& way) {
  const std::uint64_t record = at_.record;
  const Result<config::Credential> login = way.logins->upstream_of(std::string(frame.identity));
  if (confirmed_->expect(record)) {  // it was sent before, with others that were lost
  } else if (!login) {
    confirmed_->settle(record, {-1, -1, login.error().message, false}, frame.record);
  } else {
    auto producer = way.producers->of(*login);
    Status sent = producer ? (*producer)->send_marked(frame.record, record) : Status(producer.error());
    full_ = !producer || (!sent && sent.error().code == Errc::Busy);
    if (full_) return false;
    if (!sent) confirmed_->settle(record, {-1, -1, sent.error().message, false}, frame.record);
  }
  ++at_.record;
  return true;
}

/// From the files: after a start, and when Kafka did not take all.
void Wal::feed(const Way& way) {
  full_ = false;
  const std::uint64_t before = at_.record;
  const Result<std::string> bytes = segments_.read(at_, chunk);
  for (std::uint64_t gone = before; gone < at_.record; ++gone)  // what could not be read
    if (!confirmed_->expect(gone)) confirmed_->settle(gone, {}, {});
  if (!bytes) return unreadable(bytes.error().message);
  std::string_view rest = *bytes;
  std::uint64_t replayed = 0;
  while (!rest.empty()) {
    const Frame frame = read_frame(rest);
    if (frame.state != Frame::State::Whole) break;  // the rest of it is in the next chunk
    if (!forward_one(frame, way)) break;
    if (at_.record <= old_) ++replayed;
    rest.remove_prefix(frame.size);
    at_.offset += frame.size;
  }
  behind_ = !bytes->empty() || at_.record < segments_.next();
  if (at_.record == before && !rest.empty() && !full_) unreadable("record " + std::to_string(before) + " is damaged");
  const std::lock_guard lock(figures_mutex_);
  figures_.replayed += replayed;
}

/// Again in a while.
void Wal::unreadable(const std::string& why) {
  full_ = true;
  const auto now = steady_clock::now();
  if (now - complained_ < complain_every) return;
  complained_ = now;
  log::error("the log can't be read", {{"directory", directory_}, {"reason", why}});
}

void Wal::keep_house(const Way& way) {
  const auto now = steady_clock::now();
  if (dirty_ && now - synced_ >= way.config.fsync_interval) {
    if (Status ok = segments_.sync(); !ok) log::error("the log is not safe", {{"reason", ok.error().message}});
    dirty_ = false;
    synced_ = now;
    const std::lock_guard lock(figures_mutex_);
    ++figures_.fsyncs;
  }
  if (now - noted_ < note_every) return;
  noted_ = now;
  const std::uint64_t low = confirmed_->low();
  if (low != segments_.first() || segments_.cramped()) {
    const std::size_t dropped = segments_.confirm(low);
    if (dropped > at_.segment)
      at_ = segments_.find(at_.record);  // the one that is written to, too
    else
      at_.segment -= dropped;
  }
  if (confirmed_->take_again()) {
    at_ = segments_.find(low);
    behind_ = true;
  }
  const std::lock_guard lock(figures_mutex_);
  figures_.bytes = segments_.bytes();
  figures_.segments = segments_.count();
  figures_.unsent = segments_.next() - low;
}

Wal::Figures Wal::figures() const {
  const std::lock_guard lock(figures_mutex_);
  Figures now = figures_;
  now.rejected = confirmed_->rejected();
  return now;
}

}  // namespace kp::gateway
