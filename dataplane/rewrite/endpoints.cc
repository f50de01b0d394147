#include "rewrite/endpoints.h"

#include <utility>

#include "kafka/errors.h"

namespace kp::rewrite {
namespace {

constexpr std::int8_t brokers_endpoint = 1;
constexpr std::int32_t max_port = 65535;

template <class Node>
void visit_nodes(std::vector<Node>& nodes, BrokerId Node::* id, EndpointVisitor& visitor) {
  std::erase_if(nodes, [&](Node& node) { return !visitor.visit({node.*id, node.host, node.port}); });
}

// A tagged array that lost its last element is left out as a whole, as Kafka leaves out what is empty.
template <class Node>
void visit_tagged(std::optional<std::vector<Node>>& nodes, EndpointVisitor& visitor) {
  if (!nodes || nodes->empty()) return;
  visit_nodes(*nodes, &Node::node_id, visitor);
  if (nodes->empty()) nodes.reset();
}

// The message itself up to v3, its elements from v4 on.
template <class Holder>
void visit_coordinator(Holder& holder, EndpointVisitor& visitor) {
  if (visitor.visit({holder.node_id, holder.host, holder.port})) return;
  holder.error_code = kafka::error::coordinator_not_available;
  holder.node_id = -1;
  holder.host.clear();
  holder.port = -1;
}

bool says_nothing(const Endpoint& endpoint) { return endpoint.host.empty(); }

}  // namespace

void visit_endpoints(kafka::ProduceResponse& message, EndpointVisitor& visitor) {
  visit_tagged(message.node_endpoints, visitor);
}

void visit_endpoints(kafka::FetchResponse& message, EndpointVisitor& visitor) {
  visit_tagged(message.node_endpoints, visitor);
}

void visit_endpoints(kafka::MetadataResponse& message, EndpointVisitor& visitor) {
  visit_nodes(message.brokers, &kafka::MetadataResponse::Broker::node_id, visitor);
}

void visit_endpoints(kafka::FindCoordinatorResponse& message, EndpointVisitor& visitor) {
  visit_coordinator(message, visitor);
  for (auto& coordinator : message.coordinators) visit_coordinator(coordinator, visitor);
}

// Controllers (KIP-919) are not brokers: their ids mean something else, and no endpoint of ours leads to one.
void visit_endpoints(kafka::DescribeClusterResponse& message, EndpointVisitor& visitor) {
  if (message.endpoint_type != brokers_endpoint)
    for (auto& controller : message.brokers) controller.broker_id = -1;
  visit_nodes(message.brokers, &kafka::DescribeClusterResponse::Broker::broker_id, visitor);
}

void visit_endpoints(kafka::ShareFetchResponse& message, EndpointVisitor& visitor) {
  visit_nodes(message.node_endpoints, &kafka::ShareFetchResponse::NodeEndpoint::node_id, visitor);
}

void visit_endpoints(kafka::ShareAcknowledgeResponse& message, EndpointVisitor& visitor) {
  visit_nodes(message.node_endpoints, &kafka::ShareAcknowledgeResponse::NodeEndpoint::node_id, visitor);
}

bool Translator::refuse() {
  ++tally_.hidden;
  changed_ = true;
  return false;
}

bool Translator::visit(Endpoint endpoint) {
  if (says_nothing(endpoint)) return true;
  if (endpoint.port < 1 || endpoint.port > max_port) {
    status_ = Error{Errc::Malformed, "broker " + std::to_string(endpoint.id) + " at " + endpoint.host + ": port " +
                                         std::to_string(endpoint.port)};
    return true;
  }
  if (endpoint.id < 0) return refuse();  // nobody's address, yet one that could be dialled

  const HostPort upstream{endpoint.host, static_cast<std::uint16_t>(endpoint.port)};
  tally_.learned.push_back({endpoint.id, upstream});
  Result<HostPort> downstream = book_.downstream(endpoint.id, upstream);
  if (!downstream) return refuse();

  ++tally_.addresses;
  changed_ = changed_ || *downstream != upstream;
  endpoint.host = downstream->host;
  endpoint.port = downstream->port;
  given_.insert(*std::move(downstream));
  return true;
}

bool LeakSearch::visit(Endpoint endpoint) {
  if (says_nothing(endpoint)) return true;
  const bool ours = endpoint.port >= 1 && endpoint.port <= max_port &&
                    given_.contains({endpoint.host, static_cast<std::uint16_t>(endpoint.port)});
  ++(ours ? found_ : leaked_);
  return true;
}

}  // namespace kp::rewrite
