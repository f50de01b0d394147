#include "bench/admin_page.h"

#include <sys/socket.h>

#include <array>
#include <cstdlib>

namespace kp::bench {

AdminPage::AdminPage(std::uint16_t port, std::string_view path)
    : socket_(connect_to(port)), request_("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n") {}

std::string AdminPage::read() {
  constexpr std::string_view length_label = "Content-Length: ";
  constexpr std::string_view end_of_head = "\r\n\r\n";
  send_all(socket_, {reinterpret_cast<const std::uint8_t*>(request_.data()), request_.size()});
  received_.clear();
  for (std::size_t wanted = std::string::npos; received_.size() < wanted;) {
    std::array<char, 8192> buffer;
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) give_up("the admin endpoint closed the connection");
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    const auto head = received_.find(end_of_head);
    const auto length = received_.find(length_label);
    if (head == std::string::npos) continue;
    if (length > head) give_up("the admin endpoint did not say how long its page is");
    wanted = head + end_of_head.size() + std::strtoul(received_.c_str() + length + length_label.size(), nullptr, 10);
  }
  return received_.substr(received_.find(end_of_head) + end_of_head.size());
}

int AdminPage::status() {
  read();
  return std::atoi(received_.c_str() + received_.find(' '));
}

}  // namespace kp::bench
