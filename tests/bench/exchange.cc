#include "bench/exchange.h"

#include <poll.h>

#include <array>
#include <chrono>

#include "bench/frames.h"

namespace kp::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(30);
constexpr int look_every_ms = 100;

bool complete(const Bytes& frame) {
  return frame.size() >= 4 && frame.size() >= 4 + static_cast<std::size_t>(big_endian_i32(frame));
}

}  // namespace

void exchange(const Fd& socket, Bytes& request, std::int32_t id) {
  set_correlation_id(request, request_correlation_at, id);
  send_all(socket, request);
  thread_local Bytes answer;  // while time is taken, nothing is allocated
  if (!receive_frame(socket, answer)) give_up("the connection closed instead of an answer");
  if (answer.size() < 4 || big_endian_i32(answer) != id) give_up("an answer with another correlation id");
}

Bytes answer_to(Wire& wire, BytesView request) {
  Bytes answer;
  std::array<std::uint8_t, 16384> buffer;
  const auto late = Clock::now() + patience;
  for (;;) {
    const ssize_t sent = request.empty() ? 0 : wire.write(request);
    if (sent < 0) give_up("a connection ended under a request");
    request = request.subspan(static_cast<std::size_t>(sent));
    const ssize_t got = wire.read(buffer);
    if (got < 0) give_up("a connection ended instead of an answer");
    answer.insert(answer.end(), buffer.begin(), buffer.begin() + got);
    if (complete(answer)) return answer;
    if (Clock::now() > late) give_up("no answer in time");
    if (sent > 0 || got > 0) continue;
    // A handshake waits to read; a socket that is full is looked at again soon enough.
    pollfd waits{.fd = wire.fd().get(), .events = POLLIN, .revents = 0};
    ::poll(&waits, 1, look_every_ms);
  }
}

void log_in(Wire& wire, const Target& target) {
  if (!target.login) return;
  for (const Bytes& request : {sasl_handshake_request(), sasl_authenticate_request()}) {
    const Bytes answer = answer_to(wire, request);
    if (answer.size() < sasl_error_at + 2 || answer[sasl_error_at] != 0 || answer[sasl_error_at + 1] != 0)
      give_up(target.name + ": the login was refused");
  }
}

}  // namespace kp::bench
