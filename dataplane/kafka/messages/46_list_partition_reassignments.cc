#include "kafka/messages/46_list_partition_reassignments.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ListPartitionReassignmentsRequest> decode(BytesView, Version);
template void encode(const ListPartitionReassignmentsRequest&, Version, Bytes&);
template MessageInfo describe<ListPartitionReassignmentsRequest>();
template Result<ListPartitionReassignmentsResponse> decode(BytesView, Version);
template void encode(const ListPartitionReassignmentsResponse&, Version, Bytes&);
template MessageInfo describe<ListPartitionReassignmentsResponse>();

}  // namespace kp::kafka
