// clang-format off
#include <utility>  // first: Boost 1.74's awaitable.hpp uses std::exchange without it
// clang-format on

#include <cpprest/http_client.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pplx/threadpool.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "base/version.h"
#include "config/text_file.h"
#include "kube/line_pipe.h"
#include "kube/tls_material.h"
#include "kube/transport.h"

/// The one file that knows cpprestsdk, which no one mends any more. What its comments guard against was seen to happen.
namespace kp::kube {
namespace {

namespace http = web::http;
using http::client::http_client;
using http::client::http_client_config;
using std::chrono::milliseconds;

boost::asio::io_service& network() { return crossplat::threadpool::shared_instance().service(); }

/// Where a response's bytes go. The library's own buffer takes whatever comes and keeps it; this one hands each piece
/// to `receive`, on the network thread, which must neither wait nor throw there.
class Sink final : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  explicit Sink(std::function<void(std::string_view)> receive)
      : streambuf_state_manager(std::ios_base::out), receive_(std::move(receive)) {}

  /// The inherited one makes continuations; with a pool of one thread they wait for each other for ever.
  pplx::task<std::size_t> putn_nocopy(const std::uint8_t* bytes, std::size_t count) override {
    return _putn(bytes, count);
  }

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return traits::eof(); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return traits::eof(); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override { return traits::eof(); }
  bool acquire(std::uint8_t*&, std::size_t&) override { return false; }
  void release(std::uint8_t*, std::size_t) override {}

 protected:
  pplx::task<std::size_t> _putn(const std::uint8_t* bytes, std::size_t count) override {
    receive_({reinterpret_cast<const char*>(bytes), count});
    return pplx::task_from_result(count);
  }
  pplx::task<int_type> _putc(std::uint8_t byte) override {
    receive_({reinterpret_cast<const char*>(&byte), 1});
    return pplx::task_from_result<int_type>(byte);
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  pplx::task<int_type> _bumpc() override { return nothing(); }
  pplx::task<int_type> _getc() override { return nothing(); }
  pplx::task<int_type> _nextc() override { return nothing(); }
  pplx::task<int_type> _ungetc() override { return nothing(); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override { return pplx::task_from_result<std::size_t>(0); }
  int_type _sbumpc() override { return traits::eof(); }
  int_type _sgetc() override { return traits::eof(); }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}

 private:
  static pplx::task<int_type> nothing() { return pplx::task_from_result<int_type>(traits::eof()); }

  std::function<void(std::string_view)> receive_;
};

/// One request under way. Started, timed and cancelled on the network thread only: the library closes a socket under
/// the feet of whoever works on it.
struct Exchange {
  enum class Cut : std::uint8_t { No, Deadline, Cancelled, Stopped, TooMuch };

  pplx::cancellation_token_source source;
  boost::asio::steady_timer overall{network()};
  std::promise<pplx::task<http::http_response>> started;
  std::atomic<Cut> why = Cut::No;

  void cut(Cut reason) {
    Cut none = Cut::No;
    why.compare_exchange_strong(none, reason);
    source.cancel();
  }
};

/// Any thread.
void cut_later(const std::shared_ptr<Exchange>& exchange, Exchange::Cut reason) {
  boost::asio::post(network(), [exchange, reason] { exchange->cut(reason); });
}

class CpprestTransport final : public Transport {
 public:
  CpprestTransport(Access access, std::shared_ptr<const TlsMaterial> material, const TransportLimits& limits)
      : access_(std::move(access)),
        material_(std::move(material)),
        limits_(limits),
        calls_(access_.server, config(limits.silence)),
        watches_(access_.server, config(limits.watch_silence)) {}

  Result<HttpResponse> call(const HttpRequest& request, milliseconds deadline) override;
  Result<HttpResponse> watch(const HttpRequest& request, const std::function<void(std::string_view)>& on_line,
                             std::stop_token stop) override;
  void cancel() override;
  bool token_was_refused() override {
    const std::lock_guard lock(mutex_);
    token_.clear();
    return !access_.token_file.empty();
  }

