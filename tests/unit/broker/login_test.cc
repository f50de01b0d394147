#include "broker/login.h"

#include <gtest/gtest.h>

#include "broker/dial.h"
#include "broker/topology.h"
#include "kafka/apis.h"
#include "support/doorkeeper.h"
#include "support/running.h"

/// The proxy's login to a broker on a connection of its own, and that of who asks for the cluster.
namespace kp::broker {
namespace {

namespace api = kafka::api;
using auth::Mechanism;
using std::chrono::milliseconds;
using test::Doorkeeper;
using test::FakeBroker;

const std::vector<Mechanism> all{Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512};
const config::Credential svc{"svc", "svc-secret"};

class LoginTest : public ::testing::Test {
 protected:
  void SetUp() override {
    broker.ask_first([kept = keeper](const FakeBroker::Request& request) { return kept->take(request); });
    loop.start();
    auto dialled = test::run(loop, dialer->dial(loop, broker.address()));
    ASSERT_TRUE(dialled) << dialled.error().message;
    stream.emplace(std::move(*dialled));
  }
  void TearDown() override {
    test::on_loop(loop, [this] { return stream.reset(), true; });
    loop.stop();
  }

  Status log_in_as(const config::Credential& who, Mechanism mechanism = Mechanism::Plain) {
    login.emplace(mechanism, who, "kafkaproxy");
    return test::run(loop, log_in(*stream, *login));
  }

