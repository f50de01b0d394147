// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include "proxy/translation.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/log.h"
#include "kafka/header.h"
#include "proxy/session.h"
#include "rewrite/response.h"
#include "virtual/translate.h"

namespace kp::proxy {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t first_piece = 65536;
constexpr std::size_t largest_piece = 256 << 10;
/// What a frame is promised at once: no page of it is touched before it is filled, and growing costs no copy.
constexpr std::size_t promised = 4 << 20;

}  // namespace

Translation::Translation(Session& session)
    : session_(session), share_(session.worker_.gathering, [&session] { session.changed_.notify(); }) {}

bool Translation::concerns(const Runtime& runtime, std::int16_t api_key) {
  return runtime.mapping != nullptr && virt::is_translated(api_key);
}

net::Task<Status> Translation::serve(InFlight entry, RequestScan::Found found, Cursor& run) {
  busy_ = true;
  share_.begin();
  Status served = co_await work_on(entry, found, run);
  share_.end();
  busy_ = false;
  session_.changed_.notify();
  co_return served;
}

/// Until memory may be had for so much more.
net::Task<Status> Translation::have_room(std::size_t bytes) {
  while (!session_.ended_ && !share_.may_take()) {
    share_.wait();
    co_await session_.changed_.wait();
  }
  if (session_.ended_) co_return *session_.ended_;
  share_.take(bytes);
  co_return Done{};
}

/// The rest of a frame whose first bytes are in `frame`; memory grows with what comes, not with what was said.
net::Task<Status> Translation::read_rest(net::Stream& from, Bytes& frame, std::size_t whole) {
  std::size_t filled = frame.size();
  if (filled < whole) frame.reserve(std::min(whole, promised));
  while (filled < whole) {
    if (filled == frame.size()) {
      const std::size_t larger = std::min(whole, std::max(first_piece, filled + std::min(filled, largest_piece)));
      Status room = co_await have_room(larger - filled);
      if (!room) co_return std::move(room).error();
      frame.resize(larger);
    }
    Result<std::size_t> got = co_await from.read_some(MutableBytes(frame).subspan(filled));
    if (!got) co_return std::move(got).error();
    filled += *got;
    const bool client = &from == &session_.client_;
    if (client) session_.requests_.passed(*got);
    if (!client || session_.broker_) session_.progressed();
  }
  co_return Done{};
}

net::Task<Status> Translation::work_on(InFlight& entry, const RequestScan::Found& found, Cursor& run) {
  const BytesView here = run.rest().first(found.bytes);
  Bytes frame(here.begin(), here.end());
  run.at += found.bytes;
  run.sent = run.at;
  if (run.rest().empty()) {  // who waits for a broker needs no buffer
    run = {};
    session_.worker_.loop.return_buffer(std::exchange(session_.requests_read_, {}));
  }
  share_.take(frame.size());
  Status gathered = co_await read_rest(session_.client_, frame, static_cast<std::size_t>(found.frame));
  if (!gathered) co_return std::move(gathered).error();

  Seen seen;
  virt::Context shared = context(seen);
  Result<std::unique_ptr<virt::Exchange>> translated = virt::translate(shared, std::move(frame));
  if (!translated) co_return std::move(translated).error();
  std::shared_ptr<virt::Exchange> exchange = std::move(*translated);
  Result<virt::Step> step = exchange->begin();
  telemetry::Counters& counters = session_.worker_.counters;
  if (step && step->kind != virt::Step::Kind::Pass) ++counters.translated[entry.api_key];
  while (step && (step->kind == virt::Step::Kind::Ask || step->kind == virt::Step::Kind::Wait)) {
    std::vector<Bytes> got;
    if (step->kind == virt::Step::Kind::Ask) {
      counters.asked[entry.api_key] += step->asks.size();
      Result<std::vector<Bytes>> answers = co_await ask(std::move(step->asks), exchange);
      if (!answers) co_return std::move(answers).error();
      got = std::move(*answers);
    } else {
      Status waited = co_await wait(*step->wait);
      if (!waited) co_return std::move(waited).error();
    }
    shared.now = steady_clock::now();
    session_.worker_.tail.crowded = session_.worker_.gathering.full();
    step = exchange->proceed(std::move(got));
  }
  note(seen);
  if (!step) co_return std::move(step).error().within("virtual partitions");
  if (step->kind == virt::Step::Kind::Pass) {
    const Bytes own = exchange->take_frame();
    co_return co_await pass(entry, found.answered, own);
  }
  if (!step->answer) co_return Done{};
  if (step->answer->loans.empty()) {
    exchange.reset();  // what the answer was made of
    share_.hold(step->answer->size());
  } else {
    share_.take(step->answer->own.size() + exchange->made());
  }
  co_return co_await answer(entry, std::move(*step->answer));
}