 private:
  using Clock = std::chrono::steady_clock;
  /// What holds an exchange in `live_`.
  struct Held;

  http_client_config config(milliseconds silence);
  Result<http::http_request> prepare(const HttpRequest& request, std::shared_ptr<Sink> sink);
  Result<std::string> token();
  void start(http_client& client, http::http_request request, const std::shared_ptr<Exchange>& exchange,
             milliseconds deadline);
  Error explain(const Exchange& exchange, const std::string& what, const std::error_code& code);
  template <class Wait>
  Result<decltype(std::declval<Wait>()())> waited(const Exchange& exchange, Wait wait);
  static int verify(X509_STORE_CTX* chain, void* self);

  const Access access_;
  const std::shared_ptr<const TlsMaterial> material_;
  const TransportLimits limits_;
  std::mutex mutex_;  ///< of all up to the clients
  std::set<std::shared_ptr<Exchange>> live_;
  bool cancelled_ = false;
  std::string token_;
  Clock::time_point token_read_{};
  std::string certificate_trouble_;  ///< of the last handshake that failed
  // The library's time-out is one per client and counts silence: a quiet watch would end as a slow call should.
  http_client calls_;
  http_client watches_;
};

struct CpprestTransport::Held {
  CpprestTransport& transport;
  std::shared_ptr<Exchange> exchange = std::make_shared<Exchange>();

