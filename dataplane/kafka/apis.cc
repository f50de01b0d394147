#include "kafka/apis.h"

#include <array>
#include <cstddef>

namespace kp::kafka {
namespace {

// Keys 4 to 7 left with ZooKeeper in 4.0; older brokers still list them.
constexpr std::array table{
    //  key, name, flexible request, flexible response, rewriting {first, min, max}
    Api{0, "Produce", 9, 9, {10, 10, 13}},
    Api{1, "Fetch", 12, 12, {16, 16, 18}},
    Api{2, "ListOffsets", 6, 6, {}},
    Api{3, "Metadata", 9, 9, {0, 0, 13}},
    Api{4, "LeaderAndIsr", 4, 4, {}},
    Api{5, "StopReplica", 2, 2, {}},
    Api{6, "UpdateMetadata", 6, 6, {}},
    Api{7, "ControlledShutdown", 3, 3, {}},
    Api{8, "OffsetCommit", 8, 8, {}},
    Api{9, "OffsetFetch", 6, 6, {}},
    Api{10, "FindCoordinator", 3, 3, {0, 0, 6}},
    Api{11, "JoinGroup", 6, 6, {}},
    Api{12, "Heartbeat", 4, 4, {}},
    Api{13, "LeaveGroup", 4, 4, {}},
    Api{14, "SyncGroup", 4, 4, {}},
    Api{15, "DescribeGroups", 5, 5, {}},
    Api{16, "ListGroups", 3, 3, {}},
    Api{17, "SaslHandshake", never_flexible, never_flexible, {}},
    Api{18, "ApiVersions", 3, 3, {0, 0, 4}},
    Api{19, "CreateTopics", 5, 5, {}},
    Api{20, "DeleteTopics", 4, 4, {}},
    Api{21, "DeleteRecords", 2, 2, {}},
    Api{22, "InitProducerId", 2, 2, {}},
    Api{23, "OffsetForLeaderEpoch", 4, 4, {}},
    Api{24, "AddPartitionsToTxn", 3, 3, {}},
    Api{25, "AddOffsetsToTxn", 3, 3, {}},
    Api{26, "EndTxn", 3, 3, {}},
    Api{27, "WriteTxnMarkers", 1, 1, {}},
    Api{28, "TxnOffsetCommit", 3, 3, {}},
    Api{29, "DescribeAcls", 2, 2, {}},
    Api{30, "CreateAcls", 2, 2, {}},
    Api{31, "DeleteAcls", 2, 2, {}},
    Api{32, "DescribeConfigs", 4, 4, {}},
    Api{33, "AlterConfigs", 2, 2, {}},
    Api{34, "AlterReplicaLogDirs", 2, 2, {}},
    Api{35, "DescribeLogDirs", 2, 2, {}},
    Api{36, "SaslAuthenticate", 2, 2, {}},
    Api{37, "CreatePartitions", 2, 2, {}},
    Api{38, "CreateDelegationToken", 2, 2, {}},
    Api{39, "RenewDelegationToken", 2, 2, {}},
    Api{40, "ExpireDelegationToken", 2, 2, {}},
    Api{41, "DescribeDelegationToken", 2, 2, {}},
    Api{42, "DeleteGroups", 2, 2, {}},
    Api{43, "ElectLeaders", 2, 2, {}},
    Api{44, "IncrementalAlterConfigs", 1, 1, {}},
    Api{45, "AlterPartitionReassignments", 0, 0, {}},
    Api{46, "ListPartitionReassignments", 0, 0, {}},
    Api{47, "OffsetDelete", never_flexible, never_flexible, {}},
    Api{48, "DescribeClientQuotas", 1, 1, {}},
    Api{49, "AlterClientQuotas", 1, 1, {}},
    Api{50, "DescribeUserScramCredentials", 0, 0, {}},
    Api{51, "AlterUserScramCredentials", 0, 0, {}},
    Api{52, "Vote", 0, 0, {}},
    Api{53, "BeginQuorumEpoch", 1, 1, {}},
    Api{54, "EndQuorumEpoch", 1, 1, {}},
    Api{55, "DescribeQuorum", 0, 0, {}},
    Api{56, "AlterPartition", 0, 0, {}},
    Api{57, "UpdateFeatures", 0, 0, {}},
    Api{58, "Envelope", 0, 0, {}},
    Api{59, "FetchSnapshot", 0, 0, {}},
    Api{60, "DescribeCluster", 0, 0, {0, 0, 2}},
    Api{61, "DescribeProducers", 0, 0, {}},
    Api{62, "BrokerRegistration", 0, 0, {}},
    Api{63, "BrokerHeartbeat", 0, 0, {}},
    Api{64, "UnregisterBroker", 0, 0, {}},
    Api{65, "DescribeTransactions", 0, 0, {}},
    Api{66, "ListTransactions", 0, 0, {}},
    Api{67, "AllocateProducerIds", 0, 0, {}},
    Api{68, "ConsumerGroupHeartbeat", 0, 0, {}},
    Api{69, "ConsumerGroupDescribe", 0, 0, {}},
    Api{70, "ControllerRegistration", 0, 0, {}},
    Api{71, "GetTelemetrySubscriptions", 0, 0, {}},
    Api{72, "PushTelemetry", 0, 0, {}},
    Api{73, "AssignReplicasToDirs", 0, 0, {}},
    Api{74, "ListConfigResources", 0, 0, {}},
    Api{75, "DescribeTopicPartitions", 0, 0, {}},
    Api{76, "ShareGroupHeartbeat", 0, 0, {}},
    Api{77, "ShareGroupDescribe", 0, 0, {}},
    Api{78, "ShareFetch", 0, 0, {0, 1, 2}},
    Api{79, "ShareAcknowledge", 0, 0, {0, 1, 2}},
    Api{80, "AddRaftVoter", 0, 0, {}},
    Api{81, "RemoveRaftVoter", 0, 0, {}},
    Api{82, "UpdateRaftVoter", 0, 0, {}},
    Api{83, "InitializeShareGroupState", 0, 0, {}},
    Api{84, "ReadShareGroupState", 0, 0, {}},
    Api{85, "WriteShareGroupState", 0, 0, {}},
    Api{86, "DeleteShareGroupState", 0, 0, {}},
    Api{87, "ReadShareGroupStateSummary", 0, 0, {}},
    Api{88, "StreamsGroupHeartbeat", 0, 0, {}},
    Api{89, "StreamsGroupDescribe", 0, 0, {}},
    Api{90, "DescribeShareGroupOffsets", 0, 0, {}},
    Api{91, "AlterShareGroupOffsets", 0, 0, {}},
    Api{92, "DeleteShareGroupOffsets", 0, 0, {}},
};

constexpr bool keys_are_indexes() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].key != static_cast<std::int16_t>(i)) return false;
  }
  return true;
}
static_assert(keys_are_indexes());

}  // namespace

std::span<const Api> apis() { return table; }

const Api* find_api(std::int16_t key) {
  if (key < 0 || static_cast<std::size_t>(key) >= table.size()) return nullptr;
  return &table[static_cast<std::size_t>(key)];
}

std::string_view api_name(std::int16_t key) {
  const Api* found = find_api(key);
  return found == nullptr ? std::string_view("unknown") : found->name;
}

bool flexible_response_header(std::int16_t key, Version version) {
  const Api* found = find_api(key);
  return found != nullptr && key != api::api_versions && version >= found->flexible_response;
}

}  // namespace kp::kafka
