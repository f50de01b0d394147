#include "kafka/messages/61_describe_producers.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeProducersRequest> decode(BytesView, Version);
template void encode(const DescribeProducersRequest&, Version, Bytes&);
template MessageInfo describe<DescribeProducersRequest>();
template Result<DescribeProducersResponse> decode(BytesView, Version);
template void encode(const DescribeProducersResponse&, Version, Bytes&);
template MessageInfo describe<DescribeProducersResponse>();

}  // namespace kp::kafka