  explicit Held(CpprestTransport& of) : transport(of) {
    const std::lock_guard lock(transport.mutex_);
    transport.live_.insert(exchange);
    if (transport.cancelled_) cut_later(exchange, Exchange::Cut::Cancelled);
  }
  ~Held() {
    boost::asio::post(network(), [e = exchange] { e->overall.cancel(); });
    const std::lock_guard lock(transport.mutex_);
    transport.live_.erase(exchange);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
};

http_client_config CpprestTransport::config(milliseconds silence) {
  http_client_config config;
  config.set_timeout(silence);
  config.set_max_redirects(0);  // they would carry the token to any host
  config.set_validate_certificates(!access_.insecure);
  config.set_ssl_context_callback([this](boost::asio::ssl::context& context) {
    // Beside what is installed here the library would go on to trust the system's roots.
    const Status installed = material_->install(context.native_handle());
    if (!installed) throw std::runtime_error(installed.error().message);  // its caller turns it into a failed task
    SSL_CTX_set_cert_verify_callback(context.native_handle(), &CpprestTransport::verify, this);
  });
  return config;
}

/// OpenSSL's own verification; the library keeps silent about why one failed.
int CpprestTransport::verify(X509_STORE_CTX* chain, void* self) {
  const int ok = X509_verify_cert(chain);
  if (ok != 1) {
    const int error = X509_STORE_CTX_get_error(chain);
    auto* const transport = static_cast<CpprestTransport*>(self);
    const std::lock_guard lock(transport->mutex_);
    const bool by_name = error == X509_V_OK || error == X509_V_ERR_UNSPECIFIED;  // the library's own look at the leaf
    transport->certificate_trouble_ =
        by_name ? "its certificate is for other names" : X509_verify_cert_error_string(error);
  }
  return ok;
}

Result<std::string> CpprestTransport::token() {
  if (access_.token_file.empty()) return access_.token;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (!token_.empty() && now - token_read_ < std::chrono::minutes(1)) return token_;
  Result<std::string> read = config::read_text_file(access_.token_file);
  if (!read) return Error{Errc::Io, "token: " + read.error().message};  // NotFound would be said of the object
  read->erase(read->find_last_not_of(" \t\r\n") + 1);
  token_ = *std::move(read);
  token_read_ = now;
  return token_;
}

Result<http::http_request> CpprestTransport::prepare(const HttpRequest& request, std::shared_ptr<Sink> sink) {
  const Result<std::string> bearer = token();
  if (!bearer) return bearer.error();
  try {
    http::http_request out(request.method);
    out.set_request_uri(web::uri(request.target));
    out.headers().add("Accept", "application/json");
    out.headers().add("User-Agent", "kafkaproxy-operator/" + std::string(version));
    if (!bearer->empty()) out.headers().add("Authorization", "Bearer " + *bearer);
    // What the certificate is compared with is taken from here, port and all.
    if (!access_.server_name.empty()) out.headers().add("Host", access_.server_name);
    if (!request.content_type.empty()) out.set_body(request.body, request.content_type);
    out.set_response_stream(concurrency::streams::streambuf<std::uint8_t>(std::move(sink)).create_ostream());
    return out;
  } catch (const std::exception& error) {
    return Error{Errc::Invalid, request.target + ": " + error.what()};
  }
}

void CpprestTransport::start(http_client& client, http::http_request request, const std::shared_ptr<Exchange>& exchange,
                             milliseconds deadline) {
  boost::asio::post(network(), [&client, request = std::move(request), exchange, deadline]() mutable {
    exchange->overall.expires_after(deadline);
    exchange->overall.async_wait([exchange](const boost::system::error_code& cancelled) {
      if (!cancelled) exchange->cut(Exchange::Cut::Deadline);
    });
    try {
      exchange->started.set_value(client.request(std::move(request), exchange->source.get_token()));
    } catch (...) {
      exchange->started.set_exception(std::current_exception());
    }
  });
}

/// Of the library's codes only two can be relied on; all else is "not reached, or broken off".
Error CpprestTransport::explain(const Exchange& exchange, const std::string& what, const std::error_code& code) {
  switch (exchange.why.load()) {
    case Exchange::Cut::Deadline:
      return {Errc::Timeout, access_.server + ": no answer in time"};
    case Exchange::Cut::Cancelled:
    case Exchange::Cut::Stopped:
      return {Errc::Draining, "the client is being ended"};
    case Exchange::Cut::TooMuch:
      return {Errc::Busy, access_.server + ": more came than could be held"};
    case Exchange::Cut::No:
      break;
  }
  if (code == std::errc::timed_out) return {Errc::Timeout, access_.server + ": silent for too long"};
  if (code == std::errc::operation_canceled) return {Errc::Draining, "the client is being ended"};
  std::string text = access_.server + ": " + what;
  const std::lock_guard lock(mutex_);
  if (what.find("SSL handshake") != std::string::npos && !certificate_trouble_.empty())
    text += ": " + std::exchange(certificate_trouble_, "");
  return {Errc::Io, std::move(text)};
}

/// The edge where the library's exceptions stop. Every task is asked for its outcome: one that failed and is not asked
/// ends the process.
template <class Wait>
Result<decltype(std::declval<Wait>()())> CpprestTransport::waited(const Exchange& exchange, Wait wait) {
  try {
    return wait();
  } catch (const http::http_exception& error) {
    return explain(exchange, error.what(), error.error_code());
  } catch (const std::exception& error) {
    return explain(exchange, error.what(), {});
  }
}

HttpResponse head_of(const http::http_response& response) {
  HttpResponse out{response.status_code(), {}, {}};
  const auto header = response.headers().find("Retry-After");
  if (header == response.headers().end() || header->second.empty()) return out;
  char* end = nullptr;
  const long seconds = std::strtol(header->second.c_str(), &end, 10);
  if (*end == '\0' && seconds >= 0) out.retry_after = std::chrono::seconds(seconds);
  return out;
}

Result<HttpResponse> CpprestTransport::call(const HttpRequest& request, milliseconds deadline) {
  const Held held(*this);
  const auto& exchange = held.exchange;
  const auto body = std::make_shared<std::string>();
  const auto sink = std::make_shared<Sink>([body, exchange, limit = limits_.body](std::string_view bytes) {
    if (body->size() + bytes.size() > limit) return exchange->cut(Exchange::Cut::TooMuch);
    body->append(bytes);
  });
  Result<http::http_request> prepared = prepare(request, sink);
  if (!prepared) return std::move(prepared).error();
  start(calls_, *std::move(prepared), exchange, deadline);
  // A body that breaks off is told only by the second of the two.
  Result<HttpResponse> answer = waited(*exchange, [&] {
    const http::http_response response = exchange->started.get_future().get().get();
    HttpResponse out = head_of(response.content_ready().get());
    out.body = std::move(*body);
    return out;
  });
  if (exchange->why != Exchange::Cut::TooMuch) return answer;
  return Error{Errc::Unsupported,
               access_.server + ": answers with more than " + std::to_string(limits_.body) + " bytes"};
}

Result<HttpResponse> CpprestTransport::watch(const HttpRequest& request,
                                             const std::function<void(std::string_view)>& on_line,
                                             std::stop_token stop) {
  const Held held(*this);
  const auto& exchange = held.exchange;
  const std::stop_callback on_stop(std::move(stop), [e = exchange] { cut_later(e, Exchange::Cut::Stopped); });
  const auto lines = std::make_shared<LinePipe>(limits_.watch_backlog);
  const auto sink = std::make_shared<Sink>([lines, exchange](std::string_view bytes) {
    if (!lines->push(bytes)) exchange->cut(Exchange::Cut::TooMuch);
  });
  Result<http::http_request> prepared = prepare(request, sink);
  if (!prepared) return std::move(prepared).error();
  start(watches_, *std::move(prepared), exchange, limits_.silence);

  const auto head =
      waited(*exchange, [&]() -> http::http_response { return exchange->started.get_future().get().get(); });
  if (!head) return head.error();
  boost::asio::post(network(), [exchange] { exchange->overall.cancel(); });
  HttpResponse out = head_of(*head);

  // The end of the stream is told by a task, and a continuation of it would run on the network thread: so a thread of
  // its own waits for that, while this one works on the lines.
  Result<HttpResponse> ended = out;
  {
    const std::jthread end([&] {
      const auto complete = waited(*exchange, [&] { return head->content_ready().get(); });
      if (!complete) ended = complete.error();
      lines->close();
    });
    if (out.status == 200) lines->each_line(on_line);
  }
  if (ended) ended->body = lines->rest();
  return ended;
}

void CpprestTransport::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const auto& exchange : live_) cut_later(exchange, Exchange::Cut::Cancelled);
}

}  // namespace

