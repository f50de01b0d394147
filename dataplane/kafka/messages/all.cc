#include "kafka/messages/all.h"

#include <array>

#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/02_list_offsets.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/08_offset_commit.h"
#include "kafka/messages/09_offset_fetch.h"
#include "kafka/messages/10_find_coordinator.h"
#include "kafka/messages/12_heartbeat.h"
#include "kafka/messages/15_describe_groups.h"
#include "kafka/messages/16_list_groups.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/19_create_topics.h"
#include "kafka/messages/21_delete_records.h"
#include "kafka/messages/23_offset_for_leader_epoch.h"
#include "kafka/messages/24_add_partitions_to_txn.h"
#include "kafka/messages/28_txn_offset_commit.h"
#include "kafka/messages/32_describe_configs.h"
#include "kafka/messages/34_alter_replica_log_dirs.h"
#include "kafka/messages/35_describe_log_dirs.h"
#include "kafka/messages/36_sasl_authenticate.h"
#include "kafka/messages/37_create_partitions.h"
#include "kafka/messages/42_delete_groups.h"
#include "kafka/messages/43_elect_leaders.h"
#include "kafka/messages/45_alter_partition_reassignments.h"
#include "kafka/messages/46_list_partition_reassignments.h"
#include "kafka/messages/47_offset_delete.h"
#include "kafka/messages/60_describe_cluster.h"
#include "kafka/messages/61_describe_producers.h"
#include "kafka/messages/68_consumer_group_heartbeat.h"
#include "kafka/messages/75_describe_topic_partitions.h"
#include "kafka/messages/76_share_group_heartbeat.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/messages/79_share_acknowledge.h"
#include "kafka/messages/88_streams_group_heartbeat.h"
#include "kafka/messages/90_describe_share_group_offsets.h"
#include "kafka/messages/91_alter_share_group_offsets.h"
#include "kafka/messages/92_delete_share_group_offsets.h"

namespace kp::kafka {
namespace {

template <class Message>
Result<Bytes> transcode(BytesView body, Version version) {
  const Result<Message> message = decode<Message>(body, version);
  if (!message) return message.error();
  Bytes out;
  encode(*message, version, out);
  return out;
}

template <class... Messages>
constexpr std::array<AnyMessage, sizeof...(Messages)> list() {
  return {AnyMessage{&describe<Messages>, &transcode<Messages>}...};
}

constexpr auto messages =
    list<ProduceRequest, ProduceResponse, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse,
         MetadataRequest, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
         OffsetFetchResponse, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, DescribeGroupsRequest,
         DescribeGroupsResponse, ListGroupsRequest, ListGroupsResponse, SaslHandshakeRequest, SaslHandshakeResponse,
         ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsRequest,
         DeleteRecordsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, AddPartitionsToTxnRequest,
         AddPartitionsToTxnResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse, DescribeConfigsRequest,
         DescribeConfigsResponse, AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse, DescribeLogDirsRequest,
         DescribeLogDirsResponse, SaslAuthenticateRequest, SaslAuthenticateResponse, CreatePartitionsRequest,
         CreatePartitionsResponse, DeleteGroupsRequest, DeleteGroupsResponse, ElectLeadersRequest, ElectLeadersResponse,
         AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ListPartitionReassignmentsRequest,
         ListPartitionReassignmentsResponse, OffsetDeleteRequest, OffsetDeleteResponse, DescribeClusterRequest,
         DescribeClusterResponse, DescribeProducersRequest, DescribeProducersResponse, ConsumerGroupHeartbeatRequest,
         ConsumerGroupHeartbeatResponse, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
         ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse, ShareFetchRequest, ShareFetchResponse,
         ShareAcknowledgeRequest, ShareAcknowledgeResponse, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse,
         DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse, AlterShareGroupOffsetsRequest,
         AlterShareGroupOffsetsResponse, DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse>();

}  // namespace

std::span<const AnyMessage> all_messages() { return messages; }

}  // namespace kp::kafka
