#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/socket.h"

namespace kp::bench {

/// A page of the proxy's admin endpoint, asked for again and again on one connection.
class AdminPage {
 public:
  AdminPage(std::uint16_t port, std::string_view path);

  std::string read();  ///< the body
  int status();        ///< of the page as it is now, such as 200

 private:
  const Fd socket_;
  const std::string request_;
  std::string received_;
};

}  // namespace kp::bench
