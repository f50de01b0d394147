#pragma once

#include <atomic>
#include <cstdint>

#include "bench/socket.h"

struct ssl_ctx_st;

namespace kp::bench {

/// What the bench tells its brokers while they run: memory that they share.
class Orders {
 public:
  Orders();
  ~Orders();
  Orders(const Orders&) = delete;
  Orders& operator=(const Orders&) = delete;

  void set_fetch_bytes(std::uint32_t records) { *fetch_bytes_ = records; }  ///< of a Fetch response's records
  std::uint32_t fetch_bytes() const { return *fetch_bytes_; }

 private:
  std::atomic<std::uint32_t>* fetch_bytes_;
};

/// Answers every request on every connection, one thread, for ever. Reads what Produce brings and forgets it. `tls`:
/// null for plaintext.
[[noreturn]] void serve_broker(Listener listener, const Orders& orders, ssl_ctx_st* tls = nullptr);

}  // namespace kp::bench
