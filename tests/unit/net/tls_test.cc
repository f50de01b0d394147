#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "unit/net/tls_pair.h"

namespace kp::net {
namespace {

using test::bytes_of;

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
  EXPECT_EQ(tls_failure_label(connected.error().message), "unknown_ca") << connected.error().message;
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

}  // namespace
}  // namespace kp::net
