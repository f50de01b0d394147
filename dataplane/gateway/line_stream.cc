#include "gateway/line_stream.h"

#include <algorithm>
#include <map>

#include "gateway/delivery.h"
#include "gateway/logged.h"

namespace kp::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t most_in_batch = 10'000;
constexpr std::chrono::milliseconds moment{20};  ///< the queue is full of others' records; twice as long each time
constexpr std::chrono::milliseconds longest_moment{320};  ///< since each try reads the lines again
constexpr std::chrono::milliseconds look{1000};           ///< nobody tells that the limit has passed
constexpr std::int64_t soon = 1;                          ///< s

const Outcome unknown{-1, -1, "unknown"};

/// Places are known to who waits.
Wish only_what_waits(Wish wish) {
  wish.wait = wish.wait.value_or(false);
  wish.results = wish.results && *wish.wait;
  return wish;
}

}  // namespace

/// What is known of what was sent. Outlives the stream where its client doesn't wait.
struct LineStream::Told {
  explicit Told(net::Executor executor) : changed(executor) {}

  void begin(std::uint64_t line, std::size_t size) {
    under_way[line] = size;
    weight += size;
  }
  void end(std::uint64_t line) {
    const auto found = under_way.find(line);
    weight -= found->second;
    under_way.erase(found);
    moved = steady_clock::now();
    changed.notify();
  }
  void fail(std::uint64_t line, const std::string& why) {
    ++failed;
    if (faults.size() < most_faults) faults.push_back({line, why});
  }

  std::map<std::uint64_t, std::size_t> under_way;  ///< batches: first line → weight
  std::size_t weight = 0;
  bool logging = false;     ///< the batch under way goes to the log
  std::string trouble;      ///< the log did not take it
  std::uint64_t taken = 0;  ///< lines
  std::uint64_t failed = 0;
  std::vector<LinesTold::Fault> faults;
  std::vector<Outcome> places;
  steady_clock::time_point moved = steady_clock::now();
  net::Event changed;
};

LineStream::LineStream(Lane& lane, Wish wish)
    : lane_(lane),
      wish_(only_what_waits(std::move(wish))),
      told_(std::make_shared<Told>(lane.loop.executor())),
      pause_(moment),
      most_(most_in_batch) {}

std::size_t LineStream::memory() const { return text_.capacity() + told_->places.capacity() * sizeof(Outcome); }

void LineStream::came(std::size_t longest) {
  told_->moved = steady_clock::now();
  for (std::size_t end = 0; !long_ && searched_ < text_.size(); searched_ = end) {
    end = std::min(text_.find('\n', searched_), text_.size());
    const bool whole = end < text_.size();
    long_ = end - whole_ > longest;
    if (!whole || long_) continue;
    whole_ = ++end;
  }
  if (long_ && whole_ == 0) stop_for_length();
}

void LineStream::stop_for_length() { stop(413, "the line is longer than max_body_bytes"); }

bool LineStream::room() const {
  if (!busy_.empty() || !told_->trouble.empty()) return false;
  return told_->under_way.empty() || (!told_->logging && told_->weight < share);
}

net::Task<void> LineStream::wait_for_room(std::chrono::milliseconds limit) {
  if (told_->trouble.empty()) co_await told_->changed.wait_for(busy_.empty() ? std::min(limit, look) : pause_);
  if (!busy_.empty()) pause_ = std::min(2 * pause_, longest_moment);
  if (!told_->trouble.empty()) {
    stop(503, told_->trouble, soon);
  } else if (steady_clock::now() - told_->moved >= limit) {
    if (busy_.empty()) busy_ = told_->logging ? "the log takes too long" : "Kafka takes too long";
    stop(503, busy_, soon);
  }
  busy_.clear();
}

void LineStream::send(const Via& via) {
  const std::size_t size = ended_ ? text_.size() : whole_;
  text_.reserve(text_.size() + RecordReader::padding);
  RequestRecords batch;
  const std::size_t most = std::min(most_, via.runtime.most_records());
  Refusal refusal = lane_.reader.read_lines(std::string_view(text_).substr(0, size), wish_.topic, most, batch);
  std::int64_t retry = 0;
  const auto line_of = [&](std::size_t record) { return static_cast<std::int64_t>(batch.lines[record].number); };
  std::size_t count = batch.records.size();
  if (wish_.results && records_ + count > most_results) {
    count = most_results - records_;
    refusal = {413, "more than " + std::to_string(most_results) + " records with results", -1, -1, line_of(count)};
  }
  if (const std::size_t may = admit(std::span(batch.records).first(count), via, refusal, retry); may < count) {
    refusal.line = line_of(may);
    count = may;
  }
  const bool all = count == batch.records.size();
  const std::uint64_t lines_now = all ? batch.lines_read : count > 0 ? batch.lines[count - 1].number : 0;
  const std::size_t bytes_now = all ? batch.read : count > 0 ? batch.lines[count - 1].end : 0;
  if (count > 0) {
    const Status sent = hand_on(std::span(batch.records).first(count), std::span(batch.lines), lines_now, via);
    if (!sent && sent.error().code != Errc::Invalid) {
      busy_ = sent.error().message;
      return;
    }
    if (!sent && count > 1) {  // together they are too much
      most_ = count / 2;
      return;
    }
    if (!sent) {
      const auto line = static_cast<std::int64_t>(lines_) + line_of(0);
      return stop_at({413, sent.error().message, -1, -1, line});
    }
  }
  if (refusal.line > 0) refusal.line += static_cast<std::int64_t>(lines_);
  if (refusal.position >= 0) refusal.position += static_cast<std::int64_t>(bytes_);
  consume(bytes_now, lines_now);
  records_ += count;
  admitted_ -= std::min(admitted_, count);
  lane_.counters.accepted += count;
  most_ = std::min(2 * most_, most_in_batch);
  pause_ = moment;
  if (refusal) stop_at(refusal, retry);
  if (long_ && whole_ == 0) stop_for_length();
}

