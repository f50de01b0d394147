#include "proxy/reloader.h"

#include <atomic>

#include "support/certificates.h"
#include "unit/proxy/reload_scene.h"

/// A proxy that is kept to its file. What stands in the file is told by the test's own few words.
namespace kp::proxy {
namespace {

using std::chrono::milliseconds;

class ReloaderTest : public Reloading<RunningProxy> {
 protected:
  ~ReloaderTest() override {
    if (proxy) proxy->stop_reloads();
    reloader.reset();
  }
  /// Runs by a file that says nothing, with `config` as it is by now.
  void follow(milliseconds retry_after = Reloader::retry_after) {
    write("");
    plain = config;
    auto started = Reloader::start(*proxy, path(), [this] { return load(); }, config, retry_after);
    ASSERT_TRUE(started) << started.error().message;
    reloader = std::move(*started);
  }
  void write(const std::string& text) { (void)directory.write("config", text); }
  std::string path() const { return directory.file("config"); }

  /// "" is `plain`; "idle N", "bootstrap PORT" change it; all else is an error, of generation N in "N …".
  config::Parsed load() {
    const std::string text = test::contents(path());
    config::Parsed parsed;
    parsed.config = plain;
    if (text.starts_with("idle "))
      parsed.config.limits.idle_timeout = milliseconds(std::stoi(text.substr(5)));
    else if (text.starts_with("bootstrap "))
      parsed.config.upstream->bootstrap_servers = {
          {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(text.substr(10)))}};
    else if (!text.empty()) {
      parsed.config.generation = text.substr(0, text.find(' '));
      parsed.errors.push_back({"somewhere", 3, text});
    }
    ++loads;
    return parsed;
  }
  bool reloads_come_to(int count) { return page_comes("/config", "\"reloads\": " + std::to_string(count)); }
  bool failures_come_to(int count) { return page_comes("/config", "\"reload_failures\": " + std::to_string(count)); }
  /// Two more looks have been taken: the first of them was over when the second began.
  void look_again() {
    for (int i = 0; i < 2; ++i) {
      const int before = loads;
      reloader->poke();
      ASSERT_TRUE(test::eventually([&] { return loads > before; }));
    }
  }

  const test::TemporaryDirectory directory;
  config::Config plain;
  std::atomic<int> loads{0};
  std::unique_ptr<Reloader> reloader;
};

TEST_F(ReloaderTest, AChangeOfTheFileComesIntoForce) {
  start();
  const auto client = settled();
  follow();
  write("idle 200");
  EXPECT_TRUE(reloads_come_to(1));
  EXPECT_TRUE(client.ended());
}

TEST_F(ReloaderTest, TheSameContentIsNoReload) {
  start();
  follow();
  write("");
  look_again();
  EXPECT_EQ(config_page()["reloads"], 0);
}

TEST_F(ReloaderTest, AnInvalidFileIsRefusedOnceAndShown) {
  start();
  follow();
  write("nonsense");
  EXPECT_TRUE(failures_come_to(1));
  look_again();
  const auto shown = config_page();
  EXPECT_EQ(shown["reload_failures"], 1);
  EXPECT_EQ(shown["reloads"], 0);
  EXPECT_NE(shown["last_reload_error"]["errors"][0].get<std::string>().find("nonsense"), std::string::npos);
}

TEST_F(ReloaderTest, TheRefusedGenerationIsShown) {
  start();
  follow();
  write("8 nonsense");
  EXPECT_TRUE(failures_come_to(1));
  EXPECT_EQ(config_page()["last_reload_error"]["generation"], "8");
  write("9 nonsense");
  EXPECT_TRUE(failures_come_to(2));
  EXPECT_EQ(config_page()["last_reload_error"]["generation"], "9");
}

TEST_F(ReloaderTest, AnotherErrorCountsAgain) {
  start();
  follow();
  write("nonsense");
  EXPECT_TRUE(failures_come_to(1));
  write("more nonsense");
  EXPECT_TRUE(failures_come_to(2));
}

TEST_F(ReloaderTest, TheErrorIsGoneOnceTheFileSaysAgainWhatIsInForce) {
  start();
  follow();
  write("nonsense");
  EXPECT_TRUE(failures_come_to(1));
  write("");
  EXPECT_TRUE(page_comes("/config", "\"last_reload_error\": null"));
  EXPECT_EQ(config_page()["reloads"], 0);
}

TEST_F(ReloaderTest, TheErrorIsGoneOnceTheFileIsMended) {
  start();
  follow();
  write("nonsense");
  EXPECT_TRUE(failures_come_to(1));
  write("idle 100000");
  EXPECT_TRUE(page_comes("/config", "\"last_reload_error\": null"));
  EXPECT_TRUE(reloads_come_to(1));
}

/// Hangs up on everybody until it is up.
class DownAtFirst : public ReloaderTest {
 protected:
  DownAtFirst() {
    other.be_cluster({{id, broker.address()}});
    other.ask_first([this](const auto& request) {
      if (up) return false;
      ++came;
      request.from->close();
      return true;
    });
  }
  std::atomic<bool> up{false};
  std::atomic<int> came{0};
  test::FakeBroker other;
};

TEST_F(DownAtFirst, AClusterThatDoesNotAnswerIsAskedAgainWithoutAChange) {
  start();
  follow(milliseconds(100));
  write("bootstrap " + std::to_string(other.port()));
  EXPECT_TRUE(failures_come_to(1));
  EXPECT_TRUE(test::eventually([this] { return came > 2; }));
  EXPECT_EQ(config_page()["reloads"], 0);
  up = true;
  EXPECT_TRUE(reloads_come_to(1));
  EXPECT_EQ(config_page()["reload_failures"], 1);
  EXPECT_EQ(config_page()["last_reload_error"], nullptr);
}

TEST_F(DownAtFirst, IsAskedNoMoreOnceTheFileSaysSomethingElse) {
  start();
  follow(milliseconds(100));
  write("bootstrap " + std::to_string(other.port()));
  EXPECT_TRUE(failures_come_to(1));
  write("idle 100000");
  EXPECT_TRUE(reloads_come_to(1));
  const int before = came;
  look_again();
  EXPECT_EQ(came, before);
}

/// The reloader begins after the proxy; what changed between the two is a change too.
TEST_F(ReloaderTest, AFileThatChangedBeforeItBeganToFollowIsNoticed) {
  test::Certificates authority;
  const auto leaf = authority.issue("DNS:proxy.test");
  config.downstream.security_protocol = config::SecurityProtocol::Ssl;
  config.downstream.tls.cert = leaf.cert;
  config.downstream.tls.key = leaf.key;
  start();
  const auto renewed = authority.issue("DNS:proxy.test", std::chrono::hours(1), "renewed");
  (void)authority.directory().write(std::filesystem::path(leaf.cert).filename(), test::contents(renewed.cert));
  (void)authority.directory().write(std::filesystem::path(leaf.key).filename(), test::contents(renewed.key));
  follow();
  EXPECT_TRUE(reloads_come_to(1));
}

}  // namespace
}  // namespace kp::proxy
