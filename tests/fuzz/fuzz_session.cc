#include <sys/socket.h>

// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/log.h"
#include "fuzz/check.h"
#include "kafka/header.h"
#include "proxy/session.h"
#include "support/socket.h"

/// One session on a loop that this thread turns by hand, between sockets that the input speaks through.
namespace {

using kp::Bytes;
using kp::BytesView;
using kp::test::Socket;
namespace asio = kp::net::asio;

constexpr std::chrono::seconds patience{10};

/// What every input shares: a session takes nothing from it but addresses and limits.
struct World {
  World() {
    kp::log::configure(kp::log::Level::Error, kp::log::Format::Text);
    auto config = std::make_shared<kp::config::Config>();
    config->broker_mapping = kp::config::PortOffsetMapping{.hostname = "proxy", .base = 9092, .max_broker_id = 100};
    config->limits.max_in_flight = 8;
    runtime->config = config;
    runtime->bootstrap = {listening.address()};
    runtime->dialer = std::make_shared<const kp::broker::Dialer>(std::vector<kp::config::ResolveRule>{}, nullptr,
                                                                 std::chrono::seconds(5));
    runtime->endpoints = std::make_shared<kp::proxy::Endpoints>(*config, [](const kp::HostPort& listen, kp::BrokerId) {
      return kp::Result<kp::proxy::Endpoints::Bound>(kp::proxy::Endpoints::Bound{listen.port, nullptr});
    });
  }
  kp::test::ListeningSocket listening;
  std::shared_ptr<kp::proxy::Runtime> runtime = std::make_shared<kp::proxy::Runtime>();
};

/// Sends as much as fits; a peer that is gone is no matter.
void offer(const Socket& socket, BytesView bytes) {
  if (socket.open()) ::send(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

class Scene {
 public:
  explicit Scene(World& world) : world_(world) {
    const kp::test::ListeningSocket door;
    client_ = Socket::connect(door.port());
    Socket accepted = door.accept();
    asio::ip::tcp::socket socket(worker_.loop.context());
    socket.assign(asio::ip::tcp::v4(), accepted.release());
    ++worker_.connections;
    auto session = std::make_shared<kp::proxy::Session>(worker_, world.runtime, kp::proxy::Route{}, std::move(socket));
    asio::co_spawn(worker_.loop.executor(), kp::proxy::Session::serve(std::move(session)), asio::detached);
  }

  void from_client(BytesView bytes) {
    offer(client_, bytes);
    turn();
  }
  void from_broker(BytesView bytes) {
    offer(broker_, bytes);
    turn();
  }

  /// An answer to the oldest request that hasn't one.
  void answer(BytesView body) {
    if (asked_.empty()) return;
    Bytes frame(4);
    for (int shift = 24; shift >= 0; shift -= 8)
      frame.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(asked_.front()) >> shift));
    frame.insert(frame.end(), body.begin(), body.end());
    asked_.pop_front();
    from_broker(kp::kafka::seal_frame(std::move(frame)));
  }

  /// Both peers go; the session must end by itself.
  void finish() {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (worker_.connections > 0) {
      client_.close();
      turn();
      broker_.close();
      check(std::chrono::steady_clock::now() < end, "a session ends after its peers");
    }
    for (const auto& [api, count] : worker_.counters.leaked) check(count == 0, "no upstream address leaves");
  }

 private:
  void turn() {
    for (int quiet = 0; quiet < 2;) {
      quiet = worker_.loop.context().poll() == 0 ? quiet + 1 : 0;
      if (!broker_.open()) broker_ = world_.listening.accept(std::chrono::milliseconds(0));
      take_requests();
      drop_answers();
    }
  }
  void take_requests() {
    std::uint8_t bytes[4096];
    if (!broker_.open()) return;
    const ssize_t n = ::recv(broker_.descriptor(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0) return;
    forwarded_.insert(forwarded_.end(), bytes, bytes + n);
    while (forwarded_.size() >= kp::kafka::request_head_bytes) {
      const auto head = kp::kafka::peek_request(forwarded_);
      const auto frame = 4 + static_cast<std::size_t>(head.size);
      if (head.size < 0 || forwarded_.size() < frame) return;
      asked_.push_back(head.correlation_id);
      forwarded_.erase(forwarded_.begin(), forwarded_.begin() + static_cast<std::ptrdiff_t>(frame));
    }
  }
  void drop_answers() {
    std::uint8_t bytes[4096];
    if (client_.open()) ::recv(client_.descriptor(), bytes, sizeof bytes, MSG_DONTWAIT);
  }

  World& world_;
  kp::proxy::Worker worker_;
  Socket client_;
  Socket broker_;
  Bytes forwarded_;
  std::deque<std::int32_t> asked_;
};

}  // namespace

/// Input: steps of {who, length, bytes}; who: 0 the client speaks, 1 the broker answers with this body, 2 the broker
/// says this, 3 the client goes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  static World world;
  Scene scene(world);
  BytesView input(data, size);
  for (int steps = 0; input.size() >= 2 && steps < 64; ++steps) {
    const int who = input[0] % 4;
    const BytesView bytes = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + bytes.size());
    if (who == 0) scene.from_client(bytes);
    if (who == 1) scene.answer(bytes);
    if (who == 2) scene.from_broker(bytes);
    if (who == 3) break;
  }
  scene.finish();
  return 0;
}
