#include "kafka/messages/90_describe_share_group_offsets.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeShareGroupOffsetsRequest> decode(BytesView, Version);
template void encode(const DescribeShareGroupOffsetsRequest&, Version, Bytes&);
template MessageInfo describe<DescribeShareGroupOffsetsRequest>();
template Result<DescribeShareGroupOffsetsResponse> decode(BytesView, Version);
template void encode(const DescribeShareGroupOffsetsResponse&, Version, Bytes&);
template MessageInfo describe<DescribeShareGroupOffsetsResponse>();

}  // namespace kp::kafka
