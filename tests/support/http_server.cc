#include "support/http_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

namespace kp::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

struct HttpServer::TlsContext {
  asio::ssl::context context{asio::ssl::context::tls_server};
};

void HttpServer::Reply::json(unsigned status, std::string_view body, const std::string& headers) {
  raw("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" + headers +
      "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

void HttpServer::Reply::begin_stream() {
  raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool HttpServer::Reply::line(const std::string& text) {
  std::string size(20, '\0');
  size.resize(static_cast<std::size_t>(std::snprintf(size.data(), size.size(), "%zx", text.size() + 1)));
  return raw(size + "\r\n" + text + "\n\r\n");
}

void HttpServer::Reply::until_client_leaves() const {
  pollfd waiting{descriptor_, POLLRDHUP, 0};
  ::poll(&waiting, 1, static_cast<int>(patience.count()));
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::HttpServer(Handler handler, const Tls& tls)
    : handler_(std::move(handler)), tls_(std::make_unique<TlsContext>()) {
  tls_->context.use_certificate_chain_file(tls.chain);
  tls_->context.use_private_key_file(tls.key, asio::ssl::context::pem);
  if (!tls.client_ca.empty()) {
    tls_->context.load_verify_file(tls.client_ca);
    tls_->context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  ::shutdown(listening_.descriptor(), SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
}

std::string HttpServer::url(const std::string& host) const {
  return (tls_ ? "https://" : "http://") + host + ":" + std::to_string(port());
}

std::vector<HttpServer::Request> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t HttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void HttpServer::accept_all() {
  for (;;) {
    Socket client = listening_.accept();
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    if (!client.open()) continue;
    ++connections_;
    open_.push_back(client.descriptor());
    threads_.emplace_back([this, descriptor = client.release()] { serve(descriptor); });
  }
}

void HttpServer::serve(int descriptor) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io, asio::ip::tcp::v4(), descriptor);
  if (tls_) {
    asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, tls_->context);
    boost::system::error_code failed;
    stream.handshake(asio::ssl::stream_base::server, failed);
    if (!failed) serve_requests(stream, descriptor);
  } else {
    serve_requests(socket, descriptor);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, descriptor);  // before its number can be another's
  boost::system::error_code ignored;
  socket.close(ignored);
}

template <class Stream>
void HttpServer::serve_requests(Stream& stream, int descriptor) {
  beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> read;
    boost::system::error_code failed;
    http::read(stream, buffer, read, failed);
    if (failed) return;
    Request request{std::string(read.method_string()), std::string(read.target()), std::move(read.body()), {}};
    for (const auto& field : read) {
      std::string name(field.name_string());
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
      request.headers[name] = std::string(field.value());
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    Reply reply(descriptor, [&stream](std::string_view bytes) {
      boost::system::error_code not_sent;
      asio::write(stream, asio::buffer(bytes.data(), bytes.size()), not_sent);
      return !not_sent;
    });
    handler_(request, reply);
    if (reply.is_cut()) return;
  }
}

}  // namespace kp::test
