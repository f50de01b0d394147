#include "broker/dial.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <random>

#include "broker/resolve.h"

namespace kp::broker {
namespace {

namespace asio = net::asio;
using asio::ip::tcp;

/// A DNS question that may outlive who asked: getaddrinfo can't be cancelled.
struct Lookup {
  explicit Lookup(net::Executor executor) : resolver(executor), answered(executor) {}
  tcp::resolver resolver;
  net::Event answered;
  bool done = false;
  boost::system::error_code failed;
  std::vector<tcp::endpoint> found;
};

net::Task<void> ask_dns(std::shared_ptr<Lookup> lookup, HostPort target) {
  const auto results =
      co_await lookup->resolver.async_resolve(target.host, std::to_string(target.port), net::capture(lookup->failed));
  for (const auto& entry : results) lookup->found.push_back(entry.endpoint());
  lookup->done = true;
  lookup->answered.notify();
}

/// Waits between attempts: 100–300 ms, then 300–900 ms, then give up.
std::chrono::milliseconds pause_after(int attempt) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const int base = attempt == 1 ? 100 : 300;
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(base, 3 * base)(random));
}

constexpr int attempts = 3;

}  // namespace

Dialer::Dialer(std::vector<config::ResolveRule> overrides, std::shared_ptr<const net::TlsContext> tls,
               std::chrono::milliseconds limit)
    : overrides_(std::move(overrides)), tls_(std::move(tls)), limit_(limit) {}

/// The one thing that a dial waits on at a time, so that its deadline can end that wait.
struct Dialer::Waiting {
  net::Stream* connecting = nullptr;
  net::Event* sleeping = nullptr;

  void end() const {
    if (connecting != nullptr) connecting->cancel();
    if (sleeping != nullptr) sleeping->notify();
  }
};

net::Task<Result<net::Stream>> Dialer::dial(net::Loop& loop, HostPort target) const {
  Waiting waiting;
  net::Deadline deadline(loop, [&waiting] { waiting.end(); });
  deadline.after(limit_);
  for (int attempt = 1;; ++attempt) {
    Result<net::Stream> made = co_await try_once(loop, target, deadline, waiting);
    if (made) co_return made;
    Error failed = std::move(made).error();
    if (deadline.passed()) failed = {Errc::Timeout, "no connection within " + std::to_string(limit_.count()) + " ms"};
    const bool again = failed.code == Errc::Io && attempt < attempts && !deadline.passed();
    if (!again) co_return std::move(failed).within(to_string(target));
    net::Event pause(loop.executor());
    waiting.sleeping = &pause;
    co_await pause.wait_for(pause_after(attempt));
    waiting.sleeping = nullptr;
  }
}

/// Those that overrides give, or the host itself when it is an address.
std::vector<Dialer::Endpoint> Dialer::known_addresses(const HostPort& target) const {
  std::vector<std::string> literal = overridden_addresses(overrides_, target.host);
  if (literal.empty()) literal.push_back(target.host);
  std::vector<Endpoint> found;
  for (const std::string& text : literal) {
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(text, not_an_address);
    if (!not_an_address) found.emplace_back(address, target.port);
  }
  return found;
}

net::Task<Result<std::vector<Dialer::Endpoint>>> Dialer::ask_addresses(net::Loop& loop, const HostPort& target,
                                                                       const net::Deadline& deadline,
                                                                       Waiting& waiting) {
  const auto lookup = std::make_shared<Lookup>(loop.executor());
  asio::co_spawn(loop.executor(), ask_dns(lookup, target), asio::detached);
  waiting.sleeping = &lookup->answered;
  while (!lookup->done && !deadline.passed()) co_await lookup->answered.wait();
  waiting.sleeping = nullptr;
  if (!lookup->done) lookup->resolver.cancel();  // those still queued don't ask any more
  if (!lookup->done) co_return Error{Errc::Timeout, "name lookup: no answer"};
  if (lookup->failed) co_return Error{Errc::Io, "name lookup: " + lookup->failed.message()};
  co_return lookup->found;
}

net::Task<Result<net::Stream>> Dialer::try_once(net::Loop& loop, const HostPort& target, const net::Deadline& deadline,
                                                Waiting& waiting) const {
  std::vector<Endpoint> found = known_addresses(target);
  if (found.empty()) {
    Result<std::vector<Endpoint>> told = co_await ask_addresses(loop, target, deadline, waiting);
    if (!told) co_return std::move(told).error();
    found = std::move(*told);
  }
  Error last{Errc::Io, "name lookup: no address"};
  for (const Endpoint& endpoint : found) {
    if (deadline.passed()) break;
    Result<net::Stream> stream = net::Stream::connecting(loop.context(), endpoint);
    Status made = Done{};
    if (!stream) {
      made = std::move(stream).error();
    } else {
      waiting.connecting = &*stream;
      made = co_await stream->connected();
      if (made && tls_ != nullptr) {
        Status secured = co_await stream->connect_tls(*tls_, target.host);
        waiting.connecting = nullptr;
        if (!secured) co_return std::move(secured).error().within("TLS handshake");
      }
      waiting.connecting = nullptr;
      if (made) co_return std::move(*stream);
    }
    last = std::move(made).error().within("connect " + endpoint.address().to_string());
  }
  co_return last;
}

}  // namespace kp::broker
