#include "bench/memory.h"

#include <vector>

#include "bench/frames.h"
#include "bench/socket.h"

namespace kp::bench {

namespace {

void have_one_answer(const Fd& client) {
  static const Bytes request = api_versions_request();
  Bytes answer;
  send_all(client, request);
  if (!receive_frame(client, answer)) give_up("memory: the connection closed instead of an answer");
}

}  // namespace

IdleMemory idle_memory(const Target& target, int connections, int churn) {
  IdleMemory seen;
  const Process& between = *target.between;
  seen.idle = between.settled_resident_bytes();
  {
    std::vector<Fd> clients;
    for (int i = 0; i < connections; ++i) clients.push_back(connect_to(target.port));
    seen.silent = between.settled_resident_bytes();

    for (const Fd& client : clients) have_one_answer(client);
    seen.connected = between.settled_resident_bytes();
  }
  seen.closed = between.settled_resident_bytes();
  for (int i = 0; i < churn; ++i) have_one_answer(connect_to(target.port));
  seen.churned = between.settled_resident_bytes();
  return seen;
}

}  // namespace kp::bench
