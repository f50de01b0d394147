#include "net/http_get.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "net/task.h"

namespace kp::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Endpoints = std::vector<tcp::endpoint>;

constexpr std::uint32_t max_header_bytes = 16 * 1024;
constexpr std::size_t max_buffered_bytes = 64 * 1024;

Error too_late() { return Error{Errc::Timeout, "no answer in time"}; }

Result<Endpoints> look_up(const HostPort& server) {
  asio::io_context io{1};
  tcp::resolver resolver(io);
  error_code failed;
  const auto found = resolver.resolve(server.host, std::to_string(server.port), failed);
  if (failed) return Error{Errc::NotFound, "name lookup: " + failed.message()};
  Endpoints all;
  for (const auto& entry : found) all.push_back(entry.endpoint());
  return all;
}

/// A lookup knows no deadline: one that is late is left to itself.
Result<Endpoints> look_up_until(Clock::time_point end, const HostPort& server) {
  error_code no_address;
  const auto address = asio::ip::make_address(server.host, no_address);
  if (!no_address) return Endpoints{tcp::endpoint(address, server.port)};
  auto promise = std::make_shared<std::promise<Result<Endpoints>>>();
  auto outcome = promise->get_future();
  std::thread([promise, server] { promise->set_value(look_up(server)); }).detach();
  if (outcome.wait_until(end) != std::future_status::ready) return too_late().within("name lookup");
  return outcome.get();
}

/// One question and its answer. Outlives the coroutine that works on it.
struct Exchange {
  Exchange(asio::io_context& io, std::size_t limit) : socket(io), buffer(max_buffered_bytes) {
    parser.header_limit(max_header_bytes);
    parser.body_limit(limit);
  }

  Endpoints endpoints;
  http::request<http::empty_body> request;
  tcp::socket socket;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  error_code failed;
  bool done = false;
};

Task<void> ask(Exchange* exchange) {
  co_await asio::async_connect(exchange->socket, exchange->endpoints, capture(exchange->failed));
  if (!exchange->failed) co_await http::async_write(exchange->socket, exchange->request, capture(exchange->failed));
  if (!exchange->failed)
    co_await http::async_read(exchange->socket, exchange->buffer, exchange->parser, capture(exchange->failed));
  exchange->done = true;
}

Error because(const error_code& failed, std::size_t limit) {
  if (failed == asio::error::connection_refused) return Error{Errc::Io, "connection refused: nothing listens there"};
  if (failed == http::error::body_limit)
    return Error{Errc::Invalid, "the answer is larger than " + std::to_string(limit) + " bytes"};
  if (failed == http::error::end_of_stream || failed == http::error::partial_message || failed == asio::error::eof)
    return Error{Errc::Eof, "the connection was closed before the answer was complete"};
  if (failed.category() == http::make_error_code(http::error::bad_method).category())
    return Error{Errc::Malformed, "the answer is not HTTP (" + failed.message() + ")"};
  return Error{Errc::Io, failed.message()};
}

Result<std::string> body_of(http::response<http::string_body> response) {
  const unsigned status = response.result_int();
  if (status == 200) return std::move(response.body());
  const auto meaning = http::obsolete_reason(response.result());  // the server's own words may be anything
  return Error{status == 404 ? Errc::NotFound : Errc::Io,
               "the answer is " + std::to_string(status) + " " + std::string(meaning.data(), meaning.size())};
}

}  // namespace

Result<std::string> http_get(const HostPort& server, const std::string& path, std::size_t limit,
                             std::chrono::milliseconds deadline) {
  const Clock::time_point end = Clock::now() + deadline;
  Result<Endpoints> endpoints = look_up_until(end, server);
  if (!endpoints) return std::move(endpoints).error();
  asio::io_context io{1};
  Exchange exchange(io, limit);
  exchange.endpoints = std::move(*endpoints);
  exchange.request = {http::verb::get, path, 11};
  exchange.request.set(http::field::host, to_string(server));
  exchange.request.set(http::field::user_agent, "kafkaproxy");
  exchange.request.set(http::field::connection, "close");
  asio::co_spawn(io, ask(&exchange), asio::detached);
  io.run_until(end);
  if (!exchange.done) {
    error_code ignored;
    exchange.socket.close(ignored);
    io.restart();
    io.run();  // the coroutine sees its wait cancelled and ends
    return too_late();
  }
  if (exchange.failed) return because(exchange.failed, limit);
  return body_of(exchange.parser.release());
}

}  // namespace kp::net
