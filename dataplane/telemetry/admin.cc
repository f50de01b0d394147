#include "telemetry/admin.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <string_view>
#include <thread>
#include <utility>

#include "base/bindable.h"
#include "base/log.h"
#include "telemetry/admin_answer.h"

namespace kp::telemetry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::uint32_t max_header_bytes = 8192;
constexpr std::size_t max_buffered_bytes = 2 * max_header_bytes;  // a header, and what a client pipelined behind it

/// What the connections share. Admin thread only.
struct State {
  AdminPages pages;
  AdminLimits limits;
  std::size_t open = 0;  ///< connections being served
};

/// Token that puts the outcome into `failed` instead of throwing it.
auto capture(boost::system::error_code& failed) { return asio::redirect_error(asio::use_awaitable, failed); }

/// Waits for the first bytes of a request; false when the client left or took too long.
asio::awaitable<bool> request_begins(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                     std::chrono::milliseconds patience) {
  if (buffer.size() > 0) co_return true;
  stream.expires_after(patience);
  boost::system::error_code failed;
  const std::size_t n = co_await stream.async_read_some(buffer.prepare(512), capture(failed));
  buffer.commit(n);
  co_return !failed;
}

/// What to answer to bytes that are no request; nullopt when nobody waits for an answer.
std::optional<Answer> complaint(const boost::system::error_code& failed) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return refusal(431, "the header is too long");
  const bool not_http = failed.category() == make_error_code(http::error::bad_method).category();
  if (!not_http || failed == http::error::end_of_stream || failed == http::error::partial_message) return std::nullopt;
  return refusal(400, "this is not an HTTP request");
}

template <class Body>
http::response<Body> head_of(const Answer& answer, bool keep_alive) {
  http::response<Body> response(static_cast<http::status>(answer.status), 11);
  response.set(http::field::server, "kafkaproxy");
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  if (!answer.allow.empty()) response.set(http::field::allow, {answer.allow.data(), answer.allow.size()});
  response.content_length(answer.body.size());
  response.keep_alive(keep_alive);
  return response;
}

asio::awaitable<bool> send(beast::tcp_stream& stream, Answer answer, bool with_body, bool keep_alive) {
  boost::system::error_code failed;
  if (!with_body) {
    auto response = head_of<http::empty_body>(answer, keep_alive);
    co_await http::async_write(stream, response, capture(failed));
  } else {
    auto response = head_of<http::string_body>(answer, keep_alive);
    response.body() = std::move(answer.body);
    co_await http::async_write(stream, response, capture(failed));
  }
  co_return !failed;
}

/// Reads and answers one request; true when another may follow on this connection.
asio::awaitable<bool> serve_one(beast::tcp_stream& stream, beast::flat_buffer& buffer, const State& state) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(max_header_bytes);
  boost::system::error_code failed;
  stream.expires_after(state.limits.request);
  co_await http::async_read_header(stream, buffer, parser, capture(failed));

  const http::request<http::empty_body>& request = parser.get();
  Answer reply;
  bool keep_alive = false;
  if (failed) {
    auto said = complaint(failed);
    if (!said) co_return false;
    reply = std::move(*said);
  } else if (!parser.is_done()) {
    reply = refusal(413, "a request with a body is not for this server");
  } else {
    const auto method = request.method_string();
    const auto target = request.target();
    reply = answer(state.pages, {method.data(), method.size()}, {target.data(), target.size()});
    keep_alive = request.keep_alive();
  }
  const bool with_body = failed || request.method() != http::verb::head;
  stream.expires_after(state.limits.request);
  const bool sent = co_await send(stream, std::move(reply), with_body, keep_alive);
  co_return (sent && keep_alive);
}

/// Ends our half and takes what is still on its way, within bounds: closing with bytes unread makes the kernel reset
/// the connection, and the answer that was just sent would be lost.
asio::awaitable<void> part(beast::tcp_stream& stream) {
  static constexpr int max_reads = 16;
  boost::system::error_code failed;
  stream.socket().shutdown(tcp::socket::shutdown_send, failed);
  stream.expires_after(std::chrono::seconds(1));
  std::array<char, 4096> unread;
  for (int i = 0; i < max_reads && !failed; ++i) co_await stream.async_read_some(asio::buffer(unread), capture(failed));
}

/// Serves requests until the client leaves, errs or is too slow.
asio::awaitable<void> serve(std::shared_ptr<const State> state, tcp::socket client) {
  beast::tcp_stream stream(std::move(client));
  beast::flat_buffer buffer(max_buffered_bytes);
  auto patience = state->limits.request;  // who connects has something to ask
  for (;;) {
    const bool begun = co_await request_begins(stream, buffer, patience);
    if (!begun) co_return;
    const bool another = co_await serve_one(stream, buffer, *state);
    if (!another) break;
    patience = state->limits.idle;
  }
  co_await part(stream);
}

