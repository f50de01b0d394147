#include <openssl/ssl.h>

#include <csignal>

#include "kafka/messages/03_metadata.h"
#include "support/certificates.h"
#include "support/tls_client.h"
#include "unit/proxy/running_proxy.h"

/// Which broker a client reaches, in each mode.
namespace kp::proxy {
namespace {

namespace api = kafka::api;
using test::FakeBroker;
using test::Socket;
using test::TlsClient;
constexpr BrokerId second_id = 2;
constexpr std::chrono::milliseconds soon{2000};

class Routing : public RunningProxy {
 protected:
  Routing() { broker.be_cluster({{id, broker.address()}, {second_id, second.address()}}); }

  /// Sends a request by `client`; does it come to `to`?
  template <class Client>
  static bool arrives_at(FakeBroker& to, Client& client) {
    const Bytes sent = beat(1);
    client.send(sent);
    const auto arrived = to.next();
    return arrived && arrived->frame == sent;
  }

  FakeBroker second;
};

TEST_F(Routing, ABrokersPortLeadsToThatBroker) {
  start();
  Socket client = to_broker(second_id);
  EXPECT_TRUE(arrives_at(second, client));
}

TEST_F(Routing, ABootstrapPortLeadsToItsBootstrapServer) {
  start();
  Socket client = bootstrap();
  EXPECT_TRUE(arrives_at(broker, client));
}

TEST_F(Routing, ABootstrapServerThatIsDownIsReplacedByAnother) {
  config.upstream->bootstrap_servers = {{"127.0.0.1", test::free_ports()}, broker.address()};
  start();
  Socket client = bootstrap();
  EXPECT_TRUE(arrives_at(broker, client));
}

TEST_F(Routing, ABrokerOutOfRangeIsHiddenAlone) {
  broker.be_cluster({{id, broker.address()}, {999, second.address()}});
  start();
  const Socket client = to_broker();
  client.send(test::request_frame(api::metadata, 1, 1, Bytes{0, 0, 0, 0}));
  const auto answer = kafka::decode_response<kafka::MetadataResponse>(client.receive_frame(), 1);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->brokers.size(), 1U);
  EXPECT_EQ(answer->brokers[0].node_id, id);
}

TEST_F(Routing, ABrokerOutOfRangeLeavesTheProxyReady) {
  broker.be_cluster({{id, broker.address()}, {999, second.address()}});
  start();
  EXPECT_TRUE(page("/readyz").starts_with("HTTP/1.1 200"));
  EXPECT_EQ(page("/metrics").find("kafka_proxy_unmapped_brokers_total{reason=\"invalid\"} 0\n"), std::string::npos);
}

TEST_F(Routing, AnIpv6AddressIsBound) {
  config.bind_address = "::1";
  start();
  Socket client = Socket::connect(port_of(second_id), "::1");
  ASSERT_TRUE(client.open());
  EXPECT_TRUE(arrives_at(second, client));
}

TEST_F(Routing, ADynamicListenerLeadsToItsBroker) {
  config.broker_mapping = config::DynamicMapping{
      .bootstrap = {{broker.address(), {"127.0.0.1", bootstrap_port()}, {"127.0.0.1", bootstrap_port()}}},
      .external = {},
      .listener_ip = "127.0.0.1",
      .advertised_listener = {},
      .min_port = static_cast<std::uint16_t>(base_ + 20),
      .deterministic = true};
  start();
  Socket client = to_broker(second_id);
  EXPECT_TRUE(arrives_at(second, client));
}

TEST_F(Routing, WhileTheClusterIsDownClientsAreClosedAndReadinessSaysWhy) {
  config.upstream->bootstrap_servers = {{"127.0.0.1", test::free_ports()}};
  launch();
  ASSERT_TRUE(page_comes("/readyz", "upstream: "));
  Socket client = bootstrap();
  client.send(beat(1));
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"io\"} 1"));
}

