#include "certs/peer_chain.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "net/tls.h"

namespace kp::certs {
namespace {

using Clock = std::chrono::steady_clock;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, Free>;
using Connection = std::unique_ptr<SSL, Free>;

Error too_late() { return Error{Errc::Timeout, "no answer in time"}; }

Result<std::vector<Address>> look_up(const HostPort& server) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (failed != 0) return Error{Errc::NotFound, std::string("name lookup: ") + ::gai_strerror(failed)};
  std::vector<Address> all;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    all.push_back(address);
  }
  ::freeaddrinfo(found);
  return all;
}

/// getaddrinfo knows no deadline: one that is late is left to itself.
Result<std::vector<Address>> look_up_until(Clock::time_point end, const HostPort& server) {
  auto promise = std::make_shared<std::promise<Result<std::vector<Address>>>>();
  auto outcome = promise->get_future();
  std::thread([promise, server] { promise->set_value(look_up(server)); }).detach();
  if (outcome.wait_until(end) != std::future_status::ready) return too_late().within("name lookup");
  return outcome.get();
}

Status wait(int descriptor, short events, Clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return too_late();
    pollfd waited{descriptor, events, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left));
    if (ready > 0) return Done{};
    if (ready < 0 && errno != EINTR) return Error{Errc::Io, std::strerror(errno)};
  }
}

Result<Descriptor> connect_to(const Address& address, Clock::time_point end) {
  Descriptor made(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.number() < 0) return Error{Errc::Io, std::strerror(errno)};
  int failed = 0;
  if (::connect(made.number(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) failed = errno;
  if (failed == EINPROGRESS) {
    if (Status ok = wait(made.number(), POLLOUT, end); !ok) return std::move(ok).error().within("connect");
    socklen_t size = sizeof failed;
    ::getsockopt(made.number(), SOL_SOCKET, SO_ERROR, &failed, &size);
  }
  if (failed == ECONNREFUSED) return Error{Errc::Io, "connection refused: nothing listens there"};
  if (failed != 0) return Error{Errc::Io, std::string("connect: ") + std::strerror(failed)};
  return made;
}

/// The first address that answers; each has its share of the time that is left.
Result<Descriptor> connect_to_any(const std::vector<Address>& addresses, Clock::time_point end) {
  Error last{Errc::NotFound, "name lookup: no address"};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto share = (end - Clock::now()) / static_cast<int>(addresses.size() - i);
    Result<Descriptor> made = connect_to(addresses[i], Clock::now() + share);
    if (made) return made;
    last = std::move(made).error();
  }
  return last;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

/// Takes whatever a server may have, since nothing is believed and nothing is sent.
Result<Context> lenient_context() {
  Context made(SSL_CTX_new(TLS_client_method()));
  if (!made || SSL_CTX_set_cipher_list(made.get(), "ALL:@SECLEVEL=0") != 1)
    return Error{Errc::Internal, net::tls_error_text()};
  SSL_CTX_set_default_verify_paths(made.get());  // without roots nothing is trusted, and that will be said
  SSL_CTX_set_verify(made.get(), SSL_VERIFY_NONE, nullptr);
  ERR_clear_error();
  return made;
}

Error refusal(SSL* ssl, int outcome) {
  const int number = errno;
  const int what = SSL_get_error(ssl, outcome);
  const unsigned long code = ERR_peek_error();
  const bool ended = what == SSL_ERROR_ZERO_RETURN || (what == SSL_ERROR_SYSCALL && code == 0) ||
                     (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
  if (!ended) return Error{Errc::Malformed, net::tls_error_text()};
  ERR_clear_error();
  const std::string how = number == ECONNRESET ? "reset" : "closed";
  return Error{Errc::Eof, "the server " + how + " the connection when it saw a TLS hello: a plaintext port, perhaps"};
}

Status shake_hands(SSL* ssl, Clock::time_point end) {
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int outcome = SSL_connect(ssl);
    if (outcome == 1) return Done{};
    const int what = SSL_get_error(ssl, outcome);
    if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) return refusal(ssl, outcome);
    if (Status ok = wait(SSL_get_fd(ssl), what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end); !ok) return ok;
  }
}

}  // namespace

Result<PeerChain> peer_chain(const HostPort& server, std::chrono::milliseconds deadline) {
  const Clock::time_point end = Clock::now() + deadline;
  const Result<std::vector<Address>> addresses = look_up_until(end, server);
  if (!addresses) return addresses.error();
  const Result<Descriptor> socket = connect_to_any(*addresses, end);
  if (!socket) return socket.error();
  const Result<Context> context = lenient_context();
  if (!context) return context.error();
  const Connection ssl(SSL_new(context->get()));
  SSL_set_fd(ssl.get(), socket->number());
  const bool address = is_address(server.host);
  if (!address) SSL_set_tlsext_host_name(ssl.get(), server.host.c_str());

  Status done = shake_hands(ssl.get(), end);
  // A server that wants a client's certificate refuses us, but has shown its own by then.
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl.get());
  if (sent == nullptr || sk_X509_num(sent) == 0) {
    if (done) return Error{Errc::NotFound, "the server sent no certificate"};
    return std::move(done).error().within("TLS handshake");
  }
  PeerChain found;
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* const one = sk_X509_value(sent, i);
    X509_up_ref(one);
    found.sent.emplace_back(one);
  }
  found.trusted = SSL_get_verify_result(ssl.get()) == X509_V_OK;
  X509* const own = found.sent.front().get();
  found.right_name = address ? X509_check_ip_asc(own, server.host.c_str(), 0) == 1
                             : X509_check_host(own, server.host.c_str(), server.host.size(), 0, nullptr) == 1;
  return found;
}

}  // namespace kp::certs
