#include <atomic>
#include <cerrno>
#include <future>
#include <thread>

#include "unit/proxy/reload_scene.h"

/// What a new configuration does to ports, limits, and the connections that are there.
namespace kp::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::Socket;

using Reload = Reloading<RunningProxy>;

TEST_F(Reload, ThatDoesNotConcernAConnectionLetsItGoOn) {
  start();
  const Socket client = settled();
  const auto in_flight = ask(client, 2);
  config.limits.max_in_flight = 10;
  config.resolve = {{"elsewhere", "127.0.0.1", ""}};
  config.generation = "7";
  reload();
  EXPECT_TRUE(gets_answer(client, in_flight));
  const auto further = ask(client, 3);
  EXPECT_EQ(further.from, in_flight.from);
  EXPECT_TRUE(gets_answer(client, further));
}

TEST_F(Reload, IsShownInConfig) {
  start();
  const std::string before = hash();
  config.limits.max_in_flight = 10;
  reload();
  const auto shown = config_page();
  EXPECT_EQ(shown["reloads"], 1);
  EXPECT_NE(shown["hash"], before);
  EXPECT_NE(shown["config"].get<std::string>().find("max_in_flight: 10"), std::string::npos);
}

TEST_F(Reload, OfIdleTimeoutEndsIdleConnectionsAtOnce) {
  start();
  const Socket client = settled();
  config.limits.idle_timeout = milliseconds(300);
  const auto since = steady_clock::now();
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_GE(steady_clock::now() - since, milliseconds(300));
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 1"));
}

TEST_F(Reload, OfTheLargestFrameCountsForTheNextRequest) {
  start();
  const Socket client = settled();
  client.send(beat(2, 5000));
  EXPECT_TRUE(gets_answer(client, next_of(broker)));
  config.limits.max_frame_bytes = 4000;
  reload();
  client.send(beat(3, 3000));
  EXPECT_TRUE(gets_answer(client, next_of(broker)));
  client.send(beat(4, 5000));
  EXPECT_TRUE(client.ended());
}

TEST_F(Reload, OfMaxConnectionsCountsForTheNextClient) {
  start();
  const Socket client = settled();
  config.limits.max_connections = 1;
  reload();
  EXPECT_TRUE(to_broker().ended());
  config.limits.max_connections = 2;
  reload();
  const Socket further = to_broker();
  EXPECT_TRUE(works(further));
  EXPECT_TRUE(works(client));
}

TEST_F(Reload, OfThePortsDrainsWhoCameByTheOldOnes) {
  start();
  const Socket client = to_broker();
  const auto in_flight = ask(client);
  ports().base = test::free_ports(40);
  reload();
  client.send(beat(2));
  EXPECT_TRUE(gets_answer(client, in_flight));
  EXPECT_EQ(client.receive_to_end(), Bytes{});
  EXPECT_FALSE(broker.next(milliseconds(0)));
  EXPECT_TRUE(drained("endpoint"));
}

TEST_F(Reload, OfThePortsOpensTheNewAndClosesTheOld) {
  start();
  ports().base = test::free_ports(40);
  reload();
  EXPECT_TRUE(works(Socket::connect(port_after(ports().base, id))));
  EXPECT_TRUE(works(Socket::connect(ports().base)));
  EXPECT_FALSE(to_broker().open());
  EXPECT_FALSE(bootstrap().open());
}

TEST_F(Reload, OfThePortsEndsIdleConnectionsAtOnce) {
  start();
  const Socket client = settled();
  ports().base = test::free_ports(40);
  reload();
  EXPECT_TRUE(client.ended(config.limits.drain_timeout / 2));
}

TEST_F(Reload, CutsWhatIsNotAnsweredWithinDrainTimeoutAndNotBefore) {
  config.limits.drain_timeout = milliseconds(700);
  start();
  const Socket client = to_broker();
  (void)ask(client);
  ports().base = test::free_ports(40);
  const auto since = steady_clock::now();
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_GE(steady_clock::now() - since, milliseconds(700));
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"draining\"} 1"));
}

