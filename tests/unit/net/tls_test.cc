#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <thread>

#include "support/certificates.h"
#include "support/tls_client.h"
#include "unit/net/stream_pair.h"

namespace kp::net {
namespace {

using test::bytes_of;

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
    return test::await(std::move(accepted));
  }

  test::Certificates ours;
  test::Certificates::Leaf leaf;
  TlsServerOptions server_options;
  TlsClientOptions client_options;
  Status server_outcome = Done{};
  std::unique_ptr<test::TlsClient> client;
  bool client_in = false;
};

TEST_F(TlsTest, AClientThatTrustsTheAuthorityGetsIn) {
  const Status connected = meet("broker.test");
  EXPECT_TRUE(connected) << connected.error().message;
}

TEST_F(TlsTest, ANameUnderAWildcardIsAccepted) {
  const Status connected = meet("b7.wild.test");
  EXPECT_TRUE(connected) << connected.error().message;
}

TEST_F(TlsTest, AnAddressIsVerifiedAsOne) {
  const Status connected = meet("127.0.0.1");
  EXPECT_TRUE(connected) << connected.error().message;
}

TEST_F(TlsTest, AnAddressIsNotSentAsServerName) {
  ASSERT_TRUE(meet("127.0.0.1"));
  EXPECT_EQ(stream->server_name(), "");
}

TEST_F(TlsTest, AnotherHostNameIsRefused) {
  const Status connected = meet("other.test");
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Errc::Unauthorized);
  EXPECT_NE(connected.error().message.find("hostname mismatch"), std::string::npos) << connected.error().message;
}

TEST_F(TlsTest, AnotherAddressIsRefused) {
  const Status connected = meet("127.0.0.2");
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Errc::Unauthorized);
}

TEST_F(TlsTest, AnUnknownAuthorityIsRefused) {
  const test::Certificates theirs("another CA");
  client_options.ca = theirs.ca();
  const Status connected = meet("broker.test");
  ASSERT_FALSE(connected);
  EXPECT_EQ(tls_failure_label(connected.error().message), "certificate") << connected.error().message;
}

TEST_F(TlsTest, TheSystemsRootsDoNotKnowOurAuthority) {
  client_options.ca.clear();
  const Status connected = meet("broker.test");
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Errc::Unauthorized);
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  const auto expired = ours.issue("DNS:broker.test", std::chrono::seconds(-60));
  server_options.cert = expired.cert;
  server_options.key = expired.key;
  const Status connected = meet("broker.test");
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().message.find("expired"), std::string::npos) << connected.error().message;
}

TEST_F(TlsTest, TrustAllAcceptsAnyAuthorityAndAnyName) {
  client_options.ca.clear();
  client_options.trust_all = true;
  const Status connected = meet("other.test");
  EXPECT_TRUE(connected) << connected.error().message;
}

TEST_F(TlsTest, TheServerLearnsTheNameInLowerCaseWithoutTheLastDot) {
  ASSERT_TRUE(meet_stranger({.server_name = "B1.Kafka.Test."}));
  EXPECT_EQ(stream->server_name(), "b1.kafka.test");
}

TEST_F(TlsTest, AClientWithoutServerNameHasNone) {
  ASSERT_TRUE(meet_stranger({}));
  EXPECT_EQ(stream->server_name(), "");
}

TEST_F(TlsTest, WhereANameIsRequiredAClientWithoutOneSeesTheAlertUnrecognizedName) {
  server_options.require_name = true;

  const Status accepted = meet_stranger({});

  ASSERT_FALSE(accepted);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "no_server_name") << accepted.error().message;
  EXPECT_EQ(client->alert(), SSL_AD_UNRECOGNIZED_NAME);
}

TEST_F(TlsTest, WhereANameIsRequiredAClientWithOneGetsIn) {
  server_options.require_name = true;
  EXPECT_TRUE(meet_stranger({.server_name = "b1.kafka.test"}));
}

TEST_F(TlsTest, Version12Works) {
  ASSERT_TRUE(meet_stranger({.server_name = "b", .max_version = TLS1_2_VERSION}));
  EXPECT_EQ(client->version(), "TLSv1.2");
}

TEST_F(TlsTest, Version13Works) {
  ASSERT_TRUE(meet_stranger({.server_name = "b", .min_version = TLS1_3_VERSION}));
  EXPECT_EQ(client->version(), "TLSv1.3");
}