  std::shared_ptr<Doorkeeper> keeper = std::make_shared<Doorkeeper>(std::vector{svc}, all);
  FakeBroker broker;
  net::Loop loop;
  std::shared_ptr<const Dialer> dialer =
      std::make_shared<const Dialer>(std::vector<config::ResolveRule>{}, nullptr, std::chrono::seconds(5));
  std::optional<net::Stream> stream;
  std::optional<auth::BrokerLogin> login;
};

class EveryMechanism : public LoginTest, public testing::WithParamInterface<Mechanism> {};

TEST_P(EveryMechanism, LogsInAndHearsForHowLong) {
  keeper->want_logins_every(milliseconds(5000));
  const Status done = log_in_as(svc, GetParam());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(login->session_lifetime(), milliseconds(5000));
}
INSTANTIATE_TEST_SUITE_P(Of, EveryMechanism, testing::ValuesIn(all));

TEST_F(LoginTest, ARefusalIsUnauthorizedAndHoldsNoSecret) {
  const Status done = log_in_as({"svc", "wrong-secret"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::Unauthorized);
  EXPECT_EQ(done.error().message.find("wrong-secret"), std::string::npos) << done.error().message;
}

TEST_F(LoginTest, ABrokerThatEndsInItsMiddleIsAnEnd) {
  keeper->end_at(api::sasl_authenticate);
  const Status done = log_in_as(svc);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::Eof) << done.error().message;
}

TEST(Renewal, IsDueBeforeTheLifetimeIsOver) {
  for (int i = 0; i < 1000; ++i) {
    const milliseconds due = renewal_after(milliseconds(100'000));
    EXPECT_GE(due, milliseconds(85'000));
    EXPECT_LE(due, milliseconds(95'000));
  }
}

TEST(Renewal, LeavesTimeForWhatIsUnderWay) {
  EXPECT_EQ(renewal_after(milliseconds(5000)), milliseconds(3000));
  EXPECT_EQ(renewal_after(milliseconds(1000)), milliseconds(500));
}

TEST(Renewal, IsDueWithinAMonthWhateverTheBrokerSays) {
  const milliseconds due = renewal_after(milliseconds::max());
  EXPECT_GT(due, milliseconds(0));
  EXPECT_LE(due, std::chrono::hours(24 * 30));
}

TEST(Renewal, IsNeverDueWithoutALifetime) { EXPECT_EQ(renewal_after(milliseconds(0)), milliseconds(0)); }

class TopologyLogin : public ::testing::Test {
 protected:
  void SetUp() override {
    broker.be_cluster({{1, {"kafka-1", 9092}}});
    broker.ask_first([this, kept = keeper](const FakeBroker::Request& request) {
      const bool taken = kept->take(request);
      if (request.head.api_key == api::describe_cluster) described.set(request.from);
      return taken;
    });
    config.upstream.emplace();
    config.upstream->security_protocol = config::SecurityProtocol::SaslPlaintext;
    config.upstream->sasl_mechanism = Mechanism::ScramSha512;
    config.downstream.security_protocol = config::SecurityProtocol::Plaintext;
    config.auth_swap.emplace();
    config.auth_swap->enabled = true;
    config.auth_swap->upstream_credentials = {svc, {"admin", "admin-secret"}};
    loop.start();
  }
  void TearDown() override {
    if (topology) topology->stop();
    loop.stop();
  }
  void learn() {
    auto swap = auth::Swap::make(config);
    ASSERT_TRUE(swap) << swap.error().message;
    Topology::Options options{
        .dialer = std::make_shared<const Dialer>(std::vector<config::ResolveRule>{}, nullptr, std::chrono::seconds(5)),
        .swap = *swap,
        .bootstrap = {broker.address()},
        .max_frame_bytes = 1 << 20,
        .learned = [](const Cluster&, std::chrono::steady_clock::time_point) {},
        .known = [] { return std::vector<HostPort>{}; }};
    topology = std::make_shared<Topology>(loop, std::move(options));
    topology->start();
  }
  bool known() {
    return test::eventually([this] { return topology->state().known; });
  }

  /// The connection that was last asked for the cluster.
  struct Described {
    void set(std::shared_ptr<FakeBroker::Connection> from) {
      const std::lock_guard lock(mutex);
      last = std::move(from);
    }
    std::shared_ptr<FakeBroker::Connection> get() {
      const std::lock_guard lock(mutex);
      return last;
    }
    std::mutex mutex;  ///< guards last
    std::shared_ptr<FakeBroker::Connection> last;
  };
  Described described;
  std::shared_ptr<Doorkeeper> keeper =
      std::make_shared<Doorkeeper>(std::vector<config::Credential>{svc, {"admin", "admin-secret"}}, all);
  config::Config config;
  FakeBroker broker;
  net::Loop loop;
  std::shared_ptr<Topology> topology;
};

TEST_F(TopologyLogin, ComesBeforeTheQuestion) {
  learn();
  ASSERT_TRUE(known());
  const auto asked = keeper->asked(described.get());
  EXPECT_EQ(asked, (std::vector<std::int16_t>{api::api_versions, api::sasl_handshake, api::sasl_authenticate,
                                              api::sasl_authenticate, api::describe_cluster}));
}

TEST_F(TopologyLogin, IsTheFirstCredentials) {
  learn();
  ASSERT_TRUE(known());
  EXPECT_EQ(keeper->user(described.get()), "svc");
}

TEST_F(TopologyLogin, IsTheAnonymousClientsWhereTheyHaveOne) {
  config.auth_swap->mapping = {{"$anonymous", "admin"}};
  learn();
  ASSERT_TRUE(known());
  EXPECT_EQ(keeper->user(described.get()), "admin");
}

TEST_F(TopologyLogin, ThatIsRefusedIsTheTroubleWithoutTheSecret) {
  config.auth_swap->upstream_credentials = {{"svc", "wrong-secret"}};
  learn();
  ASSERT_TRUE(test::eventually([this] { return !topology->state().trouble.empty(); }));
  const std::string trouble = topology->state().trouble;
  EXPECT_NE(trouble.find("SASL_AUTHENTICATION_FAILED"), std::string::npos) << trouble;
  EXPECT_EQ(trouble.find("wrong-secret"), std::string::npos) << trouble;
}

TEST_F(TopologyLogin, IsMadeAnewOnANewConnectionWhenTheBrokersSessionEnds) {
  keeper->want_logins_every(milliseconds(1000));
  learn();
  ASSERT_TRUE(known());
  const auto first = described.get();
  ASSERT_TRUE(test::eventually([&] { return described.get() != first; }));
  EXPECT_EQ(keeper->logins(described.get()), 1);
}

}  // namespace
}  // namespace kp::broker
