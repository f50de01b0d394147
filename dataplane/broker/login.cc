#include "broker/login.h"

#include <algorithm>
#include <random>

#include "broker/exchange.h"

namespace kp::broker {
namespace {

constexpr std::chrono::milliseconds longest_lifetime = std::chrono::hours(24 * 30);  // clocks count nanoseconds

}  // namespace

std::chrono::milliseconds renewal_after(std::chrono::milliseconds lifetime) {
  // The window of Kafka's own client: 85 to 95 % of the lifetime. A broker may say any number.
  static thread_local std::minstd_rand random{std::random_device{}()};
  const std::int64_t span = std::min(lifetime, longest_lifetime).count();
  return std::chrono::milliseconds(span * std::uniform_int_distribution<int>(850, 950)(random) / 1000);
}

net::Task<Status> log_in(net::Stream& stream, auth::BrokerLogin& login) {
  std::int32_t correlation_id = 1;
  Bytes request = login.begin(correlation_id);
  for (;;) {
    Result<Bytes> answer = co_await exchange(stream, std::move(request), max_login_answer_bytes);
    if (!answer) co_return std::move(answer).error().within("login");
    Result<std::optional<Bytes>> next = login.next(*answer, ++correlation_id);
    if (!next) co_return std::move(next).error().within("login");
    if (!next->has_value()) co_return Done{};
    request = std::move(**next);
  }
}

}  // namespace kp::broker
