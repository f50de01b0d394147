#include "certs/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <thread>

#include "net/tls.h"
#include "support/certificates.h"
#include "support/socket.h"
#include "support/tls_server.h"

namespace kp::certs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class FetchCa : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    options.out = directory.file("server_ca.pem");
  }

  /// Serves `files` as chain, the first is the leaf.
  void serve(const std::vector<std::string>& files, const std::string& key, int max_version = 0,
             bool wants_client = false) {
    std::string chain;
    for (const std::string& file : files) chain += test::contents(file);
    server.emplace(test::TlsServer::Options{directory.write("chain.pem", chain), key, max_version, wants_client});
    options.server = {"localhost", server->port()};
  }
  void fetch() {
    const Result<std::string> fetched = fetch_ca(options);
    ASSERT_TRUE(fetched) << fetched.error().message;
    said = *fetched;
  }
  void expect_refused(Errc code, const std::string& words) {
    const Result<std::string> fetched = fetch_ca(options);
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().code, code);
    EXPECT_THAT(fetched.error().message, HasSubstr(words));
  }
  std::string saved() const { return test::contents(options.out); }

  test::TemporaryDirectory directory;
  test::Certificates root{"root CA"};
  test::Certificates department{"department CA", root};
  std::optional<test::TlsServer> server;
  FetchOptions options;
  std::string said;
};

TEST_F(FetchCa, SavesTheRootWhenTheServerSendsIt) {
  const auto leaf = department.issue("DNS:localhost");
  serve({leaf.cert, department.ca(), root.ca()}, leaf.key);
  fetch();
  EXPECT_EQ(saved(), test::contents(root.ca()));
}

TEST_F(FetchCa, SavesTheTopmostOfWhatTheServerSends) {
  const auto leaf = department.issue("DNS:localhost");
  serve({leaf.cert, department.ca()}, leaf.key);
  fetch();
  EXPECT_EQ(saved(), test::contents(department.ca()));
  EXPECT_THAT(said, HasSubstr("It is no root"));
}

TEST_F(FetchCa, FindsTheTopmostInAnyOrder) {
  const auto leaf = department.issue("DNS:localhost");
  serve({leaf.cert, root.ca(), department.ca()}, leaf.key);
  fetch();
  EXPECT_EQ(saved(), test::contents(root.ca()));
}

TEST_F(FetchCa, WhatWasSavedIsEnoughToTrustTheServer) {
  const auto leaf = department.issue("DNS:localhost");
  serve({leaf.cert, department.ca()}, leaf.key);
  fetch();
  EXPECT_TRUE(net::TlsContext::client({.ca = options.out}));
}

TEST_F(FetchCa, ShowsWhatToCompare) {
  const auto leaf = root.issue("DNS:localhost", std::chrono::hours(24), "kafka-0");
  serve({leaf.cert, root.ca()}, leaf.key);
  fetch();
  EXPECT_THAT(said, AllOf(HasSubstr("sent 2 certificates"), HasSubstr("1  CN=kafka-0, signed by CN=root CA, until 2"),
                          HasSubstr("subject  CN=root CA"), HasSubstr("SHA-256  "), HasSubstr("compare the SHA-256"),
                          HasSubstr("roots do not trust"), HasSubstr("      ca_certs: " + options.out)));
}

TEST_F(FetchCa, ShowsTheFingerprintThatOpensslShows) {
  const auto leaf = root.issue("DNS:localhost");
  serve({leaf.cert, root.ca()}, leaf.key);
  fetch();
  std::FILE* const out =
      ::popen(("openssl x509 -noout -fingerprint -sha256 -in " + root.ca() + " | cut -d= -f2").c_str(), "r");
  std::array<char, 200> line{};
  ASSERT_NE(std::fgets(line.data(), static_cast<int>(line.size()), out), nullptr);
  ::pclose(out);
  EXPECT_THAT(said, HasSubstr("SHA-256  " + std::string(line.data())));
}

TEST_F(FetchCa, SaysWhenTheNameIsAnother) {
  const auto leaf = root.issue("DNS:elsewhere.test");
  serve({leaf.cert, root.ca()}, leaf.key);
  fetch();
  EXPECT_THAT(said, HasSubstr("not for the name localhost"));
}