/// So many of the first pass ratelimit.
std::size_t LineStream::admit(std::span<const Record> records, const Via& via, Refusal& refusal, std::int64_t& retry) {
  if (admitted_ >= records.size()) return records.size();
  std::chrono::seconds wait{0};
  admitted_ += via.runtime.limits->admit_first(records.subspan(admitted_), wait);
  if (admitted_ == records.size()) return admitted_;
  ++lane_.counters.limited;
  refusal = {429, "ratelimit"};
  retry = wait.count();
  return admitted_;
}

/// `read`: how many lines will have been taken then. Errors: Invalid: never; others: not now.
Status LineStream::hand_on(std::span<const Record> records, std::span<const RequestRecords::Line> lines,
                           std::uint64_t read, const Via& via) {
  std::size_t weight = 0;
  for (const Record& each : records) weight += each.weight();
  std::vector<std::uint64_t> numbers;
  numbers.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) numbers.push_back(lines_ + lines[i].number);
  const std::uint64_t first = numbers.front();
  const std::uint64_t last = lines_ + read;
  told_->begin(first, weight);
  Status taken = Done{};
  if (via.runtime.wal != nullptr && !*wish_.wait) {
    const auto logged = std::make_shared<Logged>(lane_.loop);
    logged->later([told = told_, first, last](const std::string& trouble) {
      told->logging = false;
      if (trouble.empty()) told->taken = last;
      told->trouble = trouble;
      told->end(first);
    });
    told_->logging = true;
    taken = via.runtime.wal->append(records, via.identity, logged);
  } else {
    const auto producer = via.runtime.producers->of(via.upstream);
    const auto delivery = std::make_shared<Delivery>(lane_.loop, records.size());
    const std::size_t place = told_->places.size();
    delivery->later([told = told_, heard = *wish_.wait, results = wish_.results, place,
                     numbers = std::move(numbers)](const std::vector<Outcome>& outcomes) {
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (heard && !outcomes[i].error.empty()) told->fail(numbers[i], outcomes[i].error);
        if (results) told->places[place + i] = outcomes[i];
      }
      told->end(numbers.front());
    });
    if (wish_.results) told_->places.resize(place + records.size(), unknown);
    taken = producer ? (*producer)->send(records, delivery) : Status(Error{Errc::Busy, producer.error().message});
    if (!taken) told_->places.resize(place);
  }
  if (!taken) {
    told_->logging = false;
    const auto moved = told_->moved;
    told_->end(first);
    told_->moved = moved;
  }
  return taken;
}

void LineStream::consume(std::size_t bytes, std::uint64_t lines) {
  text_ = text_.substr(bytes);  // in as much memory as it needs
  whole_ -= std::min(whole_, bytes);
  searched_ = text_.size();
  bytes_ += bytes;
  lines_ += lines;
  if (!told_->logging) told_->taken = lines_;
}

void LineStream::stop(unsigned status, std::string why, std::int64_t retry) {
  stop_at({status, std::move(why), -1, -1, static_cast<std::int64_t>(lines_ + 1)}, retry);
}

void LineStream::stop_at(const Refusal& why, std::int64_t retry) {
  if (stopped()) return;
  stopped_ = why;
  retry_ = retry;
}

net::Task<Answer> LineStream::finish(std::chrono::milliseconds limit) {
  const bool waits = *wish_.wait || told_->logging;
  told_->moved = steady_clock::now();
  while (waits && !told_->under_way.empty() && steady_clock::now() - told_->moved < limit)
    co_await told_->changed.wait_for(limit);
  LinesTold out;
  out.faults = told_->faults;
  if (!told_->trouble.empty() && stopped_.status != 503) {  // before what stopped it
    stopped_ = {503, told_->trouble};
    retry_ = soon;
  }
  if (!told_->trouble.empty()) stopped_.line = static_cast<std::int64_t>(told_->taken + 1);
  if (waits && !told_->under_way.empty()) {
    const bool log = told_->logging;
    out.status = log ? 503 : 504;
    out.faults.push_back({told_->under_way.begin()->first,
                          log ? "the log takes too long; lines from this one on may be in it"
                              : "Kafka has not answered in time of lines from this one on; they may arrive yet"});
  } else if (stopped()) {
    out.status = stopped_.status;
    out.retry = retry_;
  } else if (told_->failed > 0) {
    out.status = 500;
  }
  if (stopped()) out.faults.push_back({static_cast<std::uint64_t>(stopped_.line), stopped_.message, stopped_.position});
  std::ranges::stable_sort(out.faults, {}, &LinesTold::Fault::line);
  out.lines = told_->taken;
  out.failed = told_->failed;
  out.results = wish_.results;
  out.places = told_->places;
  co_return told(out);
}

}  // namespace kp::gateway
