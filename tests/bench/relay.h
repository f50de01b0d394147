#pragma once

#include "bench/socket.h"

namespace kp::bench {

/// The yardstick: copies bytes between each client and a connection of its own to the broker, knows nothing of Kafka.
/// One thread, epoll, TCP_NODELAY on both sides, one receive and one send per turn. For ever.
[[noreturn]] void serve_relay(Listener listener, std::uint16_t broker_port);

/// The same, by splice(2) through pipes: no byte is copied to user space.
[[noreturn]] void serve_splicing_relay(Listener listener, std::uint16_t broker_port);

}  // namespace kp::bench