class TlsRouting : public Routing {
 protected:
  TlsRouting() {
    std::signal(SIGPIPE, SIG_IGN);
    const auto leaf = authority.issue("DNS:*.kafka.test");
    config.downstream.security_protocol = config::SecurityProtocol::Ssl;
    config.downstream.tls.cert = leaf.cert;
    config.downstream.tls.key = leaf.key;
    config.broker_mapping = config::SniMapping{bootstrap_port(), 0, "^127", "b<$id>.kafka.test"};
  }

  std::unique_ptr<TlsClient> connect(const std::string& server_name) const {
    auto made = std::make_unique<TlsClient>(bootstrap(), TlsClient::Options{.server_name = server_name});
    EXPECT_TRUE(made->handshake());
    return made;
  }

  test::Certificates authority;
};

TEST_F(TlsRouting, AServerNameLeadsToItsBroker) {
  start();
  const auto client = connect("b2.kafka.test");
  EXPECT_TRUE(arrives_at(second, *client));
}

TEST_F(TlsRouting, AServerNameIsComparedWithoutCase) {
  start();
  const auto client = connect("B2.Kafka.TEST");
  EXPECT_TRUE(arrives_at(second, *client));
}

TEST_F(TlsRouting, AnUnknownServerNameLeadsToBootstrap) {
  start();
  const auto client = connect("anything.kafka.test");
  EXPECT_TRUE(arrives_at(broker, *client));
}

TEST_F(TlsRouting, AClientWithoutServerNameIsToldByAnAlertAndCounted) {
  start();
  TlsClient client(bootstrap(), {});
  EXPECT_FALSE(client.handshake());
  EXPECT_EQ(client.alert(), SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_TRUE(metric_comes("tls_handshake_failures_total{side=\"downstream\",reason=\"no_server_name\"} 1"));
}

TEST_F(TlsRouting, ResponsesNameBrokersByTheirServerNames) {
  start();
  const auto client = connect("b1.kafka.test");
  client->send(test::request_frame(api::metadata, 1, 1, Bytes{0, 0, 0, 0}));
  const auto answer = kafka::decode_response<kafka::MetadataResponse>(client->receive_frame(), 1);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->brokers.size(), 2U);
  EXPECT_EQ(answer->brokers[1].host, "b2.kafka.test");
  EXPECT_EQ(answer->brokers[1].port, bootstrap_port());
}

TEST_F(TlsRouting, AnswersComeBackThroughTls) {
  start();
  const auto client = connect("b2.kafka.test");
  client->send(beat(1));
  const auto arrived = second.next();
  ASSERT_TRUE(arrived);
  const Bytes large(300'000, 7);
  arrived->reply(large);
  EXPECT_EQ(client->receive_frame(), arrived->response(large));
}

struct Stranger {
  std::string what;
  std::string spoke;
  Bytes first;
};
class WrongOnTls : public TlsRouting, public testing::WithParamInterface<Stranger> {};

TEST_P(WrongOnTls, IsCountedAndClosed) {
  start();
  const Socket client = bootstrap();
  client.send(GetParam().first);
  EXPECT_TRUE(client.ended(soon));
  EXPECT_TRUE(metric_comes("wrong_protocol_total{spoke=\"" + GetParam().spoke + "\"} 1"));
}
INSTANTIATE_TEST_SUITE_P(Port, WrongOnTls,
                         testing::Values(Stranger{"PlaintextKafka", "kafka", beat(1)},
                                         Stranger{"Http", "http", test::bytes_of("GET / HTTP/1.1\r\n\r\n")},
                                         Stranger{"Garbage", "unknown", {0x7f, 0x45, 0x4c, 0x46}}),
                         [](const auto& instance) { return instance.param.what; });

TEST_F(TlsRouting, AHandshakeThatIsNotFinishedEndsAtTheHandshakeTimeout) {
  config.limits.handshake_timeout = std::chrono::milliseconds(200);
  start();
  const Socket client = bootstrap();
  client.send(Bytes{0x16, 3, 1, 0x02, 0, 1, 0, 1});
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(metric_comes("connections_closed_total{reason=\"timeout\"} 1"));
}

}  // namespace
}  // namespace kp::proxy
