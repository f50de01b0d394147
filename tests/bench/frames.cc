#include "bench/frames.h"

#include <string>
#include <string_view>

#include "bench/socket.h"
#include "kafka/messages/00_produce.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/60_describe_cluster.h"
#include "kafka/writer.h"

namespace kp::bench {
namespace {

constexpr std::int32_t broker_id = 1;
constexpr std::string_view client_id = "kpbench";
constexpr std::string_view cluster_id = "kpbenchkpbenchkpbench0";
constexpr std::size_t uuid_bytes = 16;
constexpr std::int32_t ack_timeout_ms = 30000;

kafka::ApiVersionsResponse offers() {
  kafka::ApiVersionsResponse answer;
  for (const kafka::Api& api : kafka::apis()) {
    using namespace kafka::api;
    if (api.key != produce && api.key != metadata && api.key != api_versions && api.key != describe_cluster) continue;
    answer.api_keys.push_back({api.key, 0, api.rewriting.max, {}});
  }
  return answer;
}

kafka::MetadataResponse metadata(std::uint16_t port) {
  kafka::MetadataResponse answer;
  answer.brokers.push_back({broker_id, "127.0.0.1", port, std::nullopt, {}});
  answer.cluster_id = cluster_id;
  answer.controller_id = broker_id;
  auto& topic = answer.topics.emplace_back();
  topic.name = "bench";
  auto& partition = topic.partitions.emplace_back();
  partition.leader_id = broker_id;
  partition.replica_nodes = {broker_id};
  partition.isr_nodes = {broker_id};
  return answer;
}

kafka::DescribeClusterResponse description(std::uint16_t port) {
  kafka::DescribeClusterResponse answer;
  answer.cluster_id = cluster_id;
  answer.controller_id = broker_id;
  answer.brokers.push_back({broker_id, "127.0.0.1", port, std::nullopt, false, {}});
  return answer;
}

kafka::ProduceResponse produced() {
  kafka::ProduceResponse answer;
  auto& topic = answer.responses.emplace_back();
  topic.name = "bench";
  topic.partition_responses.emplace_back();
  return answer;
}

}  // namespace

void set_correlation_id(MutableBytes frame, std::size_t at, std::int32_t id) {
  for (int shift = 24; shift >= 0; shift -= 8) frame[at++] = static_cast<std::uint8_t>(id >> shift);
}

Bytes produce_request(std::size_t records) {
  Bytes frame = kafka::open_request(kafka::api::produce, produce_version, 0, client_id);
  kafka::Writer out(frame);
  out.length<std::int16_t>(true, -1);  // no transactional id
  out.integer(std::int16_t{1});        // acks
  out.integer(ack_timeout_ms);
  out.length<std::int32_t>(true, 1);   // one topic
  out.bytes(Bytes(uuid_bytes, 0x4b));  // by id, from version 13 on
  out.length<std::int32_t>(true, 1);   // one partition
  out.integer(std::int32_t{0});
  out.length<std::int32_t>(true, static_cast<std::int64_t>(records));
  out.bytes(Bytes(records, 0xa5));
  for (int level = 0; level < 3; ++level) out.uvarint(0);  // no tagged fields: partition, topic, request
  return kafka::seal_frame(std::move(frame));
}

Bytes api_versions_request() {
  kafka::ApiVersionsRequest request;
  request.client_software_name = "kpbench";
  request.client_software_version = "1";
  return kafka::encode_request(request, 4, 0, client_id);
}

BytesView Answers::to(const kafka::RequestHead& request) {
  const std::pair kind{request.api_key, request.api_version};
  auto found = made_.find(kind);
  if (found == made_.end()) found = made_.emplace(kind, make(request.api_key, request.api_version)).first;
  set_correlation_id(found->second, response_correlation_at, request.correlation_id);
  return found->second;
}

Bytes Answers::make(std::int16_t key, kafka::Version version) const {
  switch (key) {
    case kafka::api::produce:
      return kafka::encode_response(produced(), version, 0);
    case kafka::api::metadata:
      return kafka::encode_response(metadata(port_), version, 0);
    case kafka::api::api_versions:
      return kafka::encode_response(offers(), version, 0);
    case kafka::api::describe_cluster:
      return kafka::encode_response(description(port_), version, 0);
    default:
      give_up("the broker was asked for " + std::string(kafka::api_name(key)) + " version " + std::to_string(version));
  }
}

}  // namespace kp::bench