TEST_F(TlsTest, Version11IsRefused) {
  const Status accepted =
      meet_stranger({.server_name = "b", .max_version = TLS1_1_VERSION, .min_version = TLS1_VERSION});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(client->alert(), SSL_AD_PROTOCOL_VERSION);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "protocol") << accepted.error().message;
}

class MutualTls : public TlsTest {
 protected:
  void SetUp() override {
    TlsTest::SetUp();
    server_options.require_client = true;
    server_options.client_ca = ours.ca();
  }
};

TEST_F(MutualTls, AClientWithACertificateGetsIn) {
  const auto mine = ours.issue("DNS:client.test");
  client_options.cert = mine.cert;
  client_options.key = mine.key;
  ASSERT_TRUE(meet("broker.test"));
  EXPECT_TRUE(server_outcome) << server_outcome.error().message;
}

TEST_F(MutualTls, AClientWithoutCertificateIsRefused) {
  const Status accepted = meet_stranger({});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(tls_failure_label(accepted.error().message), "certificate") << accepted.error().message;
}

TEST_F(MutualTls, AClientWithACertificateOfAnotherAuthorityIsRefused) {
  test::Certificates theirs("another CA");
  const auto foreign = theirs.issue("DNS:client.test");
  const Status accepted = meet_stranger({.cert = foreign.cert, .key = foreign.key});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Errc::Unauthorized) << accepted.error().message;
}

class TlsStream : public TlsTest {
 protected:
  void SetUp() override {
    TlsTest::SetUp();
    ASSERT_TRUE(meet("broker.test"));
  }
};

Task<Status> read_exactly(Stream* stream, MutableBytes into) {
  while (!into.empty()) {
    const Result<std::size_t> got = co_await stream->read_some(into.first(std::min<std::size_t>(into.size(), 5000)));
    if (!got) co_return got.error();
    into = into.subspan(*got);
  }
  co_return Done{};
}

TEST_F(TlsStream, CarriesManyRecordsWhole) {
  const Bytes sent = numbered(3 << 20);
  Bytes received(sent.size());
  auto written = test::spawn(loop, stream->write_all(sent));

  const Status read = test::run(loop, read_exactly(other.get(), received));

  EXPECT_TRUE(test::await(std::move(written)) && read);
  EXPECT_TRUE(received == sent);
}

TEST_F(TlsStream, CarriesBothWaysAtOnce) {
  const Bytes there = numbered(1 << 20);
  const Bytes back = numbered((1 << 20) + 7);
  Bytes got_there(there.size());
  Bytes got_back(back.size());
  auto one = test::spawn(loop, stream->write_all(there));
  auto two = test::spawn(loop, other->write_all(back));
  auto three = test::spawn(loop, read_exactly(stream.get(), got_back));
  auto four = test::spawn(loop, read_exactly(other.get(), got_there));
  EXPECT_TRUE(test::await(std::move(one)) && test::await(std::move(two)) && test::await(std::move(three)) &&
              test::await(std::move(four)));
  EXPECT_TRUE(got_there == there && got_back == back);
}

TEST_F(TlsStream, TheEndOfThePeerIsEof) {
  test::on_loop(loop, [this] { return stream->shutdown_write(), true; });
  Bytes into(10);
  const Result<std::size_t> got = test::run(loop, other->read_some(into));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Eof);
}

TEST_F(TlsStream, AnEndWithoutCloseNotifyIsEofToo) {
  test::on_loop(loop, [this] { return stream->close(), true; });
  Bytes into(10);
  const Result<std::size_t> got = test::run(loop, other->read_some(into));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::Eof) << got.error().message;
}

TEST_F(TlsStream, WhatCameBeforeTheEndIsRead) {
  const Bytes last = bytes_of("last words");
  ASSERT_TRUE(test::run(loop, stream->write_all(last)));
  test::on_loop(loop, [this] { return stream->shutdown_write(), true; });
  Bytes into(last.size());
  EXPECT_TRUE(test::run(loop, read_exactly(other.get(), into)));
  EXPECT_EQ(into, last);
}

TEST_F(TlsStream, CancelEndsAWait) {
  Bytes into(10);
  auto got = test::spawn(loop, stream->read_some(into));
  cancel();
  const Result<std::size_t> outcome = test::await(std::move(got));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::Timeout);
}

