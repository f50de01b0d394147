#include <future>

#include "unit/proxy/reload_scene.h"

/// Reloads that lead to other bootstrap servers, of the same cluster or not.
namespace kp::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::Socket;

class ReloadOfBootstrap : public Reloading<RunningProxy> {
 protected:
  ReloadOfBootstrap() { be_in_cluster(broker, "ours", {{id, broker.address()}}); }

  void lead_to(const HostPort& server) { config.upstream->bootstrap_servers = {server}; }
  test::FakeBroker other;
};

TEST_F(ReloadOfBootstrap, WithinTheClusterCutsNobody) {
  be_in_cluster(other, "ours", {{id, broker.address()}});
  start();
  const Socket to_one = settled();
  const Socket by_bootstrap = settled_at(bootstrap_port(), broker);
  lead_to(other.address());
  reload();
  EXPECT_TRUE(works(to_one));
  EXPECT_TRUE(works(by_bootstrap));
}

TEST_F(ReloadOfBootstrap, IsForTheNextClients) {
  be_in_cluster(other, "ours", {{id, broker.address()}});
  start();
  lead_to(other.address());
  reload();
  EXPECT_TRUE(works(bootstrap(), other));
  EXPECT_TRUE(works(to_broker(), broker));
}

TEST_F(ReloadOfBootstrap, ThatIsOneMoreOfTheSameOpensItsPort) {
  be_in_cluster(other, "ours", {{id, broker.address()}});
  start();
  const Socket client = settled_at(bootstrap_port(), broker);
  config.upstream->bootstrap_servers.push_back(other.address());
  reload();
  EXPECT_TRUE(works(client));
  EXPECT_TRUE(works(Socket::connect(static_cast<std::uint16_t>(bootstrap_port() + 1)), other));
}

TEST_F(ReloadOfBootstrap, ToAnotherClusterDrainsAll) {
  be_in_cluster(other, "theirs", {{id, other.address()}});
  start();
  const Socket to_one = to_broker();
  const auto in_flight = ask(to_one);
  const Socket by_bootstrap = settled_at(bootstrap_port(), broker);
  lead_to(other.address());
  reload();
  EXPECT_TRUE(gets_answer(to_one, in_flight));
  EXPECT_TRUE(to_one.ended());
  EXPECT_TRUE(by_bootstrap.ended());
  EXPECT_TRUE(drained("cluster", 2));
}

TEST_F(ReloadOfBootstrap, ToAnotherClusterLeadsThereByTheSamePorts) {
  be_in_cluster(other, "theirs", {{id, other.address()}, {id + 1, other.address()}});
  start();
  lead_to(other.address());
  reload();
  EXPECT_TRUE(works(to_broker(), other));
  EXPECT_TRUE(works(to_broker(id + 1), other));
  EXPECT_TRUE(works(bootstrap(), other));
}

TEST_F(ReloadOfBootstrap, ToAnotherClusterAndBackLeadsBack) {
  be_in_cluster(other, "theirs", {{id, other.address()}});
  start();
  for (int round = 0; round < 5; ++round)
    for (test::FakeBroker* each : {&other, &broker}) {
      lead_to(each->address());
      reload();
      EXPECT_TRUE(works(to_broker(), *each));
    }
}

TEST_F(ReloadOfBootstrap, ToNobodyFailsAndAllStays) {
  start();
  const Socket client = to_broker();
  const auto in_flight = ask(client);
  const std::string before = hash();
  lead_to({"127.0.0.1", test::free_ports()});
  const Errc why = refused();
  EXPECT_NE(why, Errc::Invalid);
  EXPECT_EQ(hash(), before);
  EXPECT_TRUE(gets_answer(client, in_flight));
  EXPECT_TRUE(works(bootstrap()));
  EXPECT_NE(page("/readyz").find("200"), std::string::npos);
}

TEST_F(ReloadOfBootstrap, ThatWaitsForAnAnswerEndsWithTheProcess) {
  start();
  const test::ListeningSocket silent;
  lead_to(silent.address());
  auto reloaded = std::async(std::launch::async, [this] { return proxy->reload(config); });
  const Socket asked = silent.accept();
  ASSERT_TRUE(asked.open());
  const auto since = steady_clock::now();
  proxy->stop_reloads();
  EXPECT_FALSE(reloaded.get());
  EXPECT_TRUE(proxy->drain([] { return false; }));
  EXPECT_LT(steady_clock::now() - since, milliseconds(5000));
}

TEST_F(ReloadOfBootstrap, DoesNotHoldUpTheTrafficWhileItWaitsForAnAnswer) {
  start();
  const Socket client = settled();
  const test::ListeningSocket silent;
  lead_to(silent.address());
  auto reloaded = std::async(std::launch::async, [this] { return proxy->reload(config); });
  const Socket asked = silent.accept();
  EXPECT_TRUE(works(client));
  EXPECT_TRUE(works(to_broker()));
  proxy->stop_reloads();
  EXPECT_FALSE(reloaded.get());
}

TEST_F(ReloadOfBootstrap, AfterTheEndOfReloadsIsRefused) {
  start();
  proxy->stop_reloads();
  EXPECT_EQ(refused(), Errc::Draining);
}

/// Brokers with SASL whose logins only the clients have: nobody can be asked for the cluster's id.
class PassthroughReload : public ReloadOfBootstrap {
 protected:
  PassthroughReload() {
    config.downstream.security_protocol = config::SecurityProtocol::SaslPlaintext;
    config.upstream->security_protocol = config::SecurityProtocol::SaslPlaintext;
    be_in_cluster(other, "nobody asks", {{id, other.address()}});
  }
};

TEST_F(PassthroughReload, WithOneServerInCommonIsTheSameCluster) {
  start();
  const Socket client = settled_at(bootstrap_port(), broker);
  config.upstream->bootstrap_servers = {broker.address(), other.address()};
  reload();
  EXPECT_TRUE(works(client));
  lead_to(other.address());
  reload();
  EXPECT_TRUE(works(client));
  EXPECT_TRUE(works(bootstrap(), other));
}

TEST_F(PassthroughReload, WithoutAServerInCommonIsAnotherCluster) {
  start();
  const Socket client = settled_at(bootstrap_port(), broker);
  lead_to(other.address());
  reload();
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(drained("cluster"));
  EXPECT_TRUE(works(bootstrap(), other));
}

}  // namespace
}  // namespace kp::proxy
