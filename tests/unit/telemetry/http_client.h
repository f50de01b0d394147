#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/host_port.h"

namespace kp::test {

/// A blocking TCP client of one connection, which says exactly the bytes that a test gives it. Waits end after 10 s.
class HttpClient {
 public:
  explicit HttpClient(const HostPort& to) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0) return;
    fd_ = socket(found->ai_family, SOCK_STREAM, 0);
    if (connect(fd_, found->ai_addr, found->ai_addrlen) != 0) ADD_FAILURE() << "connect " << to_string(to);
    freeaddrinfo(found);
  }
  ~HttpClient() { close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void say(std::string_view bytes) { EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize(bytes)); }

  /// Everything until the server closes.
  std::string rest() {
    while (more()) continue;
    return std::exchange(received_, {});
  }

  /// One response with its body, by Content-Length.
  std::string response() {
    while (received_.find("\r\n\r\n") == std::string::npos)
      if (!more()) return std::exchange(received_, {});
    const std::size_t head = received_.find("\r\n\r\n") + 4;
    const std::size_t at = received_.find("Content-Length: ");
    const std::size_t body = at < head ? std::strtoul(received_.c_str() + at + 16, nullptr, 10) : 0;
    while (received_.size() < head + body && more()) continue;
    std::string out = received_.substr(0, head + body);
    received_.erase(0, out.size());
    return out;
  }

 private:
  bool more() {
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, 10'000) != 1) {
      ADD_FAILURE() << "the server neither answers nor closes";
      return false;
    }
    char bytes[4096];
    const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
    if (n > 0) received_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  int fd_ = -1;
  std::string received_;
};

/// One request on its own connection; the whole answer.
inline std::string ask(const HostPort& server, std::string_view method, std::string_view target) {
  HttpClient client(server);
  client.say(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.rest();
}

inline std::string status_of(std::string_view response) { return std::string(response.substr(0, response.find('\r'))); }

inline std::string body_of(std::string_view response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(response.substr(end + 4));
}

}  // namespace kp::test
