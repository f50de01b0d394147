#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <future>

#include "kafka/apis.h"
#include "proxy/proxy.h"
#include "support/fake_broker.h"

/// A whole Proxy between a scripted client and a scripted broker, for what real ones can't be made to do.
namespace kp::proxy {

inline constexpr std::int16_t heartbeat = 12;  ///< an API that passes as bytes
inline constexpr kafka::Version heartbeat_version = 4;

class RunningProxy : public testing::Test {
 protected:
  static constexpr BrokerId id = 1;

  RunningProxy() : base_(test::free_ports(40)) {
    std::signal(SIGPIPE, SIG_IGN);  // as main does: neither splice nor OpenSSL knows MSG_NOSIGNAL
    broker.be_cluster({{id, broker.address()}});
    config.bind_address = "127.0.0.1";
    config.upstream.emplace();
    config.upstream->bootstrap_servers = {broker.address()};
    config.upstream->security_protocol = config::SecurityProtocol::Plaintext;
    config.downstream.security_protocol = config::SecurityProtocol::Plaintext;
    config.broker_mapping =
        config::PortOffsetMapping{.hostname = "proxy.example.com", .base = base_, .max_broker_id = 10};
    config.admin_address = HostPort{"127.0.0.1", 0};
    log::configure(log::Level::Error, log::Format::Text);
  }

  void launch(unsigned threads = 1) {
    auto started = Proxy::start(config, threads);
    ASSERT_TRUE(started) << started.error().message;
    proxy = std::move(*started);
  }
  /// Launches and waits until the brokers are known.
  void start(unsigned threads = 1) {
    launch(threads);
    ASSERT_TRUE(proxy->wait_until_ready(test::patience));
  }

  std::uint16_t bootstrap_port() const { return base_; }
  std::uint16_t port_of(BrokerId broker_id) const { return static_cast<std::uint16_t>(base_ + 20 + broker_id); }
  test::Socket bootstrap() const { return test::Socket::connect(bootstrap_port()); }
  test::Socket to_broker(BrokerId broker_id = id) const { return test::Socket::connect(port_of(broker_id)); }

  /// The whole HTTP answer.
  std::string page(const std::string& path) const {
    const test::Socket socket = test::Socket::connect(proxy->admin_address()->port);
    socket.send(test::bytes_of("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    const Bytes answer = socket.receive_to_end();
    return {answer.begin(), answer.end()};
  }
  bool page_comes(const std::string& path, const std::string& words) const {
    return test::eventually([&] { return page(path).find(words) != std::string::npos; });
  }
  bool metric_comes(const std::string& line) const { return page_comes("/metrics", "kafka_proxy_" + line + "\n"); }

  const std::uint16_t base_;
  test::FakeBroker broker;
  config::Config config;
  std::unique_ptr<Proxy> proxy;
};

inline Bytes beat(std::int32_t correlation_id, std::size_t body_bytes = 4) {
  return test::request_frame(heartbeat, heartbeat_version, correlation_id, Bytes(body_bytes));
}

/// The correlation id of the next response; -1: the connection ended.
inline std::int32_t next_id(const test::Socket& client) {
  const Bytes frame = client.receive_frame();
  return frame.size() < kafka::response_head_bytes ? -1 : kafka::peek_response(frame).correlation_id;
}

}  // namespace kp::proxy