TEST_F(Reload, OfDrainTimeoutCountsForTheDrainThatItBegins) {
  config.limits.drain_timeout = milliseconds(600'000);
  start();
  const Socket client = to_broker();
  (void)ask(client);
  ports().base = test::free_ports(40);
  config.limits.drain_timeout = milliseconds(100);
  reload();
  EXPECT_TRUE(client.ended());
}

TEST_F(Reload, OfTheHostnameLetsBootstrapConnectionsSeeIt) {
  start();
  const Socket before = settled_at(bootstrap_port(), broker);
  ports().hostname = "other.example.com";
  reload();
  EXPECT_TRUE(before.ended());  // it was told the other name
  EXPECT_TRUE(works(bootstrap()));
  EXPECT_NE(page("/brokers").find("other.example.com"), std::string::npos);
}

TEST_F(Reload, ThatMakesRoomForABrokerIsNotLeftToTheNextLookAtTheCluster) {
  ports().max_broker_id = 0;
  start();
  EXPECT_FALSE(to_broker().open());
  ports().max_broker_id = 10;
  reload();
  EXPECT_TRUE(test::eventually([this] { return to_broker().open(); }, broker::Topology::refresh / 2));
}

/// A port of somebody else's stands where broker 1's new one would be.
class RefusedReload : public Reload {
 protected:
  void want_taken_port() { ports().base = wanted; }

  const std::uint16_t wanted = static_cast<std::uint16_t>(test::free_ports(80) + 30);
  net::Loop theirs;
  const HostPort taken{"127.0.0.1", port_after(wanted, id)};
  const std::shared_ptr<Listener> in_the_way = *Listener::open(theirs, taken);
};

TEST_F(RefusedReload, ForATakenPortIsAConflictAndAllStays) {
  start();
  const Socket client = to_broker();
  const auto in_flight = ask(client);
  const std::string before = hash();
  want_taken_port();
  EXPECT_EQ(refused(), Errc::Conflict);
  EXPECT_EQ(hash(), before);
  EXPECT_TRUE(gets_answer(client, in_flight));
  EXPECT_TRUE(works(client));
  EXPECT_TRUE(works(to_broker()));
  EXPECT_TRUE(works(bootstrap()));
}

TEST_F(RefusedReload, LetsGoOfThePortsThatItHadBound) {
  start();
  want_taken_port();
  EXPECT_EQ(refused(), Errc::Conflict);
  EXPECT_FALSE(Socket::connect(ports().base).open());
}

TEST_F(RefusedReload, DoesNotStandInTheWayOfTheNext) {
  start();
  for (int round = 0; round < 20; ++round) {
    want_taken_port();
    EXPECT_EQ(refused(), Errc::Conflict);
    ports().base = static_cast<std::uint16_t>(wanted - 21);  // what it had bound for bootstrap is now broker 1's
    reload();
    ports().base = bootstrap_port();
    reload();
  }
  EXPECT_TRUE(works(to_broker()));
}

TEST_F(RefusedReload, ForAnAdminPortThatIsTakenLeavesTheListenersAsTheyWere) {
  start();
  const std::string before = hash();
  config.admin_address = taken;
  ports().base = test::free_ports(40);
  EXPECT_EQ(refused(), Errc::Conflict);
  EXPECT_EQ(hash(), before);
  EXPECT_FALSE(Socket::connect(ports().base).open());
  EXPECT_TRUE(works(to_broker()));
}

TEST_F(Reload, OfTheBindAddressAndBackRefusesNobody) {
  start();
  std::atomic<bool> over{false};
  std::atomic<int> refused_ones{0};
  std::thread clients([&] {
    while (!over)
      for (const std::uint16_t port : {bootstrap_port(), port_of(id)})
        if (!Socket::connect(port).open() && errno == ECONNREFUSED) ++refused_ones;  // a reset is another thing
  });
  for (int round = 0; round < 10; ++round)
    for (const char* address : {"0.0.0.0", "127.0.0.1", "::", "127.0.0.1"}) {
      config.bind_address = address;
      reload();
    }
  over = true;
  clients.join();
  EXPECT_EQ(refused_ones, 0);
  EXPECT_TRUE(works(to_broker()));
}

TEST_F(Reload, OfTheBindAddressDrains) {
  start();
  const Socket client = settled();
  config.bind_address = "0.0.0.0";
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained("endpoint"));
  EXPECT_TRUE(works(to_broker()));
}

TEST_F(Reload, MovesTheAdminEndpointAndNobodyElse) {
  start();
  const Socket client = settled();
  const std::uint16_t before = proxy->admin_address()->port;
  config.admin_address = HostPort{"127.0.0.1", test::free_ports()};
  reload();
  EXPECT_EQ(proxy->admin_address(), config.admin_address);
  EXPECT_NE(page("/readyz").find("200"), std::string::npos);
  EXPECT_FALSE(Socket::connect(before).open());
  EXPECT_TRUE(works(client));
}

TEST_F(Reload, OfTheAdminAddressToOneThatOverlapsWorks) {
  config.admin_address = HostPort{"127.0.0.1", test::free_ports()};
  start();
  for (const char* host : {"0.0.0.0", "127.0.0.1"}) {
    config.admin_address->host = host;
    reload();
    EXPECT_NE(page("/readyz").find("200"), std::string::npos);
  }
}

TEST_F(Reload, EndsTheAdminEndpoint) {
  start();
  const std::uint16_t before = proxy->admin_address()->port;
  config.admin_address.reset();
  ASSERT_TRUE(proxy->reload(config));
  EXPECT_FALSE(proxy->admin_address());
  EXPECT_FALSE(Socket::connect(before).open());
}

