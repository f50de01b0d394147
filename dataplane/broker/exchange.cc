#include "broker/exchange.h"

#include "kafka/header.h"
#include "net/frame.h"

namespace kp::broker {
namespace {

constexpr std::uint32_t least_answer = 4;  // a correlation id

Error no_kafka(std::int32_t) {
  return {Errc::Malformed, "what answers there does not speak Kafka, or speaks it in TLS"};
}

}  // namespace

net::Task<Result<Bytes>> exchange(net::Stream& stream, Bytes request, std::uint32_t limit) {
  const std::int32_t correlation_id = kafka::peek_request(request).correlation_id;
  Status sent = co_await stream.write_all(request);
  if (!sent) co_return std::move(sent).error();
  Result<Bytes> answer = co_await net::read_frame(stream, least_answer, limit, no_kafka);
  if (!answer) co_return answer;
  if (kafka::peek_response(*answer).correlation_id != correlation_id)
    co_return Error{Errc::Malformed, "an answer to something else"};
  co_return answer;
}

}  // namespace kp::broker