TEST_F(TlsTest, LingerDeliversTheLastBytesAlthoughThePeerSentMore) {
  ASSERT_TRUE(meet_stranger({.server_name = "b"}));
  ASSERT_TRUE(client->send(numbered(16000)));
  const Bytes last = bytes_of("last words");
  ASSERT_TRUE(test::run(loop, stream->write_all(last)));
  auto left = test::spawn(loop, stream->linger());

  const Bytes received = client->receive(100);
  client->socket().close();

  test::await(std::move(left));
  EXPECT_EQ(received, last);
}

TEST_F(TlsTest, CancelEndsAHandshakeThatDoesNotCome) {
  connect();
  const auto server = TlsContext::server(server_options);
  ASSERT_TRUE(server);
  auto accepted = test::spawn(loop, stream->accept_tls(**server));
  cancel();
  const Status outcome = test::await(std::move(accepted));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::Timeout);
}

TEST_F(TlsTest, APeerThatSpeaksPlaintextIsNamedAsSuch) {
  connect();
  const auto contexts = TlsContext::client(client_options);
  ASSERT_TRUE(contexts);
  auto connected = test::spawn(loop, stream->connect_tls(**contexts, "broker.test"));
  peer.send(
      bytes_of(std::string("\0\0\0\x0a"
                           "0123456789",
                           14)));
  const Status outcome = test::await(std::move(connected));
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("does not speak TLS"), std::string::npos) << outcome.error().message;
}

TEST_F(TlsTest, APeerThatClosesDuringTheHandshakeIsEof) {
  connect();
  const auto contexts = TlsContext::client(client_options);
  ASSERT_TRUE(contexts);
  auto connected = test::spawn(loop, stream->connect_tls(**contexts, "broker.test"));
  peer.receive(1);
  peer.close();
  const Status outcome = test::await(std::move(connected));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::Eof) << outcome.error().message;
}

TEST_F(TlsTest, ContextsKnowWhenTheirCertificateEnds) {
  const auto server = TlsContext::server(server_options);
  ASSERT_TRUE(server);
  ASSERT_EQ((*server)->expiries().size(), 1U);
  const auto left = (*server)->expiries()[0].at - std::chrono::system_clock::now();
  EXPECT_NEAR(std::chrono::duration<double>(left).count(), 24 * 3600, 600);
}

class BadFile : public TlsTest {
 protected:
  static void expect_named(const Result<std::shared_ptr<const TlsContext>>& made, const std::string& file,
                           const std::string& words) {
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::Invalid);
    EXPECT_TRUE(made.error().message.starts_with(file + ": ")) << made.error().message;
    EXPECT_NE(made.error().message.find(words), std::string::npos) << made.error().message;
  }
  const test::TemporaryDirectory& directory() const { return ours.directory(); }
};

TEST_F(BadFile, MissingCertificate) {
  server_options.cert = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.cert, "no such file");
}

TEST_F(BadFile, MissingKey) {
  server_options.key = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.key, "no such file");
}

TEST_F(BadFile, CertificateThatIsNoPem) {
  server_options.cert = directory().write("text.pem", "hello");
  expect_named(TlsContext::server(server_options), server_options.cert, "not a PEM certificate chain");
}

TEST_F(BadFile, KeyThatIsNoPem) {
  server_options.key = directory().write("text.pem", "hello");
  expect_named(TlsContext::server(server_options), server_options.key, "not the PEM private key");
}

TEST_F(BadFile, KeyOfAnotherCertificate) {
  server_options.key = ours.issue("DNS:other.test").key;
  expect_named(TlsContext::server(server_options), server_options.key, server_options.cert);
}

TEST_F(BadFile, MissingClientAuthorities) {
  server_options.require_client = true;
  server_options.client_ca = directory().file("absent.pem");
  expect_named(TlsContext::server(server_options), server_options.client_ca, "no such file");
}

TEST_F(BadFile, MissingAuthoritiesOfTheBrokers) {
  client_options.ca = directory().file("absent.pem");
  expect_named(TlsContext::client(client_options), client_options.ca, "no such file");
}

TEST_F(BadFile, AuthoritiesThatAreNoPem) {
  client_options.ca = directory().write("text.pem", "hello");
  expect_named(TlsContext::client(client_options), client_options.ca, "not a PEM bundle");
}

TEST_F(BadFile, ClientCertificateThatIsNoPem) {
  client_options.cert = directory().write("text.pem", "hello");
  client_options.key = client_options.cert;
  expect_named(TlsContext::client(client_options), client_options.cert, "not a PEM certificate chain");
}

}  // namespace
}  // namespace kp::net