virt::Context Translation::context(Seen& seen) {
  Worker& worker = session_.worker_;
  const Runtime& runtime = *session_.runtime_;
  if (worker.skips_of != runtime.cluster) {
    worker.skips = virt::Skips();
    worker.policies = virt::Policies();
    worker.skips_of = runtime.cluster;
  }
  if (mapping_ != runtime.mapping) fetches_in_full_ = false;
  mapping_ = runtime.mapping;
  std::vector<std::string>* const fit = runtime.unfit->empty() ? nullptr : &seen.fit;
  virt::Context made{mapping_,    &worker.topic_ids, &worker.skips,       &turns_, lanes(), &fetches_in_full_,
                     &seen.unfit, &worker.policies,  steady_clock::now(), fit};
  const std::size_t most = runtime.config->partition_mapping->tail_cache_bytes / worker.loops;
  worker.tail.cache.limit(most);
  worker.tail.crowded = worker.gathering.full();
  if (most == 0) return made;
  made.tail = &worker.tail;
  made.reader = reader();
  made.used = used_;
  return made;
}

void Translation::dialled(const Runtime& runtime, const HostPort& target) {
  used_ = steady_clock::now();
  reader_.clear();
  if (session_.broker_id_ < 0) return;
  reader_ = std::to_string(runtime.cluster) + " " + std::to_string(session_.broker_id_) + " " + to_string(target) +
            " " + runtime.digests.upstream_tls;
}

/// Whom a client logs in as at the broker itself we don't know.
std::string Translation::reader() const {
  const Runtime& runtime = *session_.runtime_;
  if (reader_.empty() || session_.passed_login_ || runtime.passive()) return {};
  if (!runtime.swap->makes_logins()) return reader_;
  const Logins* const logins = session_.logins_.get();
  return logins != nullptr && logins->broker ? reader_ + " " + logins->broker->user() : "";
}

/// For what is being read for somebody else, no longer than the broker would have let the client wait.
net::Task<Status> Translation::wait(virt::TailWait& other) {
  other.wake = [this] { session_.changed_.notify(); };
  net::Deadline late(session_.worker_.loop, [&other] {
    other.over = true;
    other.wake();
  });
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(other.until - steady_clock::now());
  late.after(std::max(left, std::chrono::milliseconds(0)));
  while (!other.over && !session_.ended_) co_await session_.changed_.wait();
  if (session_.ended_) co_return *session_.ended_;
  co_return Done{};
}

void Translation::note(const Seen& seen) {
  UnfitTopics& topics = *session_.runtime_->unfit;
  for (const std::string& topic : seen.fit) topics.forget(topic);
  for (const virt::UnfitTopic& topic : seen.unfit) topics.note(topic, steady_clock::now());
  complain(seen.unfit);
  const virt::Tail& tail = session_.worker_.tail;
  telemetry::Counters& counters = session_.worker_.counters;
  counters.tail_hits = tail.hits;
  counters.tail_misses = tail.misses;
  counters.tail_bytes = static_cast<std::int64_t>(tail.cache.bytes());
}

void Translation::complain(const std::vector<virt::UnfitTopic>& unfit) {
  Worker& worker = session_.worker_;
  if (const auto topic = worker.policies.take_hidden())
    log::warn("clients may not see whether virtual topics are compacted (DescribeConfigs): not checked",
              {{"topic", *topic}});
  worker.counters.unfit_topics += unfit.size();
  for (const virt::UnfitTopic& topic : unfit) {
    if (!worker.complaints.pass()) return;
    if (topic.compacted) {
      log::warn("a topic is compacted and partition_mapping doesn't say compacted: keyed: clients can't use it",
                {{"topic", topic.name}});
      continue;
    }
    log::warn("a topic hasn't the partitions that partition_mapping says: clients can't use it",
              {{"topic", topic.name}, {"partitions", topic.has}, {"physical_partitions", topic.wanted}});
  }
}

/// Only where nothing else is under way, so that answers can't be mistaken, and the client hears them in order.
net::Task<Result<std::vector<Bytes>>> Translation::ask(std::vector<virt::Ask> asks,
                                                       std::shared_ptr<const virt::Exchange> lender) {
  while ((!session_.in_flight_.empty() || session_.client_written_to_) && !session_.ended_)
    co_await session_.changed_.wait();
  if (session_.ended_) co_return *session_.ended_;

  std::array<std::vector<Question>, most_lanes> questions;
  missing_ = 0;
  for (virt::Ask& each : asks) {
    const std::optional<std::size_t> slot = each.answered ? std::optional(missing_++) : std::nullopt;
    questions.at(static_cast<std::size_t>(each.lane)).push_back({std::move(each.frame), slot, lender});
  }
  answers_.assign(missing_, {});
  for (std::size_t i = 1; i < questions.size(); ++i) {
    if (questions[i].empty()) continue;
    ++lanes_at_work_;
    net::asio::co_spawn(session_.worker_.loop.executor(),
                        ask_lane(session_.shared_from_this(), i, std::move(questions[i])), net::asio::detached);
  }
  Status asked = co_await ask_own(std::move(questions[0]));
  if (!asked) co_return std::move(asked).error();
  while ((missing_ > 0 || lanes_at_work_ > 0) && !session_.ended_) co_await session_.changed_.wait();
  if (session_.ended_) co_return *session_.ended_;
  co_return std::move(answers_);
}

