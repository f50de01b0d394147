#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/10_find_coordinator.h"
#include "kafka/messages/60_describe_cluster.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/messages/79_share_acknowledge.h"
#include "rewrite/response.h"

/// Where broker addresses stand: the one list of places.
namespace kp::rewrite {

/// One endpoint, wherever it stands; to be changed in place.
struct Endpoint {
  BrokerId& id;
  std::string& host;
  std::int32_t& port;
};

/// Shows a visitor each endpoint. Where it answers false, the endpoint may not leave.
class EndpointVisitor {
 public:
  virtual ~EndpointVisitor() = default;
  virtual bool visit(Endpoint endpoint) = 0;
};

void visit_endpoints(kafka::ProduceResponse& message, EndpointVisitor& visitor);
void visit_endpoints(kafka::FetchResponse& message, EndpointVisitor& visitor);
void visit_endpoints(kafka::MetadataResponse& message, EndpointVisitor& visitor);
void visit_endpoints(kafka::FindCoordinatorResponse& message, EndpointVisitor& visitor);
void visit_endpoints(kafka::DescribeClusterResponse& message, EndpointVisitor& visitor);
void visit_endpoints(kafka::ShareFetchResponse& message, EndpointVisitor& visitor);
void visit_endpoints(kafka::ShareAcknowledgeResponse& message, EndpointVisitor& visitor);

/// Puts the book's addresses in place of the cluster's and keeps the tally.
class Translator : public EndpointVisitor {
 public:
  /// Both outlive the translator.
  Translator(AddressBook& book, Tally& tally) : book_(book), tally_(tally) {}

  bool visit(Endpoint endpoint) override;

  /// Was anything put in place or refused?
  bool changed() const { return changed_; }

  /// Set by an endpoint that no Kafka would send.
  const Status& status() const { return status_; }

  /// Every address that the book gave.
  const std::set<HostPort>& given() const { return given_; }

 private:
  bool refuse();

  AddressBook& book_;
  Tally& tally_;
  std::set<HostPort> given_;
  bool changed_ = false;
  Status status_ = Done{};
};

/// Counts what a finished message says: given by the book, or not.
class LeakSearch : public EndpointVisitor {
 public:
  /// `given` outlives the search.
  explicit LeakSearch(const std::set<HostPort>& given) : given_(given) {}

  bool visit(Endpoint endpoint) override;
  int found() const { return found_; }
  int leaked() const { return leaked_; }

 private:
  const std::set<HostPort>& given_;
  int found_ = 0;  ///< and given
  int leaked_ = 0;
};

}  // namespace kp::rewrite
