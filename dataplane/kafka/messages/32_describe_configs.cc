#include "kafka/messages/32_describe_configs.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeConfigsRequest> decode(BytesView, Version);
template void encode(const DescribeConfigsRequest&, Version, Bytes&);
template MessageInfo describe<DescribeConfigsRequest>();
template Result<DescribeConfigsResponse> decode(BytesView, Version);
template void encode(const DescribeConfigsResponse&, Version, Bytes&);
template MessageInfo describe<DescribeConfigsResponse>();

}  // namespace kp::kafka
