#include "broker/topology.h"

#include <gtest/gtest.h>

#include <csignal>

#include "support/fake_broker.h"
#include "support/running.h"

namespace kp::broker {
namespace {

namespace api = kafka::api;
using test::FakeBroker;
using Request = FakeBroker::Request;

class TopologyTest : public ::testing::Test {
 protected:
  void SetUp() override { loop.start(); }

  void learn_from(std::vector<HostPort> bootstrap, bool passive = false) {
    Topology::Options options{
        .dialer = std::make_shared<const Dialer>(std::vector<config::ResolveRule>{}, nullptr, std::chrono::seconds(5)),
        .bootstrap = std::move(bootstrap),
        .passive = passive,
        .max_frame_bytes = 1 << 20,
        .learned = [this](const Cluster& cluster, std::chrono::steady_clock::time_point) { take(cluster); },
        .known = [this] { return known; }};
    topology = std::make_shared<Topology>(loop, std::move(options));
    topology->start();
  }

  std::optional<Cluster> learned() {
    const bool came = test::eventually([this] {
      const std::lock_guard lock(mutex);
      return latest.has_value();
    });
    const std::lock_guard lock(mutex);
    return came ? latest : std::nullopt;
  }

  std::string trouble() {
    test::eventually([this] { return !topology->state().trouble.empty(); });
    return topology->state().trouble;
  }

  void TearDown() override {
    if (topology) topology->stop();
    loop.stop();
  }

  void take(const Cluster& cluster) {
    const std::lock_guard lock(mutex);
    latest = cluster;
  }

  std::mutex mutex;  ///< guards latest
  std::optional<Cluster> latest;
  std::vector<HostPort> known;
  FakeBroker broker;
  net::Loop loop;
  std::shared_ptr<Topology> topology;
};

const std::vector<std::pair<BrokerId, HostPort>> two_brokers{{0, {"kafka-0", 9092}}, {7, {"2001:db8::7", 9093}}};

TEST_F(TopologyTest, LearnsByDescribeCluster) {
  broker.be_cluster(two_brokers);
  learn_from({broker.address()});
  const auto cluster = learned();
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->cluster_id, "fake");
  EXPECT_EQ(cluster->brokers, (std::vector<ClusterBroker>{{0, {"kafka-0", 9092}}, {7, {"2001:db8::7", 9093}}}));
}

TEST_F(TopologyTest, DescribeClusterV2NamesAlsoBrokersThatAreDown) {
  broker.be_cluster(two_brokers, 2);
  learn_from({broker.address()});
  const auto cluster = learned();
  ASSERT_TRUE(cluster);
  EXPECT_TRUE(cluster->complete);
}

TEST_F(TopologyTest, DescribeClusterV2IsAskedForFencedBrokers) {
  broker.be_cluster(two_brokers, 2);
  broker.on(api::describe_cluster, [](const Request& request) { request.from->close(); });
  std::promise<Bytes> asked;
  broker.on(api::describe_cluster, [&asked, first = std::make_shared<std::once_flag>()](const Request& request) {
    std::call_once(*first, [&] { asked.set_value(request.frame); });
  });
  learn_from({broker.address()});
  const Bytes frame = test::await(asked.get_future());
  // …, include_cluster_authorized_operations, endpoint_type, include_fenced_brokers, no tagged fields
  EXPECT_EQ(Bytes(frame.end() - 4, frame.end()), (Bytes{0, 1, 1, 0}));
}

TEST_F(TopologyTest, DescribeClusterV0LeavesOutBrokersThatAreDown) {
  broker.be_cluster(two_brokers, 0);
  learn_from({broker.address()});
  const auto cluster = learned();
  ASSERT_TRUE(cluster);
  EXPECT_FALSE(cluster->complete);
}

TEST_F(TopologyTest, AVersionThatWeDoNotKnowIsNotAskedFor) {
  broker.be_cluster(two_brokers, 99, 99);
  learn_from({broker.address()});
  EXPECT_TRUE(learned());
}

TEST_F(TopologyTest, AnOldBrokerIsAskedForMetadata) {
  broker.be_cluster(two_brokers, -1, 4);
  learn_from({broker.address()});
  const auto cluster = learned();
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->brokers.size(), 2U);
  EXPECT_FALSE(cluster->complete);
}

TEST_F(TopologyTest, ABrokerThatOffersNeitherIsNamedAsTheTrouble) {
  broker.be_cluster({}, -1, -1);
  learn_from({broker.address()});
  EXPECT_NE(trouble().find("neither DescribeCluster nor Metadata"), std::string::npos);
}

TEST_F(TopologyTest, BrokersWithoutAnAddressAreLeftOut) {
  broker.be_cluster({{0, {"kafka-0", 9092}}, {1, {"", 9092}}, {2, {"kafka-2", 0}}, {-1, {"kafka-3", 9092}}});
  learn_from({broker.address()});
  const auto cluster = learned();
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->brokers.size(), 1U);
}

TEST_F(TopologyTest, AClusterWithoutBrokersIsTrouble) {
  broker.be_cluster({});
  learn_from({broker.address()});
  EXPECT_NE(trouble().find("names no broker"), std::string::npos);
}

TEST_F(TopologyTest, OnceLearnedTheClusterIsKnown) {
  broker.be_cluster(two_brokers);
  learn_from({broker.address()});
  EXPECT_TRUE(test::eventually([this] { return topology->state().known; }));
  EXPECT_EQ(topology->state().trouble, "");
}