NetworkThread::NetworkThread() {
  // Else every new connection parses the system's roots, only for us to throw them away.
  ::setenv("SSL_CERT_FILE", "/dev/null", 1);
  ::setenv("SSL_CERT_DIR", "/nonexistent", 1);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for main
  try {
    crossplat::threadpool::initialize_with_threads(1);  // else forty, which work on one socket at a time
  } catch (const std::exception&) {                     // it is there already: of the NetworkThread before this one
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// OpenSSL's memory of the network thread would be freed by that thread's end, which comes after OpenSSL's own.
NetworkThread::~NetworkThread() {
  std::promise<void> freed;
  boost::asio::post(network(), [&freed] {
    OPENSSL_thread_stop();
    freed.set_value();
  });
  freed.get_future().wait();
}

Result<std::unique_ptr<Transport>> connect(const Access& access, const TransportLimits& limits) {
  Result<std::shared_ptr<const TlsMaterial>> material =
      TlsMaterial::parse(access.ca, access.client_cert, access.client_key);
  if (!material) return std::move(material).error().within(access.server);
  if (access.server.find("://[") != std::string::npos)
    return Error{Errc::Unsupported, access.server + ": an address of IPv6 can't be used here: give the host's name"};
  try {
    return std::unique_ptr<Transport>(std::make_unique<CpprestTransport>(access, *std::move(material), limits));
  } catch (const std::exception& error) {
    return Error{Errc::Invalid, access.server + ": " + error.what()};
  }
}

}  // namespace kp::kube
