#include "kafka/messages/15_describe_groups.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeGroupsRequest> decode(BytesView, Version);
template void encode(const DescribeGroupsRequest&, Version, Bytes&);
template MessageInfo describe<DescribeGroupsRequest>();
template Result<DescribeGroupsResponse> decode(BytesView, Version);
template void encode(const DescribeGroupsResponse&, Version, Bytes&);
template MessageInfo describe<DescribeGroupsResponse>();

}  // namespace kp::kafka
