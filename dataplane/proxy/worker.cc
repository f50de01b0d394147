#include "proxy/worker.h"

#include "net/tls.h"

namespace kp::proxy {

void Worker::count_failed_dial(const Error& why) {
  ++counters.upstream_connect_failures[std::string(name(why.code))];
  if (why.message.find("TLS handshake") != std::string::npos)
    ++counters.tls_failures[{"upstream", net::tls_failure_label(why.message)}];
}

}  // namespace kp::proxy
