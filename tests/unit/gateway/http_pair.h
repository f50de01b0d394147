#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/connection.h"
#include "unit/gateway/mock_kafka.h"

namespace kp::gateway {

/// One connection on a loop of its own; this thread is its client, over a socket pair.
class HttpPair {
 public:
  explicit HttpPair(config::Config config) {
    auto runtime = Runtime::build(config, {}, nullptr);
    EXPECT_TRUE(runtime) << runtime.error().message;
    if ((*runtime)->wal != nullptr)
      (*runtime)->wal->go_on_by(*config.http_produce->wal, (*runtime)->logged, (*runtime)->logins);
    common_.current = *runtime;
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    client_ = ends[0];
    const timeval patience{60, 0};
    ::setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(client_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // as accept gives it
    ++common_.connections;
    ++lane_.load;
    auto connection = std::make_shared<Connection>(lane_, net::Stream(loop_.context(), Descriptor(ends[1])));
    net::asio::co_spawn(loop_.executor(), Connection::serve(std::move(connection)), net::asio::detached);
    loop_.start();
  }
  ~HttpPair() {
    leave();
    EXPECT_TRUE(becomes([this] { return common_.connections == 0; }));
    on_loop([this] { lane_.runtime = nullptr; });
    EXPECT_EQ(common_.buffered, 0U);
  }
  HttpPair(const HttpPair&) = delete;
  HttpPair& operator=(const HttpPair&) = delete;

  /// False: the other end takes no more.
  bool say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::send(client_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// What it takes without waiting.
  std::size_t try_say(std::string_view text) const {
    const ssize_t n = ::send(client_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  /// The next response, head and body; what there is when the connection ends.
  std::string hear() {
    for (;;) {
      const std::size_t head = heard_.find("\r\n\r\n");
      const std::size_t length = heard_.find("Content-Length: ");
      if (head != std::string::npos && length < head) {
        const std::size_t size = head + 4 + std::stoul(heard_.substr(length + 16));
        if (heard_.size() >= size) {
          std::string one = heard_.substr(0, size);
          heard_.erase(0, size);
          return one;
        }
      }
      std::array<char, 65536> some{};
      const ssize_t n = ::recv(client_, some.data(), some.size(), 0);
      if (n <= 0) return std::exchange(heard_, {});
      heard_.append(some.data(), static_cast<std::size_t>(n));
    }
  }
  void leave() {
    if (client_ >= 0) ::close(std::exchange(client_, -1));
  }
  void drain() {
    common_.draining = true;
    on_loop([this] {
      for (Connection* each : lane_.connections) each->drain();
    });
  }
  void reload(config::Config config) {
    auto next = Runtime::build(config, {}, common_.runtime().get());
    ASSERT_TRUE(next) << next.error().message;
    before_.push_back(common_.exchange(*next));
    ++common_.generation;
  }
  std::uint64_t buffered() const { return common_.buffered; }
  std::shared_ptr<const Runtime> runtime() const { return common_.runtime(); }

 private:
  template <class Act>
  void on_loop(Act act) {
    std::promise<void> done;
    net::asio::post(loop_.context(), [&] {
      act();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::vector<std::shared_ptr<const Runtime>> before_;  ///< their end is not the loop's
  Common common_;
  net::Loop loop_;
  Lane lane_{loop_, common_};
  int client_ = -1;
  std::string heard_;
};

}  // namespace kp::gateway
