#include "bench/connecting.h"

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <limits>
#include <map>

#include "bench/exchange.h"
#include "bench/frames.h"
#include "bench/resumption.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int at_once = 16;
constexpr auto patience = std::chrono::seconds(60);
constexpr int most_idle_rounds = 3;  // memory hardly differs from round to round
constexpr int warm_connections = 50;
constexpr double no_figure = std::numeric_limits<double>::quiet_NaN();

/// A connection that asks once.
struct Visit {
  Wire wire;
  std::size_t sent = 0;
  std::size_t got = 0;
  std::array<std::uint8_t, 4> head{};
};

/// Connections that come and go, `at_once` at any time.
class Visits {
 public:
  Visits(const Target& target, ssl_ctx_st* tls, Resumption* sessions, int wanted)
      : target_(target), tls_(tls), sessions_(sessions), wanted_(wanted) {}

  /// How many handshakes were resumed ones.
  int run() {
    const auto late = Clock::now() + patience;
    for (int i = 0; i < at_once; ++i) open();
    while (done_ < wanted_) {
      for (const Poller::Ready& ready : poller_.wait(100)) turn(ready.fd);
      if (Clock::now() > late) give_up(target_.name + ": new connections were not answered in time");
    }
    return resumed_;
  }

 private:
  void open() {
    if (opened_ == wanted_) return;
    ++opened_;
    Wire wire = Wire::client(connect_to(target_.port), tls_);
    if (sessions_ != nullptr) sessions_->resume(wire);
    const int number = wire.fd().get();
    poller_.add(wire.fd(), EPOLLIN);
    visits_.emplace(number, Visit{std::move(wire)});
    turn(number);  // the request, or the first of the handshake, leaves
  }

  void turn(int number) {
    Visit& visit = visits_.at(number);
    for (;;) {
      if (visit.sent < request_.size()) {
        const ssize_t n = visit.wire.write(BytesView(request_).subspan(visit.sent));
        if (n < 0) give_up(target_.name + ": a new connection ended under its request");
        visit.sent += static_cast<std::size_t>(n);
      }
      const ssize_t got = visit.wire.read(buffer_);
      if (got < 0) give_up(target_.name + ": a new connection ended instead of an answer");
      if (got == 0) return;
      if (visit.got == 0 && got >= 4) std::copy_n(buffer_.begin(), 4, visit.head.begin());
      visit.got += static_cast<std::size_t>(got);
      if (visit.got < 4 || visit.got < 4 + static_cast<std::size_t>(big_endian_i32(visit.head))) continue;
      if (sessions_ != nullptr && sessions_->leave(visit.wire)) ++resumed_;
      visits_.erase(number);
      ++done_;
      open();
      return;
    }
  }

  const Target& target_;
  ssl_ctx_st* const tls_;
  Resumption* const sessions_;
  const int wanted_;
  const Bytes request_ = api_versions_request();
  Bytes buffer_ = Bytes(16 * 1024);
  Poller poller_;
  std::map<int, Visit> visits_;
  int opened_ = 0;
  int done_ = 0;
  int resumed_ = 0;
};

std::vector<double> visit(const Target& target, ssl_ctx_st* tls, int connections) {
  std::optional<Resumption> sessions;
  if (tls != nullptr) {
    sessions.emplace(tls);
    Wire first = Wire::client(connect_to(target.port), tls);
    answer_to(first, api_versions_request());
    sessions->leave(first);
  }
  const auto cpu = [&] { return target.between == nullptr ? std::chrono::nanoseconds(0) : target.between->cpu(); };
  const auto cpu_before = cpu();
  const auto begin = Clock::now();
  const double resumed = Visits(target, tls, sessions ? &*sessions : nullptr, connections).run();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double spent = std::chrono::duration<double>(cpu() - cpu_before).count();
  return {connections / seconds, target.between == nullptr ? no_figure : spent * 1000 / connections,
          tls == nullptr ? no_figure : resumed / connections};
}

/// Those that came first stay, so that what is counted is what more of them cost.
std::vector<double> idle(const Target& target, ssl_ctx_st* tls, int connections) {
  if (target.between == nullptr) return {no_figure};
  const Bytes request = api_versions_request();
  std::vector<Wire> clients;
  const auto more = [&](int count) {
    for (int i = 0; i < count; ++i)
      answer_to(clients.emplace_back(Wire::client(connect_to(target.port), tls)), request);
    return static_cast<double>(target.between->settled_resident_bytes());
  };
  const double before = more(warm_connections);
  return {(more(connections) - before) / connections};
}

Grid measure_idle(Stages& stages, Security security, const std::string& name, const ConnectingSettings& settings) {
  say(name);
  std::vector<WayRounds> ways;
  std::vector<std::string> names;
  for (int round = 0; round < std::min(settings.rounds, most_idle_rounds); ++round) {
    const Stage& stage = stages.fresh(security);
    ways.resize(stage.targets().size());
    names.resize(ways.size());
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const Target& target = stage.targets()[i];
      names[i] = target.name;
      ways[i].run([&] { return idle(target, stage.tls(), settings.idle_connections); });
    }
  }
  Grid grid{name, {{"resident_bytes_per_connection", "KiB/connection", 1, 1024, true}}, {}};
  for (std::size_t i = 0; i < ways.size(); ++i) grid.ways.push_back(ways[i].summary(names[i]));
  return grid;
}

Grid measure_new(Stage& stage, const std::string& name, const ConnectingSettings& settings) {
  say(name);
  const std::vector<Column> columns{{"connections_per_s", "connections/s", 0},
                                    {"cpu_s_per_1000", "CPU s per 1,000", 3, 1, true},
                                    {"resumed_part", stage.tls() == nullptr ? "" : "resumed (1: all)", 2}};
  return take_turns(name, columns, stage.targets(), settings.rounds,
                    [&](const Target& target) { return visit(target, stage.tls(), settings.connections); });
}

}  // namespace

std::vector<Grid> measure_connecting(Stages& stages, const ConnectingSettings& settings) {
  std::vector<Grid> all;
  all.push_back(measure_new(stages.of(Security::Plain), "new connections", settings));
  all.push_back(measure_idle(stages, Security::Plain, "idle connections", settings));
  all.push_back(measure_new(stages.fresh(Security::ClientTls), "TLS, new connections, resumed", settings));
  all.push_back(measure_idle(stages, Security::ClientTls, "TLS, idle connections", settings));
  return all;
}

}  // namespace kp::bench
