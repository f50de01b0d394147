#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/socket.h"

struct ssl_st;
struct ssl_ctx_st;

namespace kp::test {

/// A TLS client that is none of ours: plain OpenSSL on a blocking socket. It trusts everybody.
class TlsClient {
 public:
  struct Options {
    std::string server_name{};  ///< empty: no SNI
    int max_version = 0;        ///< TLS1_2_VERSION…; 0: the highest
    int min_version = 0;
    std::string cert{};  ///< files; empty: no client certificate
    std::string key{};
    std::string ciphers{};  ///< for TLS 1.2; empty: all
  };

  TlsClient(Socket socket, const Options& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool handshake();
  bool send(BytesView bytes);
  Bytes receive(std::size_t count);
  Bytes receive_frame();
  std::string version() const;          ///< "TLSv1.3"
  int alert() const { return alert_; }  ///< the last one that the server sent, SSL_AD_…; -1: none
  std::string cipher() const;
  bool can_resume() const;  ///< the server gave us a session to come back with; ask after a receive()
  std::vector<std::string> presented() const;  ///< the CNs of the chain that the server sent, leaf first
  Socket& socket() { return socket_; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
    void operator()(ssl_ctx_st* context) const;
  };
  Socket socket_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::unique_ptr<ssl_st, Free> ssl_;
  int alert_ = -1;
};

}  // namespace kp::test
