// httpfloor PORT THREADS: a bare Beast server that reads each request whole and answers 200, in the gateway's words.
// What HTTP costs by itself, beside which the gateway is measured.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

class Client : public std::enable_shared_from_this<Client> {
 public:
  explicit Client(tcp::socket socket) : stream_(std::move(socket)) {}

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
                       if (!failed) self->answer();
                     });
  }

 private:
  void answer() {
    answer_ = {http::status::ok, 11};
    answer_.set(http::field::content_type, "application/json");
    answer_.body() = R"({"status":"ok","errors":[]})";
    answer_.keep_alive(request_.keep_alive());
    answer_.prepare_payload();
    http::async_write(stream_, answer_, [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
      if (!failed) self->read();
    });
  }

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> answer_;
};

void accept(tcp::acceptor& acceptor, std::vector<std::unique_ptr<asio::io_context>>& loops, std::size_t next) {
  acceptor.async_accept(*loops[next % loops.size()],
                        [&acceptor, &loops, next](boost::system::error_code failed, tcp::socket socket) {
                          if (!failed) {
                            auto client = std::make_shared<Client>(std::move(socket));
                            asio::post(*loops[next % loops.size()], [client] { client->read(); });
                          }
                          accept(acceptor, loops, next + 1);
                        });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int threads = std::atoi(argv[2]);
  std::vector<std::unique_ptr<asio::io_context>> loops;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  for (int i = 0; i < threads; ++i) {
    loops.push_back(std::make_unique<asio::io_context>(1));
    work.push_back(asio::make_work_guard(*loops.back()));
  }
  tcp::acceptor acceptor(*loops[0],
                         {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(std::atoi(argv[1]))});
  accept(acceptor, loops, 0);
  std::vector<std::thread> running;
  for (int i = 1; i < threads; ++i) running.emplace_back([&loops, i] { loops[static_cast<std::size_t>(i)]->run(); });
  loops[0]->run();
}
