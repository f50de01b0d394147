#include "telemetry/gateway_metrics.h"

namespace kp::telemetry {
namespace {

template <class Map>
void add(Map& into, const Map& from) {
  for (const auto& [key, value] : from) into[key] += value;
}

}  // namespace

GatewayCounters& GatewayCounters::operator+=(const GatewayCounters& other) {
  add(requests, other.requests);
  request_bytes += other.request_bytes;
  accepted += other.accepted;
  limited += other.limited;
  connections_open += other.connections_open;
  connections_total += other.connections_total;
  add(closed, other.closed);
  add(logins, other.logins);
  add(refused, other.refused);
  return *this;
}

ProducerCounters& ProducerCounters::operator+=(const ProducerCounters& other) {
  delivered += other.delivered;
  delivered_bytes += other.delivered_bytes;
  add(errors, other.errors);
  duration += other.duration;
  add(statistics.producer, other.statistics.producer);
  for (const auto& [broker, figures] : other.statistics.by_broker) add(statistics.by_broker[broker], figures);
  return *this;
}

}  // namespace kp::telemetry
