#include "broker/exchange.h"

#include <algorithm>

#include "kafka/header.h"

namespace kp::broker {
namespace {

constexpr std::size_t piece = 65536;

}  // namespace

net::Task<Result<Bytes>> exchange(net::Stream& stream, Bytes request, std::uint32_t limit) {
  const std::int32_t correlation_id = kafka::peek_request(request).correlation_id;
  Status sent = co_await stream.write_all(request);
  if (!sent) co_return std::move(sent).error();
  Bytes answer;
  std::size_t wanted = kafka::frame_size_bytes;
  while (answer.size() < wanted) {
    const std::size_t filled = answer.size();
    answer.resize(std::min(wanted, filled + piece));  // grown as bytes come: the size is only what the peer says
    Result<std::size_t> got = co_await stream.read_some(MutableBytes(answer).subspan(filled));
    if (!got) co_return std::move(got).error();
    answer.resize(filled + *got);
    if (answer.size() != kafka::frame_size_bytes) continue;
    const std::int32_t size = big_endian_i32(answer);
    if (size < 4 || static_cast<std::uint32_t>(size) > limit)
      co_return Error{Errc::Malformed, "what answers there does not speak Kafka, or speaks it in TLS"};
    wanted += static_cast<std::size_t>(size);
  }
  if (kafka::peek_response(answer).correlation_id != correlation_id)
    co_return Error{Errc::Malformed, "an answer to something else"};
  co_return answer;
}

}  // namespace kp::broker
