#pragma once

#include <algorithm>
#include <array>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "auth/broker_login.h"
#include "support/doorkeeper.h"
#include "unit/auth/support.h"
#include "unit/proxy/running_proxy.h"

namespace kp::proxy {

using auth::Mechanism;
using Apis = std::vector<std::int16_t>;

inline constexpr std::int16_t sasl_authentication_failed = 58;
inline constexpr std::array<std::string_view, 3> clients_secrets{"wonderland", "can-we-fix-it", "carols-own"};
inline constexpr std::array<std::string_view, 2> upstream_secrets{"svc-upstream", "bob-upstream"};
inline constexpr std::string_view wrong_password = "looking-glass";

inline bool holds(BytesView bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end(),
                     [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }) != bytes.end();
}

/// Logs in as a client does, by the proxy's own code for brokers. The error is what the client was told.
inline Status log_in(const test::Socket& client, Mechanism mechanism, const config::Credential& who,
                     kafka::Version version = 1) {
  auth::BrokerLogin login(mechanism, who, "client", version);
  std::int32_t correlation_id = 1;
  Bytes request = login.begin(correlation_id);
  for (;;) {
    client.send(request);
    const Bytes answer = client.receive_frame();
    for (const std::string_view secret : upstream_secrets) EXPECT_FALSE(holds(answer, secret));
    auto next = login.next(answer, ++correlation_id);
    if (!next) return std::move(next).error();
    if (!next->has_value()) return Done{};
    request = std::move(**next);
  }
}

/// A Proxy with auth_swap between clients with SASL and a broker with SASL. alice goes on as svc, bob as bob, carol is
/// mapped to nobody. At the end no secret may stand in any log line or page.
class LoginScene : public RunningProxy {
 protected:
  LoginScene() {
    config.downstream.security_protocol = config::SecurityProtocol::SaslPlaintext;
    config.downstream.sasl_mechanisms = {std::begin(auth::every_mechanism), std::end(auth::every_mechanism)};
    config.upstream->security_protocol = config::SecurityProtocol::SaslPlaintext;
    config.upstream->sasl_mechanism = Mechanism::Plain;
    config::AuthSwap& swap = config.auth_swap.emplace();
    swap.enabled = true;
    swap.downstream_credentials = {alice, bob, carol};
    swap.upstream_credentials = {{"svc", "svc-upstream"}, {"bob", "bob-upstream"}};
    swap.mapping = {{"alice", "svc"}, {"bob", "$self"}};
    log::configure(log::Level::Debug, log::Format::Text);
    testing::internal::CaptureStderr();
  }
  ~LoginScene() override {
    std::string shown;
    if (proxy)
      for (const char* path : {"/metrics", "/config", "/brokers", "/readyz", "/"}) shown += page(path);
    proxy.reset();
    shown += testing::internal::GetCapturedStderr();
    if (HasFailure()) std::cout << shown;
    EXPECT_NE(shown.find("cluster"), std::string::npos) << "nothing was captured";
    for (const std::string_view secret : clients_secrets) EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
    for (const std::string_view secret : upstream_secrets) EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
    EXPECT_EQ(shown.find(wrong_password), std::string::npos) << shown;
    for (const std::string_view secret : clients_secrets) EXPECT_FALSE(keeper->heard(secret));
  }

  /// Launches, with the broker's logins as they are by now. What a test holds of the proxy begins here.
  void start_with_logins() {
    broker.ask_first([kept = keeper](const auto& request) { return kept->take(request); });
    start();
  }
  /// The broker knows svc by another password; what the proxy asks by itself it asks as bob.
  void let_broker_refuse_svc() {
    keeper = doorkeeper({{"svc", "another"}, {"bob", "bob-upstream"}});
    config.auth_swap->mapping.emplace_back("$anonymous", "bob");
  }

  static std::shared_ptr<test::Doorkeeper> doorkeeper(std::vector<config::Credential> users) {
    return std::make_shared<test::Doorkeeper>(
        std::move(users), std::vector<Mechanism>{std::begin(auth::every_mechanism), std::end(auth::every_mechanism)});
  }

  test::Socket logged_in(const config::Credential& who) {
    test::Socket client = to_broker();
    const Status done = log_in(client, Mechanism::Plain, who);
    EXPECT_TRUE(done) << done.error().message;
    return client;
  }
  test::FakeBroker::Request arrival() {
    auto arrived = broker.next();
    EXPECT_TRUE(arrived) << "nothing reached the broker";
    return arrived.value_or(test::FakeBroker::Request{});
  }
  void answer_beats() {
    broker.on(heartbeat, [](const auto& request) { request.reply(Bytes(6)); });
  }
  bool counted(const std::string& side, const std::string& mechanism, const std::string& result, int times = 1) {
    return metric_comes("auth_total{side=\"" + side + "\",mechanism=\"" + mechanism + "\",result=\"" + result + "\"} " +
                        std::to_string(times));
  }

  const config::Credential alice{"alice", std::string(clients_secrets[0])};
  const config::Credential bob{"bob", std::string(clients_secrets[1])};
  const config::Credential carol{"carol", std::string(clients_secrets[2])};
  std::shared_ptr<test::Doorkeeper> keeper = doorkeeper({{"svc", "svc-upstream"}, {"bob", "bob-upstream"}});
};

inline Bytes joined(const std::vector<Bytes>& frames) {
  Bytes all;
  for (const Bytes& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

inline void expect_ids(const test::Socket& client, const std::vector<std::int32_t>& expected) {
  for (const std::int32_t correlation_id : expected) EXPECT_EQ(next_id(client), correlation_id);
}

}  // namespace kp::proxy
