#include "kafka/messages/60_describe_cluster.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeClusterRequest> decode(BytesView, Version);
template void encode(const DescribeClusterRequest&, Version, Bytes&);
template MessageInfo describe<DescribeClusterRequest>();
template Result<DescribeClusterResponse> decode(BytesView, Version);
template void encode(const DescribeClusterResponse&, Version, Bytes&);
template MessageInfo describe<DescribeClusterResponse>();

}  // namespace kp::kafka
