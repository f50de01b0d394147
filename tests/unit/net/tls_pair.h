#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "net/tls.h"
#include "support/certificates.h"
#include "support/tls_client.h"
#include "unit/net/stream_pair.h"

namespace kp::net {

/// A server of ours with a certificate for broker.test, and who comes to it.
class TlsTest : public StreamTest {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    StreamTest::SetUp();
    leaf = ours.issue("DNS:broker.test,DNS:*.wild.test,IP:127.0.0.1");
    server_options.cert = leaf.cert;
    server_options.key = leaf.key;
    client_options.ca = ours.ca();
  }

  /// Both handshakes, our client against our server; the client's outcome.
  Status meet(const std::string& name) {
    connect_both();
    const auto server = TlsContext::server(server_options);
    const auto trusting = TlsContext::client(client_options);
    EXPECT_TRUE(server && trusting);
    auto accepted = test::spawn(loop, stream->accept_tls(**server));
    const Status connected = test::run(loop, other->connect_tls(**trusting, name));
    if (!connected) test::on_loop(loop, [this] { return other->close(), true; });
    server_outcome = test::await(std::move(accepted));
    return connected;
  }

  /// A client that is not ours against our server; the server's outcome.
  Status meet_stranger(const test::TlsClient::Options& options) {
    connect();
    const auto server = TlsContext::server(server_options);
    EXPECT_TRUE(server) << server.error().message;
    auto accepted = test::spawn(loop, stream->accept_tls(**server));
    client = std::make_unique<test::TlsClient>(std::move(peer), options);
    client_in = client->handshake();
    Status outcome = test::await(std::move(accepted));
    if (!outcome && client_in) client->receive(1);  // since TLS 1.3 a refusal comes after the client's part
    return outcome;
  }

  test::Certificates ours;
  test::Certificates::Leaf leaf;
  TlsServerOptions server_options;
  TlsClientOptions client_options;
  Status server_outcome = Done{};
  std::unique_ptr<test::TlsClient> client;
  bool client_in = false;
};

}  // namespace kp::net
