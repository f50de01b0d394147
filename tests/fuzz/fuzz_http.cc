// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/log_file.h"
#include "fuzz/check.h"
#include "gateway/connection.h"
#include "support/socket.h"

/// One HTTP connection whose client says whatever the input wants. Nothing takes its records: each is given up at once.
namespace {

using namespace kp;
using namespace kp::gateway;

/// What every input shares.
struct World {
  World() {
    log::configure(log::Level::Error, log::Format::Text);
    check(log::write_to("/dev/null").has_value(), "what is given up is not worth a line");
    config::Config config;
    config::HttpProduce& gateway = config.http_produce.emplace();
    gateway.kafka.brokers = {{"127.0.0.1", 1}};
    gateway.kafka.settings = {{"message_timeout_ms", 600'000}};
    gateway.http.max_body_bytes = 4096;
    gateway.http.cors_origins = {"http://a"};
    gateway.ratelimit_enabled = true;
    gateway.ratelimit = {{"limited", 2}};
    auto made = Runtime::build(config, {}, nullptr);
    check(made.has_value(), "the configuration is right");
    runtime = *made;
  }
  std::shared_ptr<const Runtime> runtime;
  Common common;
  net::Loop loop;
  Lane lane{loop, common};
};

struct Heard {
  std::vector<int> statuses;
  std::uint64_t accepted = 0;
};

/// The responses, each of which is whole and tells of itself what is true.
std::vector<int> statuses_of(std::string_view said) {
  constexpr std::string_view begin = "HTTP/1.1 ";
  std::vector<int> all;
  while (!said.empty()) {
    check(said.starts_with(begin), "a response begins where the one before ends");
    const std::size_t end = said.find("\r\n\r\n");
    check(end != std::string_view::npos, "a response has a whole head");
    const std::string_view head = said.substr(0, end);
    const int status = std::stoi(std::string(head.substr(begin.size(), 3)));
    said.remove_prefix(end + 4);
    if (status != 100) all.push_back(status);
    const std::size_t length = head.find("Content-Length: ");
    if (length == std::string_view::npos || said.starts_with(begin) || said.empty()) continue;  // of a HEAD
    const std::size_t size = std::stoul(std::string(head.substr(length + 16)));
    check(size <= said.size(), "a response has all of its body");
    check(nlohmann::json::accept(said.substr(0, size)), "a body is JSON");
    said.remove_prefix(size);
  }
  return all;
}

class Scene {
 public:
  explicit Scene(World& world) : world_(world) {
    auto fresh = std::make_shared<Runtime>(*world.runtime);
    fresh->limits = std::make_shared<RateLimits>(*fresh->config->http_produce, nullptr);
    fresh->answered = std::make_shared<Idempotency>(fresh->http().idempotency_window);
    (void)world.common.exchange(std::move(fresh));
    ++world.common.generation;
    int ends[2] = {-1, -1};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there are descriptors");
    client_ = test::Socket(ends[0]);
    ++world.common.connections;
    ++world.lane.load;
    before_ = world.lane.counters.accepted;
    auto connection = std::make_shared<Connection>(world.lane, net::Stream(world.loop.context(), Descriptor(ends[1])));
    net::asio::co_spawn(world.loop.executor(), Connection::serve(std::move(connection)), net::asio::detached);
    turn();
  }

  void say(std::string_view text) {
    while (!text.empty() && alive()) {
      const ssize_t n = ::send(client_.descriptor(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
      turn();
    }
  }
  void pass(std::chrono::milliseconds span) {
    world_.loop.expire(std::chrono::steady_clock::now() + span);
    turn();
  }
  void drain() {
    for (Connection* each : std::vector(world_.lane.connections.begin(), world_.lane.connections.end())) each->drain();
    turn();
  }
  Heard end() {
    if (alive()) client_.shutdown_write();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (alive()) {
      turn();
      world_.loop.context().run_one_for(std::chrono::milliseconds(1));
      check(std::chrono::steady_clock::now() < end, "a connection ends after its client");
    }
    turn();
    check(world_.common.buffered == 0, "what is counted is given back");
    return {statuses_of(heard_), world_.lane.counters.accepted - before_};
  }
  bool alive() const { return world_.common.connections > 0; }

 private:
  void turn() {
    do {
      while (world_.loop.context().poll() > 0) hear();
      hear();
    } while (give_up());
  }
  bool give_up() {
    if (world_.runtime->producers->quiet()) return false;
    world_.runtime->producers->give_up();
    world_.loop.context().run_one_for(std::chrono::milliseconds(1));
    return true;
  }
  void hear() {
    char some[4096];
    for (ssize_t n = 1; n > 0;) {
      n = ::recv(client_.descriptor(), some, sizeof some, MSG_DONTWAIT);
      if (n > 0) heard_.append(some, static_cast<std::size_t>(n));
    }
  }

  World& world_;
  test::Socket client_;
  std::string heard_;
  std::uint64_t before_ = 0;
};

Heard talk(World& world, std::string_view text, std::size_t piece, std::uint8_t how) {
  using namespace std::chrono_literals;
  Scene scene(world);
  for (; !text.empty() && scene.alive(); text.remove_prefix(std::min(piece, text.size())))
    scene.say(text.substr(0, piece));
  if (how & 1) scene.drain();
  if (how & 2) scene.pass(1h);
  return scene.end();
}

/// But for the last one, to bytes that are no request, or not a whole one.
bool same(std::vector<int> a, std::vector<int> b) {
  const auto to_no_request = [](int status) {
    return status == 400 || status == 408 || status == 431 || status == 501 || status == 505;
  };
  if (a.size() < b.size()) a.swap(b);
  if (!a.empty() && to_no_request(a.back()) && a.size() == b.size() && to_no_request(b.back())) b.pop_back();
  if (a.size() == b.size() + 1 && to_no_request(a.back())) a.pop_back();
  return a == b;
}

}  // namespace

/// Input: a byte, how long the pieces are in which the client says the rest; one, how it ends; the rest. What is
/// answered must not depend on the pieces, but for two things: of a head that never ends Beast finds a fault or does
/// not, and zstd unpacks a damaged frame block by block or not at all.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 16384) return 0;
  static World world;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = std::max<std::size_t>(data[0], text.size() / 256 + 1);
  const Heard whole = talk(world, text, std::max<std::size_t>(text.size(), 1), data[1]);
  const Heard pieces = talk(world, text, piece, data[1]);
  if (!same(whole.statuses, pieces.statuses)) {
    for (const int status : whole.statuses) std::fprintf(stderr, "%d ", status);
    std::fprintf(stderr, "at once, in pieces:");
    for (const int status : pieces.statuses) std::fprintf(stderr, " %d", status);
    std::fprintf(stderr, "\n");
    check(false, "the same answers to the same bytes");
  }
  check(text.find("zstd") != std::string_view::npos || whole.accepted == pieces.accepted,
        "the same records of the same bytes");
  return 0;
}
