#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "support/socket.h"

struct ssl_ctx_st;

namespace kp::test {

/// A TLS server that is none of ours: plain OpenSSL on a thread of its own, for one connection after the other.
class TlsServer {
 public:
  struct Options {
    std::string chain;  ///< file, sent as it is
    std::string key;
    int max_version = 0;        ///< TLS1_2_VERSION…; 0: the highest
    bool wants_client = false;  ///< refuses who comes without a certificate
  };

  explicit TlsServer(const Options& options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const { return listening_.port(); }
  std::string server_name();  ///< that the first client sent; waits for it

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  void serve();

  ListeningSocket listening_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::promise<std::string> name_;
  std::thread thread_;
};

}  // namespace kp::test