TEST_F(FetchCa, SendsTheServersName) {
  const auto leaf = root.issue("DNS:localhost");
  serve({leaf.cert, root.ca()}, leaf.key);
  fetch();
  EXPECT_EQ(server->server_name(), "localhost");
}

TEST_F(FetchCa, SavesASelfSignedServersOwn) {
  test::Certificates lone("lone server");
  serve({lone.ca()}, lone.own_key());
  fetch();
  EXPECT_EQ(saved(), test::contents(lone.ca()));
}

TEST_F(FetchCa, SavesNothingWhenTheServerSendsNoAuthority) {
  const auto leaf = root.issue("DNS:localhost");
  serve({leaf.cert}, leaf.key);
  expect_refused(Errc::NotFound, "did not send the certificate of its authority, so nothing was saved");
  EXPECT_FALSE(std::filesystem::exists(options.out));
}

TEST_F(FetchCa, SavesTheServersOwnWhenAskedTo) {
  const auto leaf = root.issue("DNS:localhost");
  serve({leaf.cert}, leaf.key);
  options.leaf = true;
  fetch();
  EXPECT_EQ(saved(), test::contents(leaf.cert));
}

TEST_F(FetchCa, WorksWithServersThatWantAClientsCertificate) {
  const auto leaf = root.issue("DNS:localhost");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    options.out = directory.file("ca" + std::to_string(version) + ".pem");
    serve({leaf.cert, root.ca()}, leaf.key, version, true);
    fetch();
    EXPECT_EQ(saved(), test::contents(root.ca())) << version;
  }
}

TEST_F(FetchCa, SavesWhatHasExpiredAndSaysSo) {
  const auto leaf = root.issue("DNS:localhost", std::chrono::seconds(-60));
  serve({leaf.cert}, leaf.key);
  options.leaf = true;
  fetch();
  EXPECT_THAT(said, HasSubstr("It has expired"));
}

TEST_F(FetchCa, ANameFromTheNetCanNotMoveTheCursor) {
  const auto leaf = root.issue("DNS:localhost", std::chrono::hours(1), "\x1b[2Jevil");
  serve({leaf.cert, root.ca()}, leaf.key);
  fetch();
  EXPECT_THAT(said, AllOf(HasSubstr("CN=?[2Jevil"), Not(HasSubstr("\x1b"))));
}

TEST_F(FetchCa, OverwritesNothing) {
  const auto leaf = root.issue("DNS:localhost");
  serve({leaf.cert, root.ca()}, leaf.key);
  directory.write("server_ca.pem", "mine");
  expect_refused(Errc::Conflict, options.out + ": already there");
  EXPECT_EQ(saved(), "mine");
}

TEST_F(FetchCa, NobodyListens) {
  options.server = {"127.0.0.1", test::free_ports()};
  expect_refused(Errc::Io, "connection refused");
}

TEST_F(FetchCa, AnUnknownNameIsSaid) {
  options.server = {"no-such-host.invalid", 9093};
  expect_refused(Errc::NotFound, "no-such-host.invalid:9093: name lookup: ");
}

TEST_F(FetchCa, APlaintextPortThatAnswersIsSaid) {
  const test::ListeningSocket listening;
  options.server = listening.address();
  std::thread plain([&] {
    const test::Socket client = listening.accept();
    client.send(test::bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"));
    client.receive_to_end();
  });
  expect_refused(Errc::Malformed, "TLS");
  plain.join();
}

TEST_F(FetchCa, APlaintextPortThatClosesIsSaid) {
  const test::ListeningSocket listening;
  options.server = listening.address();
  std::thread plain([&] {
    const test::Socket client = listening.accept();
    client.receive(5);  // a Kafka broker reads the hello as an absurd size
  });
  expect_refused(Errc::Eof, "a plaintext port, perhaps");
  plain.join();
}

TEST_F(FetchCa, ASilentServerIsGivenUp) {
  const test::ListeningSocket listening;
  options.server = listening.address();
  options.deadline = std::chrono::milliseconds(200);
  expect_refused(Errc::Timeout, "no answer in time");
}

}  // namespace
}  // namespace kp::certs
