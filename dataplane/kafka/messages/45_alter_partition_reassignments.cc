#include "kafka/messages/45_alter_partition_reassignments.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<AlterPartitionReassignmentsRequest> decode(BytesView, Version);
template void encode(const AlterPartitionReassignmentsRequest&, Version, Bytes&);
template MessageInfo describe<AlterPartitionReassignmentsRequest>();
template Result<AlterPartitionReassignmentsResponse> decode(BytesView, Version);
template void encode(const AlterPartitionReassignmentsResponse&, Version, Bytes&);
template MessageInfo describe<AlterPartitionReassignmentsResponse>();

}  // namespace kp::kafka
