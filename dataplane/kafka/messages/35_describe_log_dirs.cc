#include "kafka/messages/35_describe_log_dirs.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DescribeLogDirsRequest> decode(BytesView, Version);
template void encode(const DescribeLogDirsRequest&, Version, Bytes&);
template MessageInfo describe<DescribeLogDirsRequest>();
template Result<DescribeLogDirsResponse> decode(BytesView, Version);
template void encode(const DescribeLogDirsResponse&, Version, Bytes&);
template MessageInfo describe<DescribeLogDirsResponse>();

}  // namespace kp::kafka
