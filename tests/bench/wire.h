#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>

#include "base/bytes.h"
#include "bench/socket.h"

struct ssl_ctx_st;
struct ssl_st;

namespace kp::bench {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* connection) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTls>;

/// TLS 1.3 with AES-256-GCM, the same for everybody who is compared; the client trusts anybody.
TlsContext client_tls();
TlsContext server_tls(const std::string& certificate, const std::string& key);

/// One end of a connection that never blocks, plain or TLS. Reads and writes give how many bytes moved, 0 when none
/// can now, -1 at the end.
class Wire {
 public:
  explicit Wire(Fd socket);
  static Wire client(Fd socket, ssl_ctx_st* tls);  ///< null: plain; so below
  static Wire server(Fd socket, ssl_ctx_st* tls);

  const Fd& fd() const { return fd_; }
  ssl_st* tls() const { return tls_.get(); }  ///< null: plain

  ssize_t read(MutableBytes into);
  ssize_t write(BytesView bytes);
  ssize_t write(std::span<const iovec> pieces);  ///< plain only
  /// Reads and forgets; of a plain socket without copying.
  ssize_t discard(std::size_t most);

 private:
  Fd fd_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace kp::bench