TEST_F(Reload, OfTheMappingDoesNotSetTheCountOfUnmappedBrokersBack) {
  ports().max_broker_id = 0;
  start();
  const auto counted = [this] {
    const std::string all = page("/metrics");
    const std::string name = "kafka_proxy_unmapped_brokers_total{reason=\"invalid\"} ";
    const auto at = all.find(name);
    return at == std::string::npos ? 0 : std::stoi(all.substr(at + name.size()));
  };
  ASSERT_TRUE(test::eventually([&] { return counted() > 0; }));
  for (int round = 0; round < 5; ++round) {
    const int before = counted();
    ports().hostname += "x";
    reload();
    EXPECT_GE(counted(), before);
  }
}

TEST_F(Reload, AfterReloadEndsWithTheLastOneForEveryConnection) {
  start(2);
  std::vector<Socket> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(settled());
  for (int round = 0; round < 50; ++round)
    for (const std::uint32_t most : {1000U, 100'000U}) {
      config.limits.max_frame_bytes = most;
      ASSERT_TRUE(proxy->reload(config));  // without a pause: loops still tell the one before
    }
  (void)page("/metrics");
  for (const Socket& client : clients) {
    client.send(beat(2, 50'000));
    EXPECT_TRUE(gets_answer(client, next_of(broker)));
  }
}

TEST_F(Reload, ToAnotherProtocolDrains) {
  start();
  const Socket client = to_broker();
  const auto in_flight = ask(client);
  config.downstream.security_protocol = config::SecurityProtocol::SaslPlaintext;
  reload();
  EXPECT_TRUE(gets_answer(client, in_flight));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained("protocol"));
}

/// A listener for each broker, ports in sequence, and a bootstrap server that is none of the brokers.
class DynamicReload : public Reload {
 protected:
  DynamicReload() {
    broker.be_cluster({{1, first.address()}, {2, second.address()}});
    mapping.bootstrap = {{broker.address(), {"127.0.0.1", 0}, {"proxy.example.com", 9092}}};
    mapping.external = {{first.address(), {"elsewhere.example.com", 9092}}};
    mapping.listener_ip = "127.0.0.1";
    mapping.min_port = base_;
    mapping.max_ports = 10;
  }
  void start_dynamic() {
    config.broker_mapping = mapping;
    start();
  }
  void reload_dynamic() {
    config.broker_mapping = mapping;
    reload();
  }
  std::uint16_t port_now(BrokerId broker_id) {
    const std::string answer = page("/brokers");
    for (const auto& one : nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4)))
      if (one["id"] == broker_id) {
        const std::string downstream = one["downstream"];
        return static_cast<std::uint16_t>(std::stoi(downstream.substr(downstream.find(':') + 1)));
      }
    return 0;
  }

  test::FakeBroker first;
  test::FakeBroker second;
  config::DynamicMapping mapping;
};

TEST_F(DynamicReload, ABrokerThatGetsAListenerLeavesTheOthersTheirs) {
  start_dynamic();
  const Socket client = settled_at(base_, second);
  mapping.external.clear();
  reload_dynamic();
  EXPECT_EQ(port_now(2), base_);
  EXPECT_EQ(port_now(1), base_ + 1);
  EXPECT_TRUE(works(client, second));
  EXPECT_TRUE(works(Socket::connect(base_), second));
  EXPECT_TRUE(works(Socket::connect(static_cast<std::uint16_t>(base_ + 1)), first));
}

TEST_F(DynamicReload, AnotherRangeMovesOnlyWhoDoesNotFit) {
  mapping.external.clear();
  start_dynamic();
  const Socket stays = settled_at(static_cast<std::uint16_t>(base_ + 1), second);
  const Socket goes = settled_at(base_, first);
  mapping.min_port = static_cast<std::uint16_t>(base_ + 1);
  reload_dynamic();
  EXPECT_TRUE(goes.ended());
  EXPECT_TRUE(works(stays, second));
  EXPECT_TRUE(works(Socket::connect(static_cast<std::uint16_t>(base_ + 2)), first));
}

TEST_F(DynamicReload, ABootstrapPortOfAnyNumberStays) {
  start_dynamic();
  const auto bootstrap_now = [this] { return proxy->summary(); };
  const std::string before = bootstrap_now();
  mapping.max_ports = 20;
  const Socket client = settled_at(base_, second);
  reload_dynamic();
  EXPECT_EQ(bootstrap_now(), before);
  EXPECT_TRUE(works(client, second));
}

TEST_F(Reload, PortsThatMoveByOneLeadToTheirBrokers) {
  test::FakeBroker second;
  broker.be_cluster({{1, broker.address()}, {2, second.address()}});
  start();
  const Socket client = settled_at(port_of(2), second);
  ports().base = static_cast<std::uint16_t>(base_ + 1);
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(works(Socket::connect(port_of(2)), broker));  // now broker 1's
  EXPECT_TRUE(works(Socket::connect(port_of(3)), second));
  EXPECT_FALSE(Socket::connect(port_of(1)).open());
}

}  // namespace
}  // namespace kp::proxy