net::Task<Status> Translation::write(net::Stream& to, const kafka::Gathered& frame) {
  for (const BytesView part : frame.parts()) {
    Status sent = co_await to.write_all(part);
    if (!sent) co_return sent;
  }
  co_return Done{};
}

/// On the session's own connection; the response pump brings the answers.
net::Task<Status> Translation::ask_own(std::vector<Question> questions) {
  if (questions.empty()) co_return Done{};
  Status opened = co_await session_.have_broker();
  if (!opened) co_return std::move(opened).error();
  for (const Question& question : questions) {
    const kafka::RequestHead head = kafka::peek_request(question.frame.own);
    if (question.slot) {
      InFlight entry{.correlation_id = head.correlation_id,
                     .api_key = head.api_key,
                     .api_version = head.api_version,
                     .ours = true,
                     .since = steady_clock::now()};
      session_.in_flight_.push_back(std::move(entry));
      due_.push_back(question.slot);
    }
    session_.broker_written_to_ = true;
    Status sent = co_await write(*session_.broker_, question.frame);
    session_.broker_written_to_ = false;
    if (!sent) co_return std::move(sent).error().within("to broker");
    session_.progressed();
  }
  co_return Done{};
}

net::Task<Status> Translation::take_answer(Cursor& cursor, std::uint64_t frame) {
  Status before = co_await session_.flush(cursor);
  if (!before) co_return std::move(before).error();
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(frame, cursor.rest().size()));
  const BytesView first = cursor.rest().first(here);
  Bytes whole(first.begin(), first.end());
  cursor.at += here;
  cursor.sent = cursor.at;
  share_.take(whole.size());
  Status read = co_await read_rest(*session_.broker_, whole, static_cast<std::size_t>(frame));
  if (!read) co_return std::move(read).error().within("from broker");
  used_ = steady_clock::now();
  session_.in_flight_.pop_front();
  const std::size_t slot = due_.front().value();
  due_.pop_front();
  take(slot, std::move(whole));
  co_return Done{};
}

void Translation::take(std::size_t slot, Bytes answer) {
  answers_.at(slot) = std::move(answer);
  --missing_;
  session_.changed_.notify();
}

/// Without a change.
net::Task<Status> Translation::pass(const InFlight& entry, bool answered, const Bytes& frame) {
  while (session_.in_flight_.size() >= session_.limits().max_in_flight && !session_.ended_)
    co_await session_.changed_.wait();
  if (session_.ended_) co_return *session_.ended_;
  if (answered) session_.in_flight_.push_back(entry);
  Status opened = co_await session_.have_broker();
  if (!opened) co_return std::move(opened).error();
  session_.broker_written_to_ = true;
  Status sent = co_await session_.broker_->write_all(frame);
  session_.broker_written_to_ = false;
  if (!sent) co_return std::move(sent).error().within("to broker");
  session_.progressed();
  co_return Done{};
}

net::Task<Status> Translation::answer(const InFlight& entry, kafka::Gathered frame) {
  while ((!session_.in_flight_.empty() || session_.client_written_to_) && !session_.ended_)
    co_await session_.changed_.wait();
  if (session_.ended_) co_return *session_.ended_;
  if (entry.rewritten && frame.loans.empty()) {
    const auto by = session_.runtime_;
    auto rewritten =
        rewrite::rewrite_response(entry.api_key, entry.api_version, frame.own, *by->endpoints, by->withheld());
    if (!rewritten) co_return std::move(rewritten).error().within("from broker");
    session_.count_rewrite(entry.api_key, rewritten->addresses, rewritten->leaked);
    if (!rewritten->frame.empty()) frame.own = std::move(rewritten->frame);
  }
  entry.traffic->responses += 1;
  entry.traffic->response_bytes += frame.size();
  entry.latency->observe(steady_clock::now() - entry.since);
  for (const BytesView part : frame.parts()) {
    Status sent = co_await session_.to_client(part);
    if (!sent) co_return sent;
  }
  co_return Done{};
}

}  // namespace kp::proxy
