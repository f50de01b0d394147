#pragma once

#include <memory>

#include "bench/wire.h"

struct ssl_session_st;

namespace kp::bench {

/// The newest session of a target, for all clients of a TLS context. While this is there, it hears of the context's
/// sessions; so there is one at a time.
class Resumption {
 public:
  explicit Resumption(ssl_ctx_st* tls);
  ~Resumption();
  Resumption(const Resumption&) = delete;
  Resumption& operator=(const Resumption&) = delete;

  /// Before the handshake; the first client has nothing to resume.
  void resume(Wire& wire) const;
  /// After an answer, before the client closes: whether its handshake was a resumed one. Its session stays usable.
  bool leave(Wire& wire) const;

 private:
  struct FreeSession {
    void operator()(ssl_session_st* session) const;
  };

  ssl_ctx_st* const tls_;
  std::unique_ptr<ssl_session_st, FreeSession> session_;
};

}  // namespace kp::bench
