#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/access.h"

/// HTTP to one server: what of the client's library can be seen from outside its one source file.
namespace kp::kube {

struct HttpRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< path and query, encoded
  std::string body = {};
  std::string content_type = {};
};

struct HttpResponse {
  unsigned status = 0;
  std::string body = {};
  std::optional<std::chrono::seconds> retry_after = {};
};

/// The thread on which the library does all its work, and the settings of the whole process that it needs. One per
/// process: the first thing in main, while no other thread runs, and the last to go, when no Transport is left.
class NetworkThread {
 public:
  NetworkThread();
  ~NetworkThread();
  NetworkThread(const NetworkThread&) = delete;
  NetworkThread& operator=(const NetworkThread&) = delete;
};

/// Any thread. The calling thread waits; never call from the network thread. Any status is an answer: an Error says
/// that there was none. Io: not reached, or broken off; Timeout; Draining: cancelled, or stopped; Unsupported: the
/// answer to a call is larger than TransportLimits::body.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual Result<HttpResponse> call(const HttpRequest& request, std::chrono::milliseconds deadline) = 0;

  /// A response that goes on. `on_line` gets each whole line of a 200, on the calling thread; what comes while it works
  /// waits, up to a bound: above it the stream is broken off with Busy. Returns at the end of the stream. The body of
  /// another status is in the response.
  virtual Result<HttpResponse> watch(const HttpRequest& request, const std::function<void(std::string_view)>& on_line,
                                     std::stop_token stop) = 0;

  /// Ends what is under way, and all that is tried later.
  virtual void cancel() = 0;

  /// The server did not take the last token: reads the file again at the next request. False: there is none.
  virtual bool token_was_refused() = 0;
};

struct TransportLimits {
  std::chrono::milliseconds silence{15'000};  ///< without a byte, of a call; also of a watch until its headers
  /// Beyond what ClientOptions::watch_lifetime makes of a watch, which the server ends with a bookmark before.
  std::chrono::milliseconds watch_silence{60'000};
  std::size_t watch_backlog = 8u << 20;  ///< bytes received that on_line has not seen
  std::size_t body = 8u << 20;           ///< bytes, of a call's answer: any object fits, and lists come in pages
};

/// Errors: Invalid, for an address, certificate or key that can't be used.
Result<std::unique_ptr<Transport>> connect(const Access& access, const TransportLimits& limits = {});

}  // namespace kp::kube
