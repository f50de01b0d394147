#include "proxy/run.h"

namespace kp::proxy {

Result<bool> send_now(net::Stream& to, Cursor& run, std::uint64_t body_left) {
  const auto follows = body_left >= spliced_from ? net::Stream::Follows::More : net::Stream::Follows::Nothing;
  while (run.sent < run.at) {
    Result<std::size_t> sent = to.try_write(run.view.subspan(run.sent, run.at - run.sent), follows);
    if (!sent) return std::move(sent).error();
    if (*sent == 0) return false;
    run.sent += *sent;
  }
  return true;
}

}  // namespace kp::proxy
