#include "kafka/messages/75_describe_topic_partitions.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeTopicPartitionsRequest> decode(BytesView, Version);
template void encode(const DescribeTopicPartitionsRequest&, Version, Bytes&);
template MessageInfo describe<DescribeTopicPartitionsRequest>();
template Result<DescribeTopicPartitionsResponse> decode(BytesView, Version);
template void encode(const DescribeTopicPartitionsResponse&, Version, Bytes&);
template MessageInfo describe<DescribeTopicPartitionsResponse>();

}  // namespace kp::kafka