TEST_F(TopologyTest, WhereBrokersWantALoginItAsksOnlyWhetherOneAnswers) {
  broker.be_cluster(two_brokers);
  broker.on(api::describe_cluster, [](const Request&) { ADD_FAILURE() << "asked without a login"; });
  learn_from({broker.address()}, true);
  EXPECT_TRUE(test::eventually([this] { return topology->state().known; }));
}

TEST_F(TopologyTest, WhenTheFirstBootstrapServerIsDownTheNextIsAsked) {
  broker.be_cluster(two_brokers);
  learn_from({{"127.0.0.1", test::free_ports()}, broker.address()});
  EXPECT_TRUE(learned());
}

TEST_F(TopologyTest, WhenAllBootstrapServersAreDownAKnownBrokerIsAsked) {
  broker.be_cluster(two_brokers);
  known = {broker.address()};
  learn_from({{"127.0.0.1", test::free_ports()}});
  EXPECT_TRUE(learned());
}

TEST_F(TopologyTest, ABrokerThatIsDownIsTroubleUntilItComes) {
  known = {};
  const std::uint16_t port = test::free_ports();
  learn_from({{"127.0.0.1", port}});
  EXPECT_NE(trouble().find("Connection refused"), std::string::npos);
  EXPECT_FALSE(topology->state().known);
}

TEST_F(TopologyTest, AConnectionThatDiesIsMadeAgain) {
  broker.be_cluster(two_brokers);
  const auto first = std::make_shared<std::atomic<bool>>(true);
  FakeBroker::Answerer honest;
  broker.on(api::api_versions, [this, first](const Request& request) {
    if (first->exchange(false)) return request.from->reset();
    broker.be_cluster(two_brokers);
    request.from->reset();
  });
  learn_from({broker.address()});
  EXPECT_TRUE(learned());
  EXPECT_GE(broker.accepted(), 3U);
}

/// A hostile answer, and the words that say so.
struct Hostile {
  std::string what;
  std::int16_t to;
  std::string words;
  void (*answer)(const Request&);
};

class HostileAnswer : public TopologyTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileAnswer, GivesAReason) {
  broker.be_cluster(two_brokers);
  broker.on(GetParam().to, GetParam().answer);
  learn_from({broker.address()});
  EXPECT_NE(trouble().find(GetParam().words), std::string::npos) << topology->state().trouble;
}

void send_text(const Request& request, std::string_view text) { request.from->send(test::bytes_of(text)); }

void wrong_correlation_id(const Request& request) {
  Request other = request;
  other.head.correlation_id += 1;
  other.reply(Bytes(40));
}

INSTANTIATE_TEST_SUITE_P(
    Topology, HostileAnswer,
    ::testing::Values(
        Hostile{"HugeSize", api::api_versions, "does not speak Kafka",
                [](const Request& request) { request.from->send(Bytes{0x7f, 0xff, 0xff, 0xff, 0, 0}); }},
        Hostile{"NegativeSize", api::describe_cluster, "does not speak Kafka",
                [](const Request& request) { request.from->send(Bytes{0xff, 0xff, 0xff, 0xff}); }},
        Hostile{"SizeBelowTheHeader", api::describe_cluster, "does not speak Kafka",
                [](const Request& request) { request.from->send(Bytes{0, 0, 0, 3, 1, 2, 3}); }},
        Hostile{"TlsAlert", api::api_versions, "does not speak Kafka",
                [](const Request& request) { send_text(request, "\x15\x03\x03\x01\x02\x02\x46"); }},
        Hostile{"Http", api::api_versions, "does not speak Kafka",
                [](const Request& request) { send_text(request, "HTTP/1.1 400 Bad Request\r\n\r\n"); }},
        Hostile{"OnlyACorrelationId", api::api_versions, "ApiVersionsResponse v0",
                [](const Request& request) { request.reply({}); }},
        Hostile{"ACountBeyondTheFrame", api::api_versions, "ApiVersionsResponse v0",
                [](const Request& request) { request.reply(Bytes{0, 0, 0x7f, 0xff, 0xff, 0xff}); }},
        Hostile{"TruncatedDescription", api::describe_cluster, "DescribeClusterResponse v2",
                [](const Request& request) { request.reply(Bytes{0, 0, 0, 0}); }},
        Hostile{"ErrorCode", api::describe_cluster, "Kafka error 41",
                [](const Request& request) {
                  // throttle, error 41, no message, endpoint type, empty id, controller, no broker, operations, no tags
                  request.reply(Bytes{0, 0, 0, 0, 0, 41, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0});
                }},
        Hostile{"WrongCorrelationId", api::describe_cluster, "an answer to something else", wrong_correlation_id},
        Hostile{"WrongCorrelationIdOfTheOffer", api::api_versions, "an answer to something else", wrong_correlation_id},
        Hostile{"ClosesInstead", api::describe_cluster, "closed",
                [](const Request& request) { request.from->close(); }},
        Hostile{"ClosesWithinTheFrame", api::describe_cluster, "closed",
                [](const Request& request) {
                  request.from->send(Bytes{0, 0, 1, 0, 0, 0});
                  request.from->close();
                }}),
    [](const auto& parameter) { return parameter.param.what; });

TEST_F(TopologyTest, APortBeyondTheRangeIsTrouble) {
  broker.be_cluster(two_brokers, -1, 1);
  broker.on(api::metadata, [](const Request& request) {
    // one broker: id 1, "a", port 65536, no rack; controller; no topics
    request.reply(Bytes{0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 'a', 0, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0});
  });
  learn_from({broker.address()});
  EXPECT_NE(trouble().find("port 65536"), std::string::npos) << topology->state().trouble;
}

}  // namespace
}  // namespace kp::broker