/// Answers 503 as far as that goes without waiting, and closes.
void turn_away(tcp::socket client) {
  static constexpr std::string_view busy =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 21\r\nConnection: close\r\n\r\n"
      "too many connections\n";
  boost::system::error_code failed;
  client.non_blocking(true, failed);
  client.write_some(asio::buffer(busy.data(), busy.size()), failed);
  client.shutdown(tcp::socket::shutdown_send, failed);
  std::array<char, 4096> unread;
  client.read_some(asio::buffer(unread), failed);
}

/// Ends a connection's coroutine, whichever way: the edge where an exception of a page or of a library stops.
struct OnEnd {
  std::shared_ptr<State> state;

  void operator()(const std::exception_ptr& failed) const {
    --state->open;
    if (!failed) return;
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& error) {
      log::error("admin request failed", {{"error", error.what()}});
    }
  }
};

asio::awaitable<void> accept_all(std::shared_ptr<State> state, tcp::acceptor& acceptor) {
  static constexpr std::chrono::milliseconds breath{100};  // out of descriptors: trying again at once would spin
  for (;;) {
    tcp::socket client(acceptor.get_executor());
    boost::system::error_code failed;
    co_await acceptor.async_accept(client, capture(failed));
    if (failed) {
      asio::steady_timer pause(acceptor.get_executor(), breath);
      boost::system::error_code woken;
      co_await pause.async_wait(capture(woken));
      continue;
    }
    if (state->open >= state->limits.connections) {
      turn_away(std::move(client));
      continue;
    }
    ++state->open;
    asio::co_spawn(acceptor.get_executor(), serve(state, std::move(client)), OnEnd{state});
  }
}

Error because(const HostPort& address, std::string_view step, const boost::system::error_code& failed) {
  const bool taken = failed == asio::error::address_in_use;
  Error error{taken ? Errc::Conflict : Errc::Io, failed.message()};
  return std::move(error).within(step).within("admin " + to_string(address));
}

Result<tcp::endpoint> resolve(asio::io_context& io, const HostPort& address) {
  boost::system::error_code failed;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(bindable(address).host, std::to_string(address.port), tcp::resolver::passive, failed);
  if (failed || found.empty()) return because(address, "resolve", failed);
  return found.begin()->endpoint();
}

/// May this user bind an overlapping address beside it?
void share(tcp::acceptor& acceptor, bool yes) {
  const int on = yes ? 1 : 0;
  ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

Status bind(tcp::acceptor& acceptor, const tcp::endpoint& where, const HostPort& address) {
  boost::system::error_code failed;
  acceptor.bind(where, failed);
  if (failed) return because(address, "bind", failed);
  acceptor.listen(tcp::acceptor::max_listen_connections, failed);
  if (failed) return because(address, "listen", failed);
  return Done{};
}

Status listen(tcp::acceptor& acceptor, const tcp::endpoint& where, const HostPort& address, tcp::acceptor* before) {
  boost::system::error_code failed;
  acceptor.open(where.protocol(), failed);
  if (failed) return because(address, "socket", failed);
  acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (failed) return because(address, "socket", failed);
  Status bound = bind(acceptor, where, address);
  if (bound || before == nullptr || bound.error().code != Errc::Conflict) return bound;
  for (tcp::acceptor* each : {before, &acceptor}) share(*each, true);
  bound = bind(acceptor, where, address);
  for (tcp::acceptor* each : {before, &acceptor}) share(*each, false);
  return bound;
}

}  // namespace

struct AdminServer::Running {
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  HostPort address;
  std::thread thread;
};

AdminServer::AdminServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Result<std::unique_ptr<AdminServer>> AdminServer::start(const HostPort& address, AdminPages pages, AdminLimits limits,
                                                        Descriptor listening, const AdminServer* before) {
  auto running = std::make_unique<Running>();
  const Result<tcp::endpoint> where = resolve(running->io, address);
  if (!where) return where.error();
  boost::system::error_code problem;
  if (listening) {
    running->acceptor.assign(where->protocol(), listening.get(), problem);
    if (problem) return because(address, "handed over", problem);
    (void)listening.release();
  } else {
    const Status bound =
        listen(running->acceptor, *where, address, before == nullptr ? nullptr : &before->running_->acceptor);
    if (!bound) return bound.error();
  }
  running->address = {address.host, running->acceptor.local_endpoint(problem).port()};

  auto state = std::make_shared<State>(State{std::move(pages), limits});
  asio::co_spawn(running->io, accept_all(std::move(state), running->acceptor), [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);  // out of memory: nothing here can mend that
  });
  running->thread = std::thread([io = &running->io] { io->run(); });
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(running)));
}

AdminServer::~AdminServer() {
  running_->io.stop();
  running_->thread.join();
}

HostPort AdminServer::address() const { return running_->address; }

Descriptor AdminServer::duplicate() const {
  return Descriptor(::fcntl(running_->acceptor.native_handle(), F_DUPFD_CLOEXEC, 0));
}

}  // namespace kp::telemetry
