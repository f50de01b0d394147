#include <atomic>
#include <random>
#include <thread>

#include "unit/proxy/reload_scene.h"

/// Reloads of all kinds, one after the other, while clients ask: mainly for a build that looks for data races.
namespace kp::proxy {
namespace {

using std::chrono::milliseconds;
using test::Socket;

constexpr int reloads = 100;
constexpr unsigned client_threads = 4;

class ReloadHammer : public Reloading<RunningProxy> {
 protected:
  ReloadHammer() {
    for (test::FakeBroker* each : {&broker, &second, &third}) {
      be_in_cluster(*each, each == &third ? "theirs" : "ours", {{1, broker.address()}, {2, second.address()}});
      each->on(heartbeat, [](const auto& request) { request.reply(Bytes(6)); });
    }
    be_in_cluster(third, "theirs", {{1, third.address()}, {2, third.address()}});
    config.limits.drain_timeout = milliseconds(500);
    bases = {base_, static_cast<std::uint16_t>(base_ + 1), test::free_ports(40)};
    base_now = base_;
  }

  /// Asks on one connection until that ends.
  void ask_on_and_on(std::uint16_t port) {
    const Socket client = Socket::connect(port);
    for (std::int32_t i = 1; client.open() && !over; ++i) {
      if (!client.send(beat(i, static_cast<std::size_t>(i % 7) * 300))) return;
      const std::int32_t answered = next_id(client);
      if (answered == -1) return;
      ++(answered == i ? answers : wrong);
    }
  }

  /// Changes something of `config`; false: it can't come into force.
  bool change(int kind) {
    switch (kind) {
      case 0:
        config.limits.idle_timeout = milliseconds(20'000 + static_cast<int>(random() % 100'000));
        return true;
      case 1:
        ports().base = bases[random() % bases.size()];
        return true;
      case 2:
        ports().hostname = "name" + std::to_string(random() % 3);
        return true;
      case 3:
        config.bind_address = random() % 2 == 0 ? "0.0.0.0" : "127.0.0.1";
        return true;
      case 4:
        config.upstream->bootstrap_servers = {random() % 2 == 0 ? broker.address() : second.address()};
        return true;
      case 5:
        config.upstream->bootstrap_servers = {random() % 2 == 0 ? broker.address() : third.address()};
        return true;
      case 6:
        config.limits.max_frame_bytes = 100'000 + static_cast<std::uint32_t>(random() % 1000);
        return true;
      case 7:
        config.limits.connect_timeout = milliseconds(5000 + static_cast<int>(random() % 1000));
        return true;
      case 8:
        ports().max_broker_id = 1 + static_cast<BrokerId>(random() % 3);
        return true;
      case 9:
        config.downstream.tls.principal_mapping_rules = "RULE:";
        return false;
      default:
        config.admin_address = in_the_way.address();
        return false;
    }
  }

  test::FakeBroker second;
  test::FakeBroker third;
  test::ListeningSocket in_the_way;
  std::vector<std::uint16_t> bases;
  std::atomic<std::uint16_t> base_now{0};
  std::atomic<bool> over{false};
  std::atomic<int> answers{0};
  std::atomic<int> wrong{0};
  std::minstd_rand random{7};
};

TEST_F(ReloadHammer, LosesNobodysAnswerAndEndsClean) {
  start(2);
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < client_threads; ++i)
    clients.emplace_back([&, i] {
      while (!over) {
        const std::uint16_t base = base_now;
        ask_on_and_on(i % 3 == 0 ? base : port_after(base, 1 + static_cast<BrokerId>(i % 2)));
      }
    });
  for (int done = 0; done < reloads; ++done) {
    const config::Config before = config;
    const bool valid = change(static_cast<int>(random() % 11));
    const Status reloaded = proxy->reload(config);
    EXPECT_EQ(reloaded.has_value(), valid) << (reloaded ? "" : reloaded.error().message);
    if (!valid) proxy->note_refusal({"7", {"as expected"}});
    if (!reloaded) config = before;
    base_now = ports().base;
    if (done % 10 == 0) (void)page(done % 20 == 0 ? "/metrics" : "/config");
  }
  const int so_far = answers;
  EXPECT_TRUE(test::eventually([&] { return answers > so_far; }));
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(metric_comes("connections_open 0"));
  EXPECT_TRUE(proxy->drain([] { return false; }));
}

}  // namespace
}  // namespace kp::proxy
