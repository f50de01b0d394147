#include "bench/memory.h"

#include <vector>

#include "bench/exchange.h"
#include "bench/frames.h"
#include "bench/socket.h"

namespace kp::bench {

IdleMemory idle_memory(const Target& target, int connections, int churn) {
  IdleMemory seen;
  Bytes request = api_versions_request();
  const Process& between = *target.between;
  seen.idle = between.settled_resident_bytes();
  {
    std::vector<Fd> clients;
    for (int i = 0; i < connections; ++i) clients.push_back(connect_to(target.port));
    seen.silent = between.settled_resident_bytes();

    for (const Fd& client : clients) exchange(client, request, 0);
    seen.connected = between.settled_resident_bytes();
  }
  seen.closed = between.settled_resident_bytes();
  for (int i = 0; i < churn; ++i) exchange(connect_to(target.port), request, 0);
  seen.churned = between.settled_resident_bytes();
  return seen;
}

}  // namespace kp::bench
