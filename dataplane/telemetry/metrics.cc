#include "telemetry/metrics.h"

#include <algorithm>

#include "kafka/apis.h"

namespace kp::telemetry {
namespace {

template <class Map>
void add(Map& into, const Map& from) {
  for (const auto& [key, value] : from) into[key] += value;
}

}  // namespace

void Histogram::observe(std::chrono::nanoseconds elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const auto bound = std::ranges::lower_bound(bounds, seconds);  // a bucket holds its own bound
  ++buckets[static_cast<std::size_t>(bound - bounds.begin())];
  sum += seconds;
}

Histogram& Histogram::operator+=(const Histogram& other) {
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum += other.sum;
  return *this;
}

ApiTraffic& ApiTraffic::operator+=(const ApiTraffic& other) {
  requests += other.requests;
  request_bytes += other.request_bytes;
  responses += other.responses;
  response_bytes += other.response_bytes;
  return *this;
}

ApiTraffic& Counters::traffic_of(std::int16_t api, std::int16_t version, BrokerId broker) {
  const bool known = kafka::find_api(api) != nullptr;
  const bool plausible = known && version >= 0 && version <= max_counted_version;
  return traffic[{known ? api : unknown_label, plausible ? version : unknown_label, broker}];
}

Counters& Counters::operator+=(const Counters& other) {
  connections_open += other.connections_open;
  connections_total += other.connections_total;
  add(connections_closed, other.connections_closed);
  add(traffic, other.traffic);
  add(latency, other.latency);
  add(rewritten, other.rewritten);
  add(leaked, other.leaked);
  add(unmapped_brokers, other.unmapped_brokers);
  add(tls_handshakes, other.tls_handshakes);
  add(tls_failures, other.tls_failures);
  add(logins, other.logins);
  add(wrong_protocol, other.wrong_protocol);
  upstream_connects += other.upstream_connects;
  add(upstream_connect_failures, other.upstream_connect_failures);
  add(refused, other.refused);
  add(drained, other.drained);
  add(translated, other.translated);
  add(asked, other.asked);
  unfit_topics += other.unfit_topics;
  gathered_bytes += other.gathered_bytes;
  gathering_waits += other.gathering_waits;
  tail_hits += other.tail_hits;
  tail_misses += other.tail_misses;
  tail_bytes += other.tail_bytes;
  return *this;
}

}  // namespace kp::telemetry
