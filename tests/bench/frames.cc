#include "bench/frames.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "bench/socket.h"
#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/36_sasl_authenticate.h"
#include "kafka/messages/60_describe_cluster.h"
#include "kafka/writer.h"

namespace kp::bench {
namespace {

constexpr std::int32_t broker_id = 1;
constexpr std::string_view client_id = "kpbench";
constexpr std::string_view cluster_id = "kpbenchkpbenchkpbench0";
constexpr std::int32_t ack_timeout_ms = 30000;
constexpr std::int64_t half_topic_id = 0x4b4b4b4b4b4b4b4b;
constexpr std::size_t batch_bytes = 16 * 1024;  // a batch.size of Java's producer

kafka::ApiVersionsResponse offers() {
  kafka::ApiVersionsResponse answer;
  for (const kafka::Api& api : kafka::apis()) {
    using namespace kafka::api;
    if (api.key != produce && api.key != fetch && api.key != metadata && api.key != api_versions &&
        api.key != describe_cluster && api.key != sasl_handshake && api.key != sasl_authenticate)
      continue;
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
  topic.topic_id = {half_topic_id, half_topic_id};
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

kafka::SaslHandshakeResponse enabled_mechanisms() {
  kafka::SaslHandshakeResponse answer;
  answer.mechanisms = {"PLAIN"};
  return answer;
}

kafka::ProduceResponse produced() {
  kafka::ProduceResponse answer;
  auto& topic = answer.responses.emplace_back();
  topic.name = "bench";
  topic.partition_responses.emplace_back();
  return answer;
}

Bytes numbered(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return bytes;
}

/// Makes `bytes` a batch of one record, by its header; nobody but a broker and a client would look at the rest, or at
/// the CRC. Too short for a header: it stays what it is.
void make_batch(MutableBytes bytes, std::int64_t offset) {
  Bytes header;
  kafka::Writer out(header);
  out.integer(offset);
  out.integer(static_cast<std::int32_t>(bytes.size() - 12));  // behind this field
  out.integer(std::int32_t{0});                               // leader epoch
  out.integer(std::int8_t{2});                                // magic
  out.integer(std::int32_t{0});                               // CRC
  out.integer(std::int16_t{0});                               // attributes
  out.integer(std::int32_t{0});                               // last offset delta
  out.integer(std::int64_t{1});                               // first and highest time
  out.integer(std::int64_t{1});
  out.integer(std::int64_t{-1});  // producer id, epoch, sequence: none
  out.integer(std::int16_t{-1});
  out.integer(std::int32_t{-1});
  out.integer(std::int32_t{1});  // records
  if (header.size() <= bytes.size()) std::ranges::copy(header, bytes.begin());
}

/// A partition's records as a broker keeps them: in batches.
Bytes batches(std::size_t size) {
  Bytes bytes = numbered(size);
  std::int64_t offset = 0;
  for (MutableBytes rest = bytes; !rest.empty(); ++offset) {
    const std::size_t n = rest.size() < 2 * batch_bytes ? rest.size() : batch_bytes;
    make_batch(rest.first(n), offset);
    rest = rest.subspan(n);
  }
  return bytes;
}

kafka::FetchResponse fetched(BytesView records, bool endpoints, std::uint16_t port) {
  kafka::FetchResponse answer;
  auto& topic = answer.responses.emplace_back();
  topic.topic = "bench";
  topic.topic_id = {half_topic_id, half_topic_id};
  auto& partition = topic.partitions.emplace_back();
  partition.high_watermark = 1'000'000;
  partition.records = kafka::Records{records};
  if (endpoints) answer.node_endpoints = {{broker_id, "127.0.0.1", port, std::nullopt, {}}};
  return answer;
}

/// By id from version 13 on of both APIs, before that by name.
void write_topic(kafka::Writer& out, bool by_id) {
  if (by_id) {
    out.integer(half_topic_id);
    out.integer(half_topic_id);
    return;
  }
  constexpr std::string_view name = "bench";
  out.length<std::int16_t>(true, static_cast<std::int64_t>(name.size()));
  out.bytes(Bytes(name.begin(), name.end()));
}

}  // namespace

void set_correlation_id(MutableBytes frame, std::size_t at, std::int32_t id) {
  for (int shift = 24; shift >= 0; shift -= 8) frame[at++] = static_cast<std::uint8_t>(id >> shift);
}

Bytes produce_request(std::size_t records, kafka::Version version) {
  Bytes frame = kafka::open_request(kafka::api::produce, version, 0, client_id);
  kafka::Writer out(frame);
  out.length<std::int16_t>(true, -1);  // no transactional id
  out.integer(std::int16_t{1});        // acks
  out.integer(ack_timeout_ms);
  out.length<std::int32_t>(true, 1);  // one topic
  write_topic(out, version >= 13);
  out.length<std::int32_t>(true, 1);  // one partition
  out.integer(std::int32_t{0});
  out.length<std::int32_t>(true, static_cast<std::int64_t>(records));
  Bytes batch(records, 0xa5);
  make_batch(batch, 0);
  out.bytes(batch);
  for (int level = 0; level < 3; ++level) out.uvarint(0);  // no tagged fields: partition, topic, request
  return kafka::seal_frame(std::move(frame));
}

Bytes fetch_request(kafka::Version version) {
  Bytes frame = kafka::open_request(kafka::api::fetch, version, 0, client_id);
  kafka::Writer out(frame);
  if (version < 15) out.integer(std::int32_t{-1});  // a consumer
  out.integer(std::int32_t{500});                   // max_wait_ms
  out.integer(std::int32_t{1});                     // min_bytes
  out.integer(std::int32_t{50 << 20});              // max_bytes
  out.integer(std::int8_t{0});                      // read uncommitted
  out.integer(std::int32_t{0});                     // no session
  out.integer(std::int32_t{-1});
  out.length<std::int32_t>(true, 1);  // one topic
  write_topic(out, version >= 13);
  out.length<std::int32_t>(true, 1);  // one partition
  out.integer(std::int32_t{0});
  out.integer(std::int32_t{-1});        // current_leader_epoch
  out.integer(std::int64_t{0});         // fetch_offset
  out.integer(std::int32_t{-1});        // last_fetched_epoch
  out.integer(std::int64_t{-1});        // log_start_offset
  out.integer(std::int32_t{50 << 20});  // partition_max_bytes
  out.uvarint(0);                       // partition, topic: no tagged fields
  out.uvarint(0);
  out.length<std::int32_t>(true, 0);  // forgotten topics
  out.length<std::int32_t>(true, 0);  // rack, empty
  out.uvarint(0);
  return kafka::seal_frame(std::move(frame));
}

Bytes api_versions_request() {
  kafka::ApiVersionsRequest request;
  request.client_software_name = "kpbench";
  request.client_software_version = "1";
  return kafka::encode_request(request, 4, 0, client_id);
}

Bytes sasl_handshake_request() {
  kafka::SaslHandshakeRequest request;
  request.mechanism = "PLAIN";
  return kafka::encode_request(request, 1, 0, client_id);
}

Bytes sasl_authenticate_request() {
  constexpr std::string_view token("\0alice\0wonderland", 17);
  static const Bytes bytes(token.begin(), token.end());
  kafka::SaslAuthenticateRequest request;
  request.auth_bytes = kafka::Blob{bytes};
  return kafka::encode_request(request, 1, 0, client_id);
}

BytesView Answers::to(const kafka::RequestHead& request, std::size_t fetch_bytes) {
  constexpr unsigned endpoints_each = 16;
  const bool fetch = request.api_key == kafka::api::fetch;
  const bool endpoints = fetch && request.api_version >= 16 && ++fetched_ % endpoints_each == 0;
  const Kind kind{request.api_key, request.api_version, fetch ? fetch_bytes : 0, endpoints};
  auto found = made_.find(kind);
  if (found == made_.end()) found = made_.emplace(kind, make(kind)).first;
  return found->second;
}

Bytes Answers::make(const Kind& kind) const {
  switch (kind.key) {
    case kafka::api::produce:
      return kafka::encode_response(produced(), kind.version, 0);
    case kafka::api::fetch:
      return kafka::encode_response(fetched(batches(kind.records), kind.endpoints, port_), kind.version, 0);
    case kafka::api::metadata:
      return kafka::encode_response(metadata(port_), kind.version, 0);
    case kafka::api::api_versions:
      return kafka::encode_response(offers(), kind.version, 0);
    case kafka::api::describe_cluster:
      return kafka::encode_response(description(port_), kind.version, 0);
    case kafka::api::sasl_handshake:
      return kafka::encode_response(enabled_mechanisms(), kind.version, 0);
    case kafka::api::sasl_authenticate:
      return kafka::encode_response(kafka::SaslAuthenticateResponse{}, kind.version, 0);
    default:
      give_up("the broker was asked for " + std::string(kafka::api_name(kind.key)) + " version " +
              std::to_string(kind.version));
  }
}

}  // namespace kp::bench
