#include "broker/login.h"

#include <algorithm>
#include <random>

#include "broker/exchange.h"

namespace kp::broker {
namespace {

constexpr std::chrono::milliseconds longest_lifetime = std::chrono::hours(24 * 30);  // clocks count nanoseconds
// A broker closes when it comes to a request after the session's end, and what was sent in time may wait: behind a
// Fetch, or for a busy machine.
constexpr std::chrono::milliseconds least_margin{2000};

}  // namespace

std::chrono::milliseconds renewal_after(std::chrono::milliseconds lifetime) {
  // The window of Kafka's own client: 85 to 95 % of the lifetime. A broker may say any number.
  static thread_local std::minstd_rand random{std::random_device{}()};
  const std::chrono::milliseconds span = std::min(lifetime, longest_lifetime);
  const auto usual = span * std::uniform_int_distribution<int>(850, 950)(random) / 1000;
  return std::min(usual, span - std::min(least_margin, span / 2));
}

net::Task<Status> log_in(auth::BrokerLogin& login, const Ask& ask) {
  std::int32_t correlation_id = 1;
  Bytes request = login.begin(correlation_id);
  for (;;) {
    Result<Bytes> answer = co_await ask(std::move(request));
    if (!answer) co_return std::move(answer).error();
    Result<std::optional<Bytes>> next = login.next(*answer, ++correlation_id);
    if (!next) co_return std::move(next).error();
    if (!next->has_value()) co_return Done{};
    request = std::move(**next);
  }
}

net::Task<Status> log_in(net::Stream& stream, auth::BrokerLogin& login) {
  const Ask ask = [&stream](Bytes request) { return exchange(stream, std::move(request), max_login_answer_bytes); };
  Status outcome = co_await log_in(login, ask);
  if (!outcome) co_return std::move(outcome).error().within("login");
  co_return Done{};
}

}  // namespace kp::broker
