#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/socket.h"

namespace kp::test {

/// An HTTP/1.1 server on 127.0.0.1 that does what no real one can be made to do. Each connection has a thread of its
/// own, on which `handler` runs, so it may wait.
class HttpServer {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::string body;
    std::map<std::string, std::string> headers;  ///< names in lower case
  };

  /// What becomes of one request.
  class Reply {
   public:
    Reply(int descriptor, std::function<bool(std::string_view)> send)
        : descriptor_(descriptor), send_(std::move(send)) {}

    bool raw(std::string_view bytes) { return send_(bytes); }  ///< false: the client is gone
    void json(unsigned status, std::string_view body, const std::string& headers = {});
    void begin_stream();                 ///< 200, chunked
    bool line(const std::string& text);  ///< one chunk: the text and a line's end
    void end_stream() { raw("0\r\n\r\n"); }
    void cut() { cut_ = true; }        ///< closes the connection when the handler returns
    void until_client_leaves() const;  ///< or the server ends
    bool is_cut() const { return cut_; }

   private:
    int descriptor_;
    std::function<bool(std::string_view)> send_;
    bool cut_ = false;
  };
  using Handler = std::function<void(const Request&, Reply&)>;

  struct Tls {
    std::string chain;           ///< file
    std::string key;             ///< file
    std::string client_ca = {};  ///< file; not empty: asks for a certificate and refuses who has none
  };

  explicit HttpServer(Handler handler);
  HttpServer(Handler handler, const Tls& tls);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const { return listening_.port(); }
  std::string url(const std::string& host = "127.0.0.1") const;
  std::vector<Request> requests() const;  ///< so far
  std::size_t connections() const;        ///< taken so far

 private:
  struct TlsContext;
  void accept_all();
  void serve(int descriptor);
  template <class Stream>
  void serve_requests(Stream& stream, int descriptor);

  Handler handler_;
  std::unique_ptr<TlsContext> tls_;
  ListeningSocket listening_;
  mutable std::mutex mutex_;  ///< of all below
  std::vector<Request> requests_;
  std::vector<int> open_;
  std::list<std::thread> threads_;
  std::size_t connections_ = 0;
  bool ended_ = false;
  std::thread acceptor_;
};

}  // namespace kp::test
